/* The handles, writes and exceptions of wsdattach.hpp, over objects that count: the
 * library's release functions are defined here, and it is not linked. */
#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <type_traits>
#include <vector>

#include "com_objects.h"
#include "wsdattach.hpp"

namespace
{
using namespace std::literals;

int released; /* of handles in C, since a test began */
void *last_released;

void count_release(void *object)
{
    released++;
    last_released = object;
}

/* Takes `room` bytes, at most `most` at once; then its Write returns `full`. */
class Sink final : public IWSDOutboundAttachment
{
  public:
    HRESULT WSD_CALL QueryInterface(const wsd_guid &riid, void **ppvObject) override
    {
        const wsd_guid attachment = WSD_UUIDOF(IWSDAttachment);

        *ppvObject = nullptr;
        if (std::memcmp(&riid, &attachment, sizeof(riid)) != 0)
            return E_NOINTERFACE;
        *ppvObject = static_cast<IWSDAttachment *>(this);
        references++;
        return S_OK;
    }
    uint32_t WSD_CALL AddRef() override
    {
        return static_cast<uint32_t>(++references);
    }
    uint32_t WSD_CALL Release() override
    {
        CHECK(references > 0);
        return static_cast<uint32_t>(--references);
    }
    HRESULT WSD_CALL Write(const uint8_t *pBuffer, uint32_t dwBytesToWrite,
                           uint32_t *pdwNumberOfBytesWritten) override
    {
        calls++;
        *pdwNumberOfBytesWritten = 0;
        if (pBuffer == nullptr)
            return E_INVALIDARG;
        if (dwBytesToWrite > 0 && room == 0)
            return full;
        const uint32_t n = std::min({dwBytesToWrite, most, room});
        content.append(reinterpret_cast<const char *>(pBuffer), n);
        room -= n;
        *pdwNumberOfBytesWritten = n;
        return S_OK;
    }
    HRESULT WSD_CALL Close() override
    {
        return S_OK;
    }
    HRESULT WSD_CALL Abort() override
    {
        return S_OK;
    }

