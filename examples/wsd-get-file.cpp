/*
 * wsd-get-file -- gets a file from wsd-file-service, or from the FileService sample of
 * Microsoft's SDK, whose contract both have.
 *
 * Shows in C++ how to send a message and to read an attachment of the reply while it
 * still arrives.
 */
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <getopt.h>
#include <string>
#include <unistd.h>

#include "cli.h"
#include "escape.h"
#include "part_file.h"
#include "transfer.h"
#include "wsdattach.hpp"

#define FILE_SERVICE "http://www.example.com/ncd/FileService"

namespace
{
constexpr char usage[] =
    "Usage: wsd-get-file [options] URL NAME -o FILE\n"
    "Gets the file NAME from the file service at URL.\n"
    "\n"
    "  -o FILE         where it goes, under the name FILE.part until it is whole; never\n"
    "                  over a file that is there already; - is standard output\n"
    "  --timeout S     give up when the service sends nothing for S seconds; default: "
    "90\n"
    "  --quiet         no progress\n"
    "  --help, --version\n"
    "\n"
    "Ends with 0 when the whole file has been written, with 1 when it has not, with 2\n"
    "when the options are wrong.\n";

/* ---- The file ---------------------------------------------------------------------- */

/* Gets its name when it is whole; what is not whole goes with this object. */
class target
{
  public:
    target(cli &teller, const char *where)
        : errors(teller), path(where), name(path.substr(path.rfind('/') + 1))
    {
    }
    target(const target &) = delete;
    target &operator=(const target &) = delete;
    ~target()
    {
        if (directory == -1)
            return;
        if (part.fd != -1 && !is_whole)
            part_file_remove(&part);
        part_file_close(&part);
        close(directory);
    }

