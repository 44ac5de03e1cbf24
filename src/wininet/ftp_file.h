/* ftp_file -- what FtpOpenFileA() opens: an upload or a download. */
#ifndef WSD_WININET_FTP_FILE_H
#define WSD_WININET_FTP_FILE_H

#include "wininet/connection.h"

struct wsd_ftp_file {
    struct wsd_internet_object object; /* first; the parent is a wsd_connection */
    bool is_upload;
};

/* Arguments and codes as FtpOpenFileA() documents; nothing is sent yet. */
HRESULT wsd_ftp_file_create(struct wsd_connection *connection, const char *name,
                            DWORD access, DWORD flags, struct wsd_ftp_file **out);

/* Begins the transfer, as FtpOpenFileA() documents. */
HRESULT wsd_ftp_file_open(struct wsd_ftp_file *file, const char *name, DWORD flags);

/* As InternetWriteFile(), InternetReadFile() and InternetQueryDataAvailable(). */
HRESULT wsd_ftp_file_write(struct wsd_ftp_file *file, const void *bytes, size_t size,
                           size_t *written);
HRESULT wsd_ftp_file_read(struct wsd_ftp_file *file, void *bytes, size_t size,
                          size_t *read);
HRESULT wsd_ftp_file_available(struct wsd_ftp_file *file, size_t *available);

#endif