    int references = 1;
    int calls = 0;
    uint32_t most = 1000, room = 1000;
    HRESULT full = STG_S_BLOCK;
    std::string content;
};

HRESULT give(Sink &object, IWSDOutboundAttachment **out)
{
    object.AddRef();
    *out = &object;
    return S_OK;
}

/* ---- Handles ---- */

template <class Handle> void c_handle__each_way_to_end__releases_once()
{
    using T = typename Handle::element_type;
    char places[2];
    T *const one = reinterpret_cast<T *>(&places[0]);
    T *const other = reinterpret_cast<T *>(&places[1]);

    static_assert(!std::is_copy_constructible_v<Handle>);
    static_assert(!std::is_copy_assignable_v<Handle>);
    static_assert(std::is_nothrow_move_constructible_v<Handle>);
    static_assert(sizeof(Handle) == sizeof(T *));

    released = 0;
    {
        Handle none;
        none.reset();
    }
    CHECK(released == 0);

    {
        Handle first(one);
        Handle second = std::move(first);
        CHECK(first == nullptr && second.get() == one && released == 0);
        Handle &same = second;
        second = std::move(same);
        CHECK(second.get() == one && released == 0);
        second = Handle(other);
        CHECK(released == 1 && last_released == one && second.get() == other);
        second.reset();
        CHECK(released == 2 && last_released == other);
    }
    CHECK(released == 2);

    {
        Handle handle(one);
        CHECK(handle.release() == one);
    }
    CHECK(released == 2);
}

void com_handle__each_way_to_end__releases_once()
{
    Sink one, other;
    {
        wsd::outbound_attachment first;
        CHECK(give(one, wsd::into(first)) == S_OK);
        CHECK(first.get() == &one && one.references == 2);
        wsd::outbound_attachment second = std::move(first);
        CHECK(first == nullptr && one.references == 2);
        wsd::outbound_attachment &same = second;
        second = std::move(same);
        CHECK(second.get() == &one && one.references == 2);
        CHECK(give(other, wsd::into(second)) == S_OK); /* what it had is given back */
        CHECK(one.references == 1 && other.references == 2);
    }
    CHECK(one.references == 1 && other.references == 1);
}

void into__call_failed__leaves_none()
{
    Sink one;
    wsd::outbound_attachment handle;
    const auto fail = [](IWSDOutboundAttachment **out) {
        *out = nullptr;
        return E_OUTOFMEMORY;
    };

    CHECK(give(one, wsd::into(handle)) == S_OK);
    CHECK(fail(wsd::into(handle)) == E_OUTOFMEMORY);
    CHECK(handle == nullptr && one.references == 1);
}

void share__of_an_object__adds_a_reference()
{
    Sink one;
    wsd::outbound_attachment first, none;
    CHECK(give(one, wsd::into(first)) == S_OK);
    {
        const wsd::outbound_attachment second = wsd::share(first);
        CHECK(second.get() == &one && one.references == 3);
    }
    CHECK(one.references == 2);
    CHECK(wsd::share(none) == nullptr);
}

void query__of_an_object__owns_what_it_finds()
{
    Sink one;
    wsd::handle<IWSDAttachment> base;
    wsd::inbound_attachment wrong;
    CHECK(wsd::query(one, base) == S_OK);
    CHECK(base.get() == &one && one.references == 2);
    CHECK(wsd::query(*base, base) == S_OK); /* into the handle that is asked */
    CHECK(base.get() == &one && one.references == 2);
    CHECK(wsd::query(one, wrong) == E_NOINTERFACE && wrong == nullptr);
    base.reset();
    CHECK(one.references == 1);
}

/* ---- Writing ---- */

void write__ranges_of_many_kinds__writes_all_their_bytes()
{
    Sink sink;
    const std::vector<BYTE> vector = {'a', 'b'};
    const std::array<char, 2> array = {'c', 'd'};
    const BYTE bytes[] = {'e', 'f'};
    const std::vector<uint16_t> wide = {0x6767, 0x6868};

    sink.most = 3;
    CHECK(wsd::write(sink, vector) == S_OK);
    CHECK(wsd::write(sink, array) == S_OK);
    CHECK(wsd::write(sink, bytes) == S_OK);
    CHECK(wsd::write(sink, wide) == S_OK);
    CHECK(wsd::write(sink, "text"sv) == S_OK);
    CHECK(wsd::write(sink, std::string("more")) == S_OK);
    CHECK(wsd::write(sink, {"12345", 2}) == S_OK);
    CHECK(sink.content == "abcdefgghhtextmore12");
    static_assert(!std::is_convertible_v<const char(&)[5], wsd::bytes>);
    static_assert(!std::is_convertible_v<char(&)[5], wsd::bytes>);
    static_assert(!std::is_convertible_v<int, wsd::bytes>);
}

void write__no_bytes__opens_the_stream()
{
    Sink sink;
    std::size_t taken = 9;

    CHECK(wsd::write(sink, std::vector<BYTE>(), &taken) == S_OK);
    CHECK(sink.calls == 1 && taken == 0);
}

void write__stops_at_another_code__says_how_much_was_taken()
{
    Sink sink;
    std::size_t taken = 9;

    sink.room = 5;
    sink.most = 2;
    CHECK(wsd::write(sink, "12345678"sv, &taken) == STG_S_BLOCK);
    CHECK(taken == 5 && sink.content == "12345" && sink.calls == 4);
    sink.full = E_ABORT;
    CHECK(wsd::write(sink, "678"sv, &taken) == E_ABORT && taken == 0);
}

/* Of bytes that nobody may read: this one only counts them. */
void write__more_than_32_bits_can_count__writes_it_all()
{
    class : public IWSDOutboundAttachment
    {
      public:
        HRESULT WSD_CALL QueryInterface(const wsd_guid &, void **) override
        {
            return E_NOINTERFACE;
        }
        uint32_t WSD_CALL AddRef() override
        {
            return 1;
        }
        uint32_t WSD_CALL Release() override
        {
            return 1;
        }
        HRESULT WSD_CALL Write(const uint8_t *, uint32_t dwBytesToWrite,
                               uint32_t *pdwNumberOfBytesWritten) override
        {
            *pdwNumberOfBytesWritten = dwBytesToWrite;
            total += dwBytesToWrite;
            return S_OK;
        }
        HRESULT WSD_CALL Close() override
        {
            return S_OK;
        }
        HRESULT WSD_CALL Abort() override
        {
            return S_OK;
        }
        uint64_t total = 0;
    } counter;

    if constexpr (sizeof(std::size_t) > 4) {
        const std::size_t size = (std::size_t{1} << 32) + 7;
        void *const place = mmap(nullptr, size, PROT_NONE,
                                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        CHECK(place != MAP_FAILED);
        CHECK(wsd::write(counter, {place, size}) == S_OK && counter.total == size);
        munmap(place, size);
    }
}

/* ---- Exceptions ---- */

void check__another_code_than_s_ok__throws_it()
{
#ifdef __cpp_exceptions
    wsd::check(S_OK);
    for (const HRESULT hr : {STG_S_BLOCK, S_FALSE, E_ABORT}) {
        HRESULT caught = S_OK;
        try {
            wsd::check(hr);
        } catch (const wsd::error &error) {
            caught = error.code();
            CHECK(std::strcmp(error.what(), "a text") == 0);
        }
        CHECK(caught == hr);
    }
#endif
}

} // namespace

void wsd_outbound_message_release(wsd_outbound_message *message)
{
    count_release(message);
}

void wsd_inbound_message_release(wsd_inbound_message *message)
{
    count_release(message);
}

void wsd_client_release(wsd_client *client)
{
    count_release(client);
}

void wsd_service_release(wsd_service *service)
{
    count_release(service);
}

const char *wsd_error_text(HRESULT)
{
    return "a text";
}

int main()
{
    c_handle__each_way_to_end__releases_once<wsd::outbound_message>();
    c_handle__each_way_to_end__releases_once<wsd::inbound_message>();
    c_handle__each_way_to_end__releases_once<wsd::client>();
    c_handle__each_way_to_end__releases_once<wsd::service>();
    com_handle__each_way_to_end__releases_once();
    into__call_failed__leaves_none();
    share__of_an_object__adds_a_reference();
    query__of_an_object__owns_what_it_finds();
    write__ranges_of_many_kinds__writes_all_their_bytes();
    write__no_bytes__opens_the_stream();
    write__stops_at_another_code__says_how_much_was_taken();
    write__more_than_32_bits_can_count__writes_it_all();
    check__another_code_than_s_ok__throws_it();
    return 0;
}
