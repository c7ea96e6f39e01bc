/* plain_printer.h - a printer that speaks EPL2, TSPL or ESC/POS, for demonstrations and tests.
 *
 * Pure: bytes in, bytes out. It takes jobs as the station sends them, one after the other, and
 * tells its state when it is asked in its language. What is on the paper, job_render.h says. */
#ifndef PACKD_TOOLS_VIRTUAL_PLAIN_PRINTER_H
#define PACKD_TOOLS_VIRTUAL_PLAIN_PRINTER_H

#include "firmware/base/slice.h"

struct plain_printer;

/* Set and clear at will. */
struct plain_printer_state {
    bool paper_out;
    bool gives_marks; /* ESC/POS: says a process id back */
    bool silent;
};

/* NULL: no such language ("zpl" has zpl_printer.h), or out of memory. */
struct plain_printer *plain_printer_new(const char *language);
void plain_printer_free(struct plain_printer *p); /* NULL is fine */

/* Takes everything. */
void plain_printer_accept(struct plain_printer *p, struct slice bytes);
/* Moves what the printer has to say into `out`, as far as it fits; returns how much. */
size_t plain_printer_answer(struct plain_printer *p, uint8_t *out, size_t cap);
/* Off and on again: a half job is lost. */
void plain_printer_power_cycle(struct plain_printer *p);

struct plain_printer_state *plain_printer_state(struct plain_printer *p);
const char *plain_printer_language(const struct plain_printer *p);
/* Jobs that came out, oldest first; valid until the printer is freed. */
size_t plain_printer_job_count(const struct plain_printer *p);
struct slice plain_printer_job(const struct plain_printer *p, size_t index);

#endif
