/*
 * escape -- texts from outside, such as file names, as they may stand in XML and JSON.
 *
 * What cannot stand there at all, control characters and broken UTF-8, becomes a question
 * mark.
 */
#ifndef ESCAPE_H
#define ESCAPE_H

#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The content of an element, or of an attribute in double quotes. */
void escape_xml(FILE *to, const char *text);

/* The inside of a JSON string. */
void escape_json(FILE *to, const char *text);

#ifdef __cplusplus
}
#endif
#endif
