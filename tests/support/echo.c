#include "support/echo.h"

#include "support/peer.h"
#include "support/scanner.h"

struct echo {
    const struct bytes *document;
    void (*midway)(void);
    wsd_client *client;
    wsd_outbound_message *message;
    IWSDOutboundAttachment *to;
    wsd_inbound_message *reply;
    IWSDInboundAttachment *from;
};

static HRESULT echo_send(struct echo *self, const char *url,
                         const wsd_client_options *options)
{
    HRESULT hr = wsd_client_create(options, &self->client);

    if (hr == S_OK)
        hr = wsd_outbound_message_create(ACTION, &self->message);
    if (hr == S_OK)
        hr = wsd_outbound_message_set_body(self->message, BODY, strlen(BODY));
    if (hr == S_OK)
        hr = WSDCreateOutboundAttachment(&self->to);
    if (hr == S_OK)
        hr = wsd_attachment_set_wait_budget((IWSDAttachment *)self->to, INFINITE);
    if (hr == S_OK)
        hr = wsd_outbound_message_attach(self->message, "Upload/Data[1]", self->to, NULL);
    if (hr == S_OK)
        hr = wsd_client_send(self->client, url, self->message);
    return hr;
}

static HRESULT echo_write(struct echo *self)
{
    const struct bytes *document = self->document;
    size_t half = document->size / 2;
    HRESULT hr = attachment_write_all(self->to, document->at, half);

    if (hr == S_OK && self->midway != NULL)
        self->midway();
    if (hr == S_OK)
        hr = attachment_write_all(self->to, document->at + half, document->size - half);
    return hr == S_OK ? attachment_close(self->to) : hr;
}

static HRESULT echo_read(struct echo *self)
{
    const struct bytes *document = self->document;
    static char buffer[65536];
    size_t size = 0;
    HRESULT hr = wsd_attachment_set_wait_budget((IWSDAttachment *)self->from, INFINITE);

    while (hr == S_OK) {
        size_t before = size;
        DWORD given;

        hr = page_read(self->from, buffer, sizeof(buffer), &given);
        assert_true(given <= document->size - size);
        assert_memory_equal(buffer, document->at + size, given);
        size += given;
        if (self->midway != NULL && before < document->size / 2 &&
            size >= document->size / 2)
            self->midway();
    }
    if (hr != S_FALSE)
        return hr;
    assert_int_equal(size, document->size);
    return S_OK;
}

HRESULT echo(const char *url, const wsd_client_options *options,
             const struct bytes *document, void (*midway)(void))
{
    struct echo self = {.document = document, .midway = midway};
    HRESULT hr = echo_send(&self, url, options);

    if (hr == S_OK)
        hr = echo_write(&self);
    if (hr == S_OK)
        hr = wsd_client_receive(self.client, self.message, PEER_PATIENCE_MS, &self.reply);
    if (hr == S_OK)
        hr = wsd_inbound_message_attachment(self.reply, "UploadResponse/Page[1]",
                                            &self.from);
    if (hr == S_OK)
        hr = echo_read(&self);
    if (self.from != NULL)
        page_release(self.from);
    wsd_inbound_message_release(self.reply);
    if (self.to != NULL)
        attachment_release(self.to);
    wsd_outbound_message_release(self.message);
    wsd_client_release(self.client);
    return hr;
}
