/* What libFuzzer calls, and run_corpus.c where there is no libFuzzer.  A target aborts
 * when a property does not hold. */
#ifndef WSD_TESTS_FUZZ_H
#define WSD_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#endif
