/* decode.h - what an independent decoder (zbarimg) reads on a picture. */
#ifndef PACKD_TESTS_DECODE_H
#define PACKD_TESTS_DECODE_H

#include "tools/virtual/zpl_render.h"

/* Appends one line per barcode, in no particular order. Aborts the test when the decoder cannot be
 * run. */
void decode_picture(const struct zpl_picture *p, struct buf *out);
/* True when one line of `read` is exactly this code. */
bool decode_has(const struct buf *read, const char *code);

#endif
