#include "base/uuid.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

/* WSD_PORTABLE_ONLY lets a Linux build test what other systems run. */
#if defined(__linux__) && !defined(WSD_PORTABLE_ONLY)
#    include <sys/random.h>
#    define HAVE_GETRANDOM 1
#else
#    define HAVE_GETRANDOM 0
#endif

static bool read_device(uint8_t *bytes, size_t size)
{
    ssize_t count;
    int fd;

    do {
        fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0)
        return false;
    do {
        count = read(fd, bytes, size);
    } while (count < 0 && errno == EINTR);
    close(fd);
    return count == (ssize_t)size;
}

static bool random_bytes(uint8_t *bytes, size_t size)
{
#if HAVE_GETRANDOM
    ssize_t count;

    do {
        count = getrandom(bytes, size, 0);
    } while (count < 0 && errno == EINTR);
    /* getrandom(2): up to 256 bytes come whole.  Old kernels do not have it, and
     * sandboxes that do not know it refuse it by any error. */
    if (count >= 0)
        return (size_t)count == size;
#endif
    return read_device(bytes, size);
}

HRESULT wsd_uuid_random(char uuid[WSD_UUID_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t bytes[16];
    size_t length = 0;

    uuid[0] = '\0';
    if (!random_bytes(bytes, sizeof(bytes)))
        return E_FAIL;

    bytes[6] = (uint8_t)((bytes[6] & 0x0F) | 0x40); /* version 4 */
    bytes[8] = (uint8_t)((bytes[8] & 0x3F) | 0x80); /* variant 10 */
    for (size_t i = 0; i < sizeof(bytes); i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            uuid[length++] = '-';
        uuid[length++] = digits[bytes[i] >> 4];
        uuid[length++] = digits[bytes[i] & 0x0F];
    }
    uuid[length] = '\0';
    return S_OK;
}

HRESULT wsd_uuid_random_urn(char urn[WSD_URN_UUID_SIZE])
{
    memcpy(urn, WSD_URN_UUID, sizeof(WSD_URN_UUID));
    return wsd_uuid_random(urn + sizeof(WSD_URN_UUID) - 1);
}
