/*
 * wsdattach.hpp -- the library for C++17: handles that give back what they own where
 * their scope ends, writes of whole containers, and codes as exceptions where they are
 * asked for.
 *
 *     wsd::client client;
 *     wsd::check(wsd_client_create(nullptr, wsd::into(client)));
 *
 * All functions are those of the C headers, whose contracts count.  Only wsd::check()
 * throws; with -fno-exceptions there is no wsd::check(), and all else is as before.
 */
#ifndef WSD_WSDATTACH_HPP
#define WSD_WSDATTACH_HPP

#include <cstddef>
#include <exception>
#include <iterator>
#include <memory>
#include <type_traits>
#include <utility>

#include "wsd_client.h"
#include "wsd_error.h"
#include "wsd_message.h"
#include "wsdattachment.h"
#if __has_include("wsd_service.h") /* not where the library was built without it */
#    include "wsd_service.h"
#endif

#ifdef CINTERFACE
#    error "wsdattach.hpp needs the interfaces as classes: do not define CINTERFACE"
#endif

namespace wsd
{

/* ---- Handles ----------------------------------------------------------------------- */

/** Gives one reference back. */
struct give_back {
    /** By Release. */
    void operator()(WSD_UNKNOWN *object) const noexcept
    {
        object->Release();
    }
    /** By wsd_outbound_message_release(). */
    void operator()(wsd_outbound_message *message) const noexcept
    {
        wsd_outbound_message_release(message);
    }
    /** By wsd_inbound_message_release(). */
    void operator()(wsd_inbound_message *message) const noexcept
    {
        wsd_inbound_message_release(message);
    }
    /** By wsd_client_release(). */
    void operator()(wsd_client *client) const noexcept
    {
        wsd_client_release(client);
    }
#ifdef WSD_SERVICE_H
    /** By wsd_service_release(). */
    void operator()(wsd_service *service) const noexcept
    {
        wsd_service_release(service);
    }
#endif
};

/** Owns one reference, or none; can be moved and not copied. */
template <class T> using handle = std::unique_ptr<T, give_back>;

using outbound_attachment = handle<IWSDOutboundAttachment>;
using inbound_attachment = handle<IWSDInboundAttachment>;
using outbound_message = handle<wsd_outbound_message>;
using inbound_message = handle<wsd_inbound_message>;
using client = handle<wsd_client>;
#ifdef WSD_SERVICE_H
using service = handle<wsd_service>;
#endif

/** Stands for an out parameter: what the call has put there is the handle's from the end
 * of the statement on, and what the handle had before is given back. */
template <class T> class into
{
  public:
    /** For that handle. */
    explicit into(handle<T> &to) noexcept : owner(to)
    {
    }
    into(const into &) = delete;
    into &operator=(const into &) = delete;
    ~into()
    {
        owner.reset(received);
    }
    /** What a function takes. */
    operator T **() noexcept
    {
        return &received;
    }

  private:
    handle<T> &owner;
    T *received = nullptr;
};

/** Makes another handle of the same COM object, by AddRef. */
template <class T> handle<T> share(const handle<T> &object) noexcept
{
    if (object)
        object->AddRef();
    return handle<T>(object.get());
}

/** Asks a COM object for another interface, by QueryInterface: as that answers, and `to`
 * is empty after every failure. */
template <class T> HRESULT query(WSD_UNKNOWN &object, handle<T> &to) noexcept
{
    void *found = nullptr;
    const HRESULT hr = object.QueryInterface(WSD_UUIDOF(T), &found);

    to.reset(static_cast<T *>(found));
    return hr;
}

/* ---- Writing ----------------------------------------------------------------------- */

/** Bytes that are somewhere else: all of what has data() and size(), as std::string_view,
 * std::vector and std::span, or of an array.  Not of char: is its NUL one of them? */
class bytes
{
  public:
    /** `count` bytes from `first` on. */
    bytes(const void *first, std::size_t count) noexcept
        : address(static_cast<const BYTE *>(first)), length(count)
    {
    }
    template <std::size_t n> bytes(const char (&)[n]) = delete;
    /** All of a container. */
    template <class Range, class = decltype(std::data(std::declval<const Range &>()))>
    bytes(const Range &from) noexcept
        : bytes(std::data(from), std::size(from) * sizeof(*std::data(from)))
    {
        static_assert(std::is_trivially_copyable_v<
                          std::remove_reference_t<decltype(*std::data(from))>>,
                      "these are more than their bytes");
    }

    /** Where they are. */
    const BYTE *data() const noexcept
    {
        return address;
    }
    /** How many. */
    std::size_t size() const noexcept
    {
        return length;
    }

  private:
    const BYTE *address;
    std::size_t length;
};

/**
 * Writes all bytes, of any number: calls Write until it has taken them all or returns
 * another code than S_OK, which is the result.  No bytes open the stream.
 *
 * @param taken  Receives how many were taken: after STG_S_BLOCK, go on behind them.
 */
inline HRESULT write(IWSDOutboundAttachment &to, bytes from,
                     std::size_t *taken = nullptr) noexcept
{
    constexpr std::size_t most = 0x40000000; /* of one Write: its count has 32 bits */
    const BYTE nothing = 0;                  /* an empty container may have no address */
    const BYTE *next = from.size() > 0 ? from.data() : &nothing;
    std::size_t left = from.size();
    HRESULT hr;

    do {
        DWORD written = 0;

        hr = to.Write(next, static_cast<DWORD>(left < most ? left : most), &written);
        next += written;
        left -= written;
    } while (hr == S_OK && left > 0);
    if (taken != nullptr)
        *taken = from.size() - left;
    return hr;
}

/* ---- Exceptions -------------------------------------------------------------------- */

#ifdef __cpp_exceptions

/** A code that was not S_OK. */
class error : public std::exception
{
  public:
    /** For that code. */
    explicit error(HRESULT hr) noexcept : result(hr)
    {
    }
    /** The code. */
    HRESULT code() const noexcept
    {
        return result;
    }
    /** As wsd_error_text(). */
    const char *what() const noexcept override
    {
        return wsd_error_text(result);
    }

  private:
    HRESULT result;
};

/** Throws an error, unless hr is S_OK: for STG_S_BLOCK and S_FALSE, which say that not
 * all was done, too. */
inline void check(HRESULT hr)
{
    if (hr != S_OK)
        throw error(hr);
}

#endif

} // namespace wsd

#endif