    HRESULT open()
    {
        const std::string folder = path.substr(0, path.size() - name.size());

        if (path == "-") {
            part.fd = STDOUT_FILENO;
            return S_OK;
        }
        directory = ::open(folder.empty() ? "." : folder.c_str(),
                           O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (directory == -1)
            return give_up("open", folder);
        if (name.empty() || part_file_is_taken(directory, name.c_str())) {
            errno = EEXIST; /* better said now than at the end */
            return give_up("make", path);
        }
        return part_file_create(&part, directory, (name + ".part").c_str())
                   ? S_OK
                   : give_up("make", path + ".part");
    }

    HRESULT write(const BYTE *bytes, size_t size)
    {
        return part_file_write(&part, bytes, size) ? S_OK : give_up("write", path);
    }

    HRESULT finish()
    {
        is_whole = directory == -1 || part_file_finish(&part, name.c_str());
        return is_whole ? S_OK : give_up("make", path);
    }

    uint64_t size() const
    {
        return part.written;
    }

  private:
    HRESULT give_up(const char *what, const std::string &which) const
    {
        cli_set_reason(&errors, "cannot %s %s: %s", what, which.c_str(),
                       std::strerror(errno));
        return E_ABORT;
    }

    cli &errors;
    const std::string path, name; /* path: "-" for standard output */
    int directory = -1;           /* that the file is in; -1: none */
    part_file part = {-1, -1, "", 0};
    bool is_whole = false;
};

/* ---- Getting it -------------------------------------------------------------------- */

struct download {
    struct cli cli;
    const char *url, *name, *path;
    uint64_t timeout_s;
    char error[1024]; /* why it failed */
};

HRESULT make_request(const char *name, wsd::outbound_message &request)
{
    char *body = nullptr;
    size_t length;
    FILE *to = open_memstream(&body, &length);
    HRESULT hr = E_OUTOFMEMORY;

    if (to != nullptr) {
        std::fputs("<fil:GetFileRequest xmlns:fil=\"" FILE_SERVICE "\"><fil:filePath>",
                   to);
        escape_xml(to, name);
        std::fputs("</fil:filePath></fil:GetFileRequest>", to);
        if (std::fclose(to) == 0)
            hr = wsd_outbound_message_create(FILE_SERVICE "/GetFile", wsd::into(request));
    }
    if (hr == S_OK)
        hr = wsd_outbound_message_set_body(request.get(), body, length);
    std::free(body);
    return hr;
}

/* S_OK, and `attachment` is what the service answered. */
HRESULT ask(download &self, wsd_client *client, wsd::inbound_message &reply,
            wsd::inbound_attachment &attachment)
{
    wsd::outbound_message request;
    HRESULT hr = make_request(self.name, request);

    if (hr == S_OK)
        hr = wsd_client_send(client, self.url, request.get());
    if (hr == S_OK)
        hr = transfer_reply(&self.cli, client, request.get(), wsd::into(reply));
    if (hr != S_OK)
        return hr;
    hr = wsd_inbound_message_attachment(reply.get(), "GetFileResponse/Attachment",
                                        wsd::into(attachment));
    if (hr != S_OK)
        cli_set_reason(&self.cli, "the answer has no file in it");
    return hr;
}

/* Reads the attachment to its end.  Only S_FALSE says that it is whole. */
HRESULT read_all(download &self, IWSDInboundAttachment *attachment, target &file)
{
    BYTE block[65536];
    bool stalled = false;

    for (;;) {
        DWORD size;
        const HRESULT hr = attachment->Read(block, sizeof(block), &size);

        if (cli_is_interrupted(&self.cli))
            return E_ABORT;
        if (hr == STG_S_BLOCK) { /* the client's timers end this, if nothing else does */
            if (!stalled)
                cli_remark(&self.cli, "the service sends no data, waiting");
            stalled = true;
            continue;
        }
        if (FAILED(hr))
            return hr;
        const HRESULT written = file.write(block, size); /* the end may bring bytes too */
        if (written != S_OK || hr == S_FALSE)
            return written;
        cli_bar_draw(&self.cli, file.size());
    }
}

void close_attachment(void *attachment)
{
    static_cast<IWSDInboundAttachment *>(attachment)->Close();
}

HRESULT save(download &self, IWSDInboundAttachment *attachment, target &file)
{
    cli_bar_begin(&self.cli, CLI_SIZE_UNKNOWN);
    cli_watch(&self.cli, close_attachment, attachment);
    const HRESULT hr = read_all(self, attachment, file);
    cli_watch(&self.cli, nullptr, nullptr);
    cli_bar_end(&self.cli);
    return hr == S_OK ? file.finish() : hr;
}

HRESULT get_file(download &self)
{
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
    target file(self.cli, self.path);
    wsd::client client;
    wsd::inbound_message reply;
    wsd::inbound_attachment attachment;
    HRESULT hr = file.open();

    transfer_set_timeout(&options, self.timeout_s);
    if (hr == S_OK)
        hr = wsd_client_create(&options, wsd::into(client));
    if (hr == S_OK)
        hr = ask(self, client.get(), reply, attachment);
    if (hr == S_OK)
        hr = save(self, attachment.get(), file);
    if (hr != S_OK)
        transfer_describe(&self.cli, hr, reply.get(), self.error, sizeof(self.error));
    return hr;
}

/* ---- The command line -------------------------------------------------------------- */

bool parse_options(download &self, int argc, char **argv)
{
    enum { TIMEOUT = 1, QUIET, HELP, VERSION };
    static const struct option options[] = {
        {"timeout", required_argument, nullptr, TIMEOUT},
        {"quiet", no_argument, nullptr, QUIET},
        {"help", no_argument, nullptr, HELP},
        {"version", no_argument, nullptr, VERSION},
        {nullptr, 0, nullptr, 0}};
    int option;

    while ((option = getopt_long(argc, argv, "o:", options, nullptr)) != -1) {
        switch (option) {
        case 'o':
            self.path = optarg;
            break;
        case TIMEOUT:
            if (!cli_parse_number(optarg, 86400, &self.timeout_s))
                return cli_misuse(&self.cli, "--timeout needs seconds, 1 to 86400");
            break;
        case QUIET:
            self.cli.quiet = true;
            break;
        case HELP:
            std::fputs(usage, stdout);
            std::exit(EXIT_SUCCESS);
        case VERSION:
            std::puts("wsd-get-file " WSD_VERSION);
            std::exit(EXIT_SUCCESS);
        default: /* getopt has said what is wrong */
            return cli_misuse(&self.cli, nullptr);
        }
    }
    if (argc - optind != 2 || self.path == nullptr)
        return cli_misuse(&self.cli, "a URL, a NAME and -o FILE are needed");
    self.url = argv[optind];
    self.name = argv[optind + 1];
    return true;
}
} // namespace

int main(int argc, char **argv)
{
    download self = {};

    self.cli.program = "wsd-get-file";
    if (!parse_options(self, argc, argv))
        return 2;
    if (!cli_start(&self.cli))
        return EXIT_FAILURE;
    const HRESULT hr = get_file(self);
    if (hr != S_OK)
        transfer_print_error(&self.cli, "not saved", self.error, hr);
    cli_finish(&self.cli);
    return hr == S_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
