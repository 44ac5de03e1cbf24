/*
 * image -- what a scanner says of an image, from the image file's own header: JPEG, PNG
 * and BMP.
 */
#ifndef IMAGE_H
#define IMAGE_H

#include <stdint.h>

struct image {
    const char *path;
    const char *format; /* as WS-Scan calls it: jfif, png or dib */
    const char *media_type;
    const char *color;      /* as WS-Scan calls it: RGB24, Grayscale8 ... */
    unsigned bits;          /* of one pixel */
    uint32_t width, height; /* pixels */
    uint32_t x_dpi, y_dpi;  /* 100 when the file says nothing */
    uint64_t size;          /* of the file, octets */
};

/* Reads the file's header; path is kept.  Returns NULL, or why not. */
const char *image_read(struct image *image, const char *path);

/* A length in 1/1000 inch, as WS-Scan measures, to the nearest. */
uint64_t image_length(uint32_t pixels, uint32_t dpi);

#endif
