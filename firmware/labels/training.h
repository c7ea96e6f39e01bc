/* training.h - marks a carrier's label of training mode, so that nobody can take it for a real one.
 */
#ifndef PACKD_LABELS_TRAINING_H
#define PACKD_LABELS_TRAINING_H

#include "firmware/base/slice.h"

/* Appends the job to `out` with the word TRAINING printed large on every label of it. `language` is
 * a printer language: "zpl", "epl", "tspl", "escpos". ERR_INVALID: an unknown language, or a job in
 * which no label ends; print nothing then. ERR_NOSPACE: `out` is full. */
MUST_CHECK err_t training_mark(const char *language, struct slice job, struct buf *out);

#endif
