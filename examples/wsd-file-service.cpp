/*
 * wsd-file-service -- hands out the files of a folder, by the contract of the FileService
 * sample in Microsoft's SDK.
 *
 * Shows in C++ how to answer a request with an attachment.  As in the sample, a thread of
 * its own writes the file, 8 KiB at a time, and begins before the attachment is in the
 * reply; it stops at the first code that is not S_OK, and aborts.
 */
#include <cerrno>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fcntl.h>
#include <getopt.h>
#include <mutex>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include "device.h"
#include "wsd_attachment.h"
#include "wsdattach.hpp"

#define FILE_SERVICE "http://www.example.com/ncd/FileService"

namespace
{
constexpr char usage[] =
    "Usage: wsd-file-service [options] --dir DIR\n"
    "Hands out the files in DIR; not those of its subfolders, and nothing that a link\n"
    "leads to.  Prints READY URL, and a line for each request.\n"
    "\n"
    "  --dir DIR       the folder\n"
    "  --clients N     connections at once, each with a thread that sends; default: 64\n"
    "  --timeout S     cut off who takes no data for S seconds; default: "
    "120\n" DEVICE_USAGE;

/* ---- Threads ----------------------------------------------------------------------- */

/* As many threads as there are seats.  The destructor waits for them. */
class crew
{
  public:
    explicit crew(size_t size) : seats(size)
    {
    }
    ~crew()
    {
        for (seat &each : seats)
            if (each.thread.joinable())
                each.thread.join();
    }

    /* Does the work on a thread of its own, as soon as there is a seat.  Throws when the
     * system has no thread. */
    template <class Work> void start(Work work)
    {
        seat &mine = take_seat();

        if (mine.thread.joinable())
            mine.thread.join(); /* that of the one before */
        try {
            std::lock_guard<std::mutex> lock(mutex); /* it leaves when it is seated */

            mine.thread = std::thread([this, &mine, work = std::move(work)] {
                work();
                leave(mine);
            });
        } catch (...) {
            leave(mine);
            throw;
        }
    }

  private:
    struct seat {
        std::thread thread;
        bool is_taken = false;
    };

    seat &take_seat()
    {
        std::unique_lock<std::mutex> lock(mutex);

        for (;;) {
            for (seat &each : seats)
                if (!std::exchange(each.is_taken, true))
                    return each;
            one_left.wait(lock);
        }
    }

    void leave(seat &mine)
    {
        std::lock_guard<std::mutex> lock(mutex);

        mine.is_taken = false;
        one_left.notify_one();
    }

    std::mutex mutex;
    std::condition_variable one_left;
    std::vector<seat> seats;
};

/* ---- Files ------------------------------------------------------------------------- */

class descriptor
{
  public:
    explicit descriptor(int number) : fd(number)
    {
    }
    descriptor(descriptor &&from) noexcept : fd(std::exchange(from.fd, -1))
    {
    }
    descriptor &operator=(descriptor &&from) noexcept
    {
        std::swap(fd, from.fd);
        return *this;
    }
    ~descriptor()
    {
        if (fd != -1)
            close(fd);
    }
    int get() const
    {
        return fd;
    }

