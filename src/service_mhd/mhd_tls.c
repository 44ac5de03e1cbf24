#include "service_mhd/mhd_tls.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "wsd_error.h"

#define SECURE_FAILURE HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_FAILURE)

enum { MAX_FILE_BYTES = 1 << 20 };

/* RFC 8996: nothing below TLS 1.2. */
static const char priorities[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";

/* ---- Files ---- */

/* Up to `capacity` bytes; -1 for an error. */
static ssize_t read_all(int fd, char *bytes, size_t capacity)
{
    size_t size = 0;

    while (size < capacity) {
        ssize_t got;

        do {
            got = read(fd, bytes + size, capacity - size);
        } while (got < 0 && errno == EINTR);
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        size += (size_t)got;
    }
    return (ssize_t)size;
}

/* A NUL stands behind the bytes; what follows one inside of them is not seen. */
static HRESULT read_file(const struct wsd_mem *mem, const char *path, char **out)
{
    HRESULT hr = S_OK;
    ssize_t size;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND);
    *out = wsd_alloc(mem, MAX_FILE_BYTES + 1);
    size = *out == NULL ? 0 : read_all(fd, *out, MAX_FILE_BYTES + 1);
    close(fd);
    if (*out == NULL)
        hr = E_OUTOFMEMORY;
    else if (size < 0)
        hr = HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND);
    else if (size > MAX_FILE_BYTES)
        hr = SECURE_FAILURE;
    return hr;
}

static gnutls_datum_t datum(char *text)
{
    return (gnutls_datum_t){(unsigned char *)text, (unsigned)strlen(text)};
}

static HRESULT error_of(int result)
{
    return result == GNUTLS_E_MEMORY_ERROR ? E_OUTOFMEMORY : SECURE_FAILURE;
}

/* As libmicrohttpd will, which cannot say what is wrong. */
static HRESULT try_out(const struct wsd_mhd_tls *tls)
{
    gnutls_certificate_credentials_t credentials;
    gnutls_datum_t certificate = datum(tls->certificate), key = datum(tls->key);
    HRESULT hr = S_OK;
    int result = gnutls_certificate_allocate_credentials(&credentials);

    if (result != GNUTLS_E_SUCCESS)
        return error_of(result);
    result = gnutls_certificate_set_x509_key_mem(credentials, &certificate, &key,
                                                 GNUTLS_X509_FMT_PEM);
    if (result < 0)
        hr = error_of(result);
    if (hr == S_OK && tls->authorities != NULL) {
        gnutls_datum_t authorities = datum(tls->authorities);

        result = gnutls_certificate_set_x509_trust_mem(credentials, &authorities,
                                                       GNUTLS_X509_FMT_PEM);
        if (result <= 0) /* how many there are */
            hr = error_of(result);
    }
    gnutls_certificate_free_credentials(credentials);
    return hr;
}

HRESULT wsd_mhd_tls_load(struct wsd_mhd_tls *tls, const struct wsd_mem *mem,
                         const char *certificate, const char *key,
                         const char *authorities)
{
    HRESULT hr;

    *tls = (struct wsd_mhd_tls){.mem = mem};
    hr = read_file(mem, certificate, &tls->certificate);
    if (hr == S_OK)
        hr = read_file(mem, key, &tls->key);
    if (hr == S_OK && authorities != NULL)
        hr = read_file(mem, authorities, &tls->authorities);
    if (hr == S_OK)
        hr = try_out(tls);
    if (hr != S_OK)
        wsd_mhd_tls_fini(tls);
    return hr;
}

void wsd_mhd_tls_fini(struct wsd_mhd_tls *tls)
{
    if (tls->key != NULL)
        gnutls_memset(tls->key, 0, MAX_FILE_BYTES + 1);
    wsd_free(tls->mem, tls->certificate);
    wsd_free(tls->mem, tls->key);
    wsd_free(tls->mem, tls->authorities);
    tls->certificate = tls->key = tls->authorities = NULL;
}

/* ---- The daemon and its clients ---- */

void wsd_mhd_tls_options(const struct wsd_mhd_tls *tls,
                         struct MHD_OptionItem options[WSD_MHD_TLS_OPTIONS])
{
    const struct MHD_OptionItem all[WSD_MHD_TLS_OPTIONS] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, tls->certificate},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, tls->key},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (char *)priorities},
        {tls->authorities != NULL ? MHD_OPTION_HTTPS_MEM_TRUST : MHD_OPTION_END, 0,
         tls->authorities},
        {MHD_OPTION_END, 0, NULL},
    };

    memcpy(options, all, sizeof(all));
}

bool wsd_mhd_tls_admits(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    /* Size 0: it ends with a NUL. */
    gnutls_typed_vdata_st purpose = {.type = GNUTLS_DT_KEY_PURPOSE_OID,
                                     .data = (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT};
    unsigned faults;

    return info != NULL &&
           gnutls_certificate_verify_peers(info->tls_session, &purpose, 1, &faults) ==
               GNUTLS_E_SUCCESS &&
           faults == 0;
}
