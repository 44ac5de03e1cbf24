#include "image.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static uint32_t big_endian(const unsigned char *bytes, size_t size)
{
    uint32_t value = 0;

    for (size_t i = 0; i < size; i++)
        value = value << 8 | bytes[i];
    return value;
}

static uint32_t little_endian(const unsigned char *bytes, size_t size)
{
    uint32_t value = 0;

    while (size > 0)
        value = value << 8 | bytes[--size];
    return value;
}

static uint32_t dots_per_inch(uint32_t dots, double per_inch)
{
    double dpi = dots * per_inch + 0.5;

    return dpi < UINT16_MAX ? (uint32_t)dpi : 0;
}

/* ---- JPEG (ITU-T T.81, annex B; JFIF 1.02) ----------------------------------------- */

static bool is_frame(int marker)
{
    return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 &&
           marker != 0xCC;
}

static bool read_frame(FILE *file, struct image *image)
{
    unsigned char bytes[6];

    if (fread(bytes, sizeof(bytes), 1, file) != 1 || bytes[0] != 8)
        return false;
    image->height = big_endian(bytes + 1, 2);
    image->width = big_endian(bytes + 3, 2);
    image->color = bytes[5] == 1 ? "Grayscale8" : "RGB24";
    image->bits = bytes[5] * 8u;
    return bytes[5] == 1 || bytes[5] == 3;
}

static void read_density(FILE *file, struct image *image)
{
    unsigned char bytes[12];
    double per_inch;

    if (fread(bytes, sizeof(bytes), 1, file) != 1 || memcmp(bytes, "JFIF", 5) != 0)
        return;
    per_inch = bytes[7] == 1 ? 1 : bytes[7] == 2 ? 2.54 : 0;
    image->x_dpi = dots_per_inch(big_endian(bytes + 8, 2), per_inch);
    image->y_dpi = dots_per_inch(big_endian(bytes + 10, 2), per_inch);
}

static bool read_jpeg(FILE *file, struct image *image)
{
    const int start_of_scan = 0xDA, application_0 = 0xE0;
    unsigned char size[2];
    int marker;

    image->format = "jfif";
    image->media_type = "image/jpeg";
    fseek(file, 2, SEEK_SET);
    while (getc(file) == 0xFF) {
        long next;

        while ((marker = getc(file)) == 0xFF)
            ;
        next = ftell(file);
        if (marker == start_of_scan || fread(size, sizeof(size), 1, file) != 1)
            return false;
        if (is_frame(marker))
            return read_frame(file, image);
        if (marker == application_0)
            read_density(file, image);
        fseek(file, next + (long)big_endian(size, 2), SEEK_SET);
    }
    return false;
}

/* ---- PNG (W3C, second edition) ----------------------------------------------------- */

static bool set_png_color(struct image *image, unsigned type, unsigned depth)
{
    static const struct {
        unsigned type, depth, bits;
        const char *color;
    } colors[] = {
        {0, 1, 1, "BlackAndWhite1"}, {0, 4, 4, "Grayscale4"}, {0, 8, 8, "Grayscale8"},
        {0, 16, 16, "Grayscale16"},  {2, 8, 24, "RGB24"},     {2, 16, 48, "RGB48"},
        {6, 8, 32, "RGBa32"},        {6, 16, 64, "RGBa64"},
    };

    for (size_t i = 0; i < COUNT(colors); i++) {
        if (colors[i].type == type && colors[i].depth == depth) {
            image->color = colors[i].color;
            image->bits = colors[i].bits;
            return true;
        }
    }
    return false;
}

static bool read_png(FILE *file, struct image *image)
{
    unsigned char chunk[8], bytes[13];
    long next = 8;

    image->format = "png";
    image->media_type = "image/png";
    while (fseek(file, next, SEEK_SET) == 0 &&
           fread(chunk, sizeof(chunk), 1, file) == 1) {
        const unsigned char *name = chunk + 4;
        uint32_t size = big_endian(chunk, 4);

        if (memcmp(name, "IDAT", 4) == 0 || size > INT32_MAX)
            return image->color != NULL;
        next += (long)size + 12;
        if (memcmp(name, "IHDR", 4) == 0) {
            if (fread(bytes, sizeof(bytes), 1, file) != 1 ||
                !set_png_color(image, bytes[9], bytes[8]))
                return false;
            image->width = big_endian(bytes, 4);
            image->height = big_endian(bytes + 4, 4);
        }
        if (memcmp(name, "pHYs", 4) == 0 && fread(bytes, 9, 1, file) == 1) {
            double per_inch = bytes[8] == 1 ? 0.0254 : 0; /* 1: dots per metre */

            image->x_dpi = dots_per_inch(big_endian(bytes, 4), per_inch);
            image->y_dpi = dots_per_inch(big_endian(bytes + 4, 4), per_inch);
        }
    }
    return false;
}

/* ---- BMP (BITMAPFILEHEADER, BITMAPINFOHEADER) -------------------------------------- */

static bool read_bmp(FILE *file, struct image *image)
{
    unsigned char bytes[32];
    int32_t height;

    image->format = "dib";
    image->media_type = "image/bmp";
    image->color = "RGB24";
    image->bits = 24;
    if (fseek(file, 14, SEEK_SET) != 0 || fread(bytes, sizeof(bytes), 1, file) != 1)
        return false;
    image->width = little_endian(bytes + 4, 4);
    height = (int32_t)little_endian(bytes + 8, 4); /* negative: the top line first */
    image->height = height < 0 ? 0u - (uint32_t)height : (uint32_t)height;
    image->x_dpi = dots_per_inch(little_endian(bytes + 24, 4), 0.0254);
    image->y_dpi = dots_per_inch(little_endian(bytes + 28, 4), 0.0254);
    return little_endian(bytes + 14, 2) == 24 && little_endian(bytes + 16, 4) == 0;
}

/* ---- Any of them ------------------------------------------------------------------- */

static const char *read_header(FILE *file, struct image *image)
{
    static const struct {
        const char *signature;
        size_t size;
        bool (*read)(FILE *, struct image *);
    } kinds[] = {{"\xFF\xD8\xFF", 3, read_jpeg},
                 {"\x89PNG\r\n\x1A\n", 8, read_png},
                 {"BM", 2, read_bmp}};
    char signature[8] = "";

    if (fread(signature, 1, sizeof(signature), file) == 0 && ferror(file))
        return strerror(errno);
    for (size_t i = 0; i < COUNT(kinds); i++) {
        if (memcmp(signature, kinds[i].signature, kinds[i].size) != 0)
            continue;
        if (!kinds[i].read(file, image) || image->width == 0 || image->height == 0)
            return "the header is damaged, or the colours are none of WS-Scan's";
        if (image->x_dpi == 0 || image->y_dpi == 0)
            image->x_dpi = image->y_dpi = 100;
        return NULL;
    }
    return "neither JPEG nor PNG nor BMP";
}

const char *image_read(struct image *image, const char *path)
{
    FILE *file = fopen(path, "rb");
    const char *why;
    struct stat status;

    *image = (struct image){.path = path};
    if (file == NULL)
        return strerror(errno);
    why = read_header(file, image);
    if (why == NULL && fstat(fileno(file), &status) != 0)
        why = strerror(errno);
    if (why == NULL)
        image->size = (uint64_t)status.st_size;
    fclose(file);
    return why;
}

uint64_t image_length(uint32_t pixels, uint32_t dpi)
{
    return (UINT64_C(1000) * pixels + dpi / 2) / dpi;
}
