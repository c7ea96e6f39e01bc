/* fuzz.h - one parser under hostile bytes: each file here is one target.
 *
 * `make fuzz` feeds it what libFuzzer invents, `make test` the corpus and its neighbours. A target
 * checks more than survival: what it states about any input, it states with `held`. */
#ifndef PACKD_TESTS_FUZZ_FUZZ_H
#define PACKD_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* The target. libFuzzer calls it by the name it knows. */
int fuzz_input(const uint8_t *data, size_t size) __asm__("LLVMFuzzerTestOneInput");

/* Ends the program with file and line when `fact` is false. */
#define held(fact) fuzz_held((fact), #fact, __FILE__, __LINE__)
void fuzz_held(int fact, const char *words, const char *file, int line);

/* Sizes of chunks for one input, drawn from its own bytes: the same input, the same chunks. */
struct fuzz_chunks {
    uint32_t state;
};
struct fuzz_chunks fuzz_chunks(const uint8_t *data, size_t size);
/* 1..left */
size_t fuzz_chunk(struct fuzz_chunks *c, size_t left);

#endif