  private:
    int fd; /* -1: none */
};

struct file {
    std::string name;
    descriptor content;
    uint64_t size; /* when it was opened */
};

struct refusal {
    const char *code, *reason; /* NULL: none */
};

/* The name of something in the folder itself. */
bool is_plain(const std::string &name)
{
    return !name.empty() && name != "." && name != ".." &&
           name.find('/') == std::string::npos;
}

/* Opens a file of the folder, if it is one.  Without O_NONBLOCK a pipe would keep us. */
refusal open_file(const descriptor &directory, file &to)
{
    constexpr refusal not_there = {"Sender", "There is no such file."};
    struct stat status;

    if (!is_plain(to.name))
        return {"Sender", "A file is asked for by its name, without a folder."};
    to.content = descriptor(openat(directory.get(), to.name.c_str(),
                                   O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (to.content.get() == -1)
        return errno == ENOENT || errno == ELOOP || errno == ENXIO ||
                       errno == ENAMETOOLONG
                   ? not_there
                   : refusal{"Receiver", "The file cannot be opened."};
    if (fstat(to.content.get(), &status) != 0 || !S_ISREG(status.st_mode))
        return not_there;
    to.size = static_cast<uint64_t>(status.st_size);
    return {nullptr, nullptr};
}

/* ---- Sending ----------------------------------------------------------------------- */

struct file_service {
    const device &host;
    const descriptor &directory;
    crew senders; /* ends first: it uses the others */
};

/* problem: set when it is the file's. */
HRESULT write_file(IWSDOutboundAttachment *attachment, const file &from,
                   const char *&problem)
{
    BYTE block[8192];
    uint64_t done = 0;
    HRESULT hr;
    ssize_t n;

    do {
        n = read(from.content.get(), block, sizeof(block));
        if (n < 0)
            problem = std::strerror(errno);
        if (n == 0 && done < from.size)
            problem = "the file became shorter";
        if (problem != nullptr)
            return E_FAIL;
        hr = wsd::write(*attachment, wsd::bytes(block, static_cast<size_t>(n)));
        done += static_cast<uint64_t>(n);
    } while (hr == S_OK && n > 0);
    return hr;
}

void send(const file_service &self, IWSDOutboundAttachment *attachment, const file &from)
{
    wsd_attachment_progress progress = {sizeof(progress), 0, 0};
    const char *problem = nullptr;
    HRESULT hr = write_file(attachment, from, problem);

    if (hr == S_OK)
        hr = attachment->Close();
    else
        attachment->Abort();
    wsd_attachment_get_progress(attachment, &progress);
    device_say(&self.host, "%s %s, %llu bytes%s%s", hr == S_OK ? "SENT" : "CUT",
               from.name.c_str(), static_cast<unsigned long long>(progress.handed),
               hr == S_OK ? "" : ": ",
               hr == S_OK           ? ""
               : problem != nullptr ? problem
                                    : wsd_error_text(hr));
}

HRESULT answer(file_service &self, file &&what, wsd_outbound_message *reply)
{
    static const char body[] = "<fil:GetFileResponse xmlns:fil=\"" FILE_SERVICE "\">"
                               "<fil:Attachment/></fil:GetFileResponse>";
    wsd::outbound_attachment attachment;
    HRESULT hr = WSDCreateOutboundAttachment(wsd::into(attachment));

    if (hr != S_OK)
        return hr;
    self.senders.start([&self, from = std::move(what), shared = wsd::share(attachment)] {
        send(self, shared.get(), from);
    });
    hr = wsd_outbound_message_set_body(reply, body, sizeof(body) - 1);
    if (hr == S_OK)
        hr = wsd_outbound_message_attach(reply, "GetFileResponse/Attachment",
                                         attachment.get(), nullptr);
    if (hr != S_OK)
        attachment->Abort(); /* wakes the thread */
    return hr;
}

HRESULT refuse(const file_service &self, const refusal &why, wsd_outbound_message *reply)
{
    device_say(&self.host, "REFUSED: %s", why.reason);
    return device_fault(reply, why.code, "", "", why.reason, "");
}

/* The handler.  No exception may leave it: behind it there is C. */
HRESULT get_file(void *context, wsd_inbound_message *request,
                 wsd_outbound_message *reply) noexcept
{
    file_service &self = *static_cast<file_service *>(context);
    const char *name;

    if (wsd_inbound_message_find_text(request, "GetFileRequest/filePath", &name) != S_OK)
        return refuse(self, {"Sender", "The request has no filePath."}, reply);
    try {
        file what = {name, descriptor(-1), 0};
        const refusal why = open_file(self.directory, what);

        return why.code != nullptr ? refuse(self, why, reply)
                                   : answer(self, std::move(what), reply);
    } catch (const std::exception &) { /* no thread, or no memory */
        return HRESULT_FROM_WIN32(ERROR_NO_SYSTEM_RESOURCES);
    }
}

/* ---- The command line -------------------------------------------------------------- */

bool parse_options(device &host, const char *&path, int argc, char **argv)
{
    enum { FILES = 1, CLIENTS, TIMEOUT };
    static const struct option options[] = {
        {"dir", required_argument, nullptr, FILES},
        {"clients", required_argument, nullptr, CLIENTS},
        {"timeout", required_argument, nullptr, TIMEOUT},
        DEVICE_OPTIONS};
    uint64_t clients = 64, seconds = 120;
    int option;

    while ((option = getopt_long(argc, argv, "", options, nullptr)) != -1) {
        switch (option) {
        case FILES:
            path = optarg;
            break;
        case CLIENTS:
            if (!cli_parse_number(optarg, 10000, &clients))
                return cli_misuse(&host.cli, "--clients needs a number, 1 to 10000");
            break;
        case TIMEOUT:
            if (!cli_parse_number(optarg, 86400, &seconds))
                return cli_misuse(&host.cli, "--timeout needs seconds, 1 to 86400");
            break;
        default:
            if (!device_take_option(&host, option, optarg))
                return false;
        }
    }
    if (optind != argc || path == nullptr)
        return cli_misuse(&host.cli, "--dir is needed, and nothing but options");
    host.options.max_connections = static_cast<unsigned>(clients);
    host.options.max_connections_per_peer = static_cast<unsigned>(clients);
    /* Who stalls is the timer's: no Write has to tell of it by STG_S_BLOCK. */
    host.options.idle_timeout_ms = static_cast<DWORD>(seconds * 1000);
    host.options.wait_budget_ms = INFINITE;
    return true;
}
} // namespace

int main(int argc, char **argv)
{
    const device_operation operation = {FILE_SERVICE "/GetFile", get_file};
    device host = {};
    const char *path = nullptr;

    host.cli.program = "wsd-file-service";
    host.usage = usage;
    host.path = "/";
    host.options = WSD_SERVICE_OPTIONS_INIT;
    if (!parse_options(host, path, argc, argv))
        return 2;

    const descriptor directory(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (directory.get() == -1) {
        std::fprintf(stderr, "wsd-file-service: cannot open %s: %s\n", path,
                     std::strerror(errno));
        return EXIT_FAILURE;
    }
    file_service self = {host, directory, crew(host.options.max_connections)};
    return device_run(&host, &operation, 1, &self);
}
