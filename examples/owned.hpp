/*
 * owned -- the library's objects as C++ has them: given back where their scope ends.
 *
 *     owned<wsd_client> client;
 *     HRESULT hr = wsd_client_create(nullptr, into(client));
 */
#ifndef OWNED_HPP
#define OWNED_HPP

#include <memory>

#include "wsd_client.h"
#include "wsd_message.h"
#include "wsdattachment.h"

struct give_back {
    void operator()(IWSDAttachment *attachment) const
    {
        attachment->Release();
    }
    void operator()(wsd_outbound_message *message) const
    {
        wsd_outbound_message_release(message);
    }
    void operator()(wsd_inbound_message *message) const
    {
        wsd_inbound_message_release(message);
    }
    void operator()(wsd_client *client) const
    {
        wsd_client_release(client);
    }
};

template <class T> using owned = std::unique_ptr<T, give_back>;

/* Stands for an out parameter; what the call has put there is owned from the end of the
 * statement on. */
template <class T> class into
{
  public:
    explicit into(owned<T> &to) : owner(to)
    {
    }
    into(const into &) = delete;
    into &operator=(const into &) = delete;
    ~into()
    {
        owner.reset(received);
    }
    operator T **()
    {
        return &received;
    }

  private:
    owned<T> &owner;
    T *received = nullptr;
};

#endif
