#include "support/certificates.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <time.h>

#define DAY 86400

static const struct kind {
    const char *name, *issuer, *purpose;
    int first_day, last_day; /* from today */
    unsigned char host;      /* 127.0.0.host */
} kinds[] = {
    {"ca", "ca", NULL, -1, 1, 1},
    {"other-ca", "other-ca", NULL, -1, 1, 1},
    {"server", "ca", GNUTLS_KP_TLS_WWW_SERVER, -1, 1, 1},
    {"client", "ca", GNUTLS_KP_TLS_WWW_CLIENT, -1, 1, 1},
    {"anyone", "ca", NULL, -1, 1, 1},
    {"expired", "ca", NULL, -366, -365, 1},
    {"early", "ca", NULL, 365, 366, 1},
    {"elsewhere", "ca", NULL, -1, 1, 2},
    {"stranger", "other-ca", NULL, -1, 1, 1},
    {"alone", "alone", GNUTLS_KP_TLS_WWW_CLIENT, -1, 1, 1},
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

struct pair {
    gnutls_x509_privkey_t key;
    gnutls_x509_crt_t certificate;
};

#define SUCCEED(call) assert_true((call) >= 0)

const char *certificates_path(const struct certificates *certificates, const char *file,
                              char path[64])
{
    int length = snprintf(path, 64, "%s/%s", certificates->folder, file);

    assert_in_range(length, 1, 63);
    return path;
}

void certificates_write(const struct certificates *certificates, const char *file,
                        const void *bytes, size_t size)
{
    char path[64];
    FILE *stream = fopen(certificates_path(certificates, file, path), "w");

    assert_non_null(stream);
    assert_int_equal(fwrite(bytes, 1, size, stream), size);
    assert_int_equal(fclose(stream), 0);
}

static bool is_authority(const struct kind *kind)
{
    return strcmp(kind->name, kind->issuer) == 0 && kind->purpose == NULL;
}

static void describe(const struct kind *kind, const struct pair *pair)
{
    const uint8_t address[] = {127, 0, 0, kind->host};
    unsigned char serial = (unsigned char)(kind - kinds + 1);
    gnutls_x509_crt_t certificate = pair->certificate;
    char name[32];
    time_t now = time(NULL);

    snprintf(name, sizeof(name), "CN=%s", kind->name);
    SUCCEED(gnutls_x509_crt_set_version(certificate, 3));
    SUCCEED(gnutls_x509_crt_set_serial(certificate, &serial, 1));
    SUCCEED(gnutls_x509_crt_set_dn(certificate, name, NULL));
    SUCCEED(gnutls_x509_crt_set_key(certificate, pair->key));
    SUCCEED(gnutls_x509_crt_set_activation_time(certificate,
                                                now + (time_t)kind->first_day * DAY));
    SUCCEED(gnutls_x509_crt_set_expiration_time(certificate,
                                                now + (time_t)kind->last_day * DAY));
    SUCCEED(gnutls_x509_crt_set_ca_status(certificate, is_authority(kind)));
    SUCCEED(gnutls_x509_crt_set_key_usage(
        certificate, is_authority(kind) ? GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN
                                        : GNUTLS_KEY_DIGITAL_SIGNATURE));
    if (kind->purpose != NULL)
        SUCCEED(gnutls_x509_crt_set_key_purpose_oid(certificate, kind->purpose, 0));
    SUCCEED(gnutls_x509_crt_set_subject_alt_name(
        certificate, GNUTLS_SAN_IPADDRESS, address, sizeof(address), GNUTLS_FSAN_SET));
}

static void write_pair(const struct certificates *certificates, const char *name,
                       const struct pair *pair)
{
    gnutls_datum_t pem;
    char file[32];

    SUCCEED(gnutls_x509_crt_export2(pair->certificate, GNUTLS_X509_FMT_PEM, &pem));
    snprintf(file, sizeof(file), "%s.pem", name);
    certificates_write(certificates, file, pem.data, pem.size);
    gnutls_free(pem.data);
    SUCCEED(gnutls_x509_privkey_export2(pair->key, GNUTLS_X509_FMT_PEM, &pem));
    snprintf(file, sizeof(file), "%s.key", name);
    certificates_write(certificates, file, pem.data, pem.size);
    gnutls_free(pem.data);
}

static const struct pair *pair_of(const struct pair *pairs, const char *name)
{
    size_t i = 0;

    while (strcmp(kinds[i].name, name) != 0)
        i++;
    return &pairs[i];
}

void certificates_make(struct certificates *certificates)
{
    struct pair pairs[KINDS];

    strcpy(certificates->folder, "/tmp/wsd-certificates-XXXXXX");
    assert_non_null(mkdtemp(certificates->folder));
    for (size_t i = 0; i < KINDS; i++) {
        const struct pair *issuer;

        SUCCEED(gnutls_x509_privkey_init(&pairs[i].key));
        SUCCEED(gnutls_x509_privkey_generate(
            pairs[i].key, GNUTLS_PK_ECDSA,
            GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
        SUCCEED(gnutls_x509_crt_init(&pairs[i].certificate));
        describe(&kinds[i], &pairs[i]);
        issuer = pair_of(pairs, kinds[i].issuer);
        SUCCEED(gnutls_x509_crt_sign2(pairs[i].certificate, issuer->certificate,
                                      issuer->key, GNUTLS_DIG_SHA256, 0));
        write_pair(certificates, kinds[i].name, &pairs[i]);
    }
    for (size_t i = 0; i < KINDS; i++) {
        gnutls_x509_privkey_deinit(pairs[i].key);
        gnutls_x509_crt_deinit(pairs[i].certificate);
    }
}

static gnutls_datum_t load(const struct certificates *certificates, const char *name,
                           const char *ending)
{
    char file[32], path[64];
    gnutls_datum_t pem;

    snprintf(file, sizeof(file), "%s.%s", name, ending);
    SUCCEED(gnutls_load_file(certificates_path(certificates, file, path), &pem));
    return pem;
}

static void load_pair(const struct certificates *certificates, const char *name,
                      struct pair *pair)
{
    gnutls_datum_t certificate = load(certificates, name, "pem");
    gnutls_datum_t key = load(certificates, name, "key");

    SUCCEED(gnutls_x509_privkey_init(&pair->key));
    SUCCEED(gnutls_x509_privkey_import(pair->key, &key, GNUTLS_X509_FMT_PEM));
    SUCCEED(gnutls_x509_crt_init(&pair->certificate));
    SUCCEED(gnutls_x509_crt_import(pair->certificate, &certificate, GNUTLS_X509_FMT_PEM));
    gnutls_free(certificate.data);
    gnutls_free(key.data);
}

static void free_pair(struct pair *pair)
{
    gnutls_x509_privkey_deinit(pair->key);
    gnutls_x509_crt_deinit(pair->certificate);
}

void certificates_revoke(const struct certificates *certificates, const char *name)
{
    struct pair authority, revoked;
    gnutls_x509_crl_t list;
    gnutls_datum_t pem;
    time_t now = time(NULL);

    load_pair(certificates, "ca", &authority);
    load_pair(certificates, name, &revoked);
    SUCCEED(gnutls_x509_crl_init(&list));
    SUCCEED(gnutls_x509_crl_set_version(list, 2));
    SUCCEED(gnutls_x509_crl_set_this_update(list, now - DAY));
    SUCCEED(gnutls_x509_crl_set_next_update(list, now + DAY));
    SUCCEED(gnutls_x509_crl_set_number(list, "\1", 1));
    SUCCEED(gnutls_x509_crl_set_crt(list, revoked.certificate, now - DAY));
    SUCCEED(gnutls_x509_crl_sign2(list, authority.certificate, authority.key,
                                  GNUTLS_DIG_SHA256, 0));
    SUCCEED(gnutls_x509_crl_export2(list, GNUTLS_X509_FMT_PEM, &pem));
    certificates_write(certificates, "revoked.crl", pem.data, pem.size);
    gnutls_free(pem.data);
    gnutls_x509_crl_deinit(list);
    free_pair(&authority);
    free_pair(&revoked);
}

void certificates_lock(const struct certificates *certificates, const char *name,
                       const char *passphrase)
{
    struct pair pair;
    gnutls_datum_t pem;

    load_pair(certificates, name, &pair);
    SUCCEED(gnutls_x509_privkey_export2_pkcs8(pair.key, GNUTLS_X509_FMT_PEM, passphrase,
                                              GNUTLS_PKCS_PBES2_AES_256, &pem));
    certificates_write(certificates, "locked.key", pem.data, pem.size);
    gnutls_free(pem.data);
    free_pair(&pair);
}

void certificates_pin(const struct certificates *certificates, const char *name,
                      char pin[64])
{
    unsigned char hash[32];
    size_t size = sizeof(hash);
    gnutls_datum_t bytes = {hash, sizeof(hash)}, text;
    struct pair pair;

    load_pair(certificates, name, &pair);
    SUCCEED(gnutls_x509_crt_get_key_id(pair.certificate, GNUTLS_KEYID_USE_SHA256, hash,
                                       &size));
    SUCCEED(gnutls_base64_encode2(&bytes, &text));
    snprintf(pin, 64, "sha256//%s", (const char *)text.data);
    gnutls_free(text.data);
    free_pair(&pair);
}

void certificates_remove(struct certificates *certificates)
{
    DIR *folder = opendir(certificates->folder);
    const struct dirent *entry;
    char path[64];

    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL)
        if (entry->d_name[0] != '.')
            (void)unlink(certificates_path(certificates, entry->d_name, path));
    closedir(folder);
    assert_int_equal(rmdir(certificates->folder), 0);
}
