/* zpl_printer.h - a label printer that speaks ZPL, for demonstrations, tests and the simulator.
 *
 * Pure: bytes in, bytes out, time as an argument. It keeps the ZPL of each label that came out,
 * counts labels, answers ~HS and ~HI, and can be broken in the ways real ones break.
 *
 * As a real one: `~` commands act at once wherever they stand; a format is what lies between ^XA
 * and ^XZ; complete formats wait in a bounded buffer and print one after the other; a label under
 * way when a fault comes is printed after the fault is over; power loss empties the buffer. */
#ifndef PACKD_TOOLS_VIRTUAL_ZPL_PRINTER_H
#define PACKD_TOOLS_VIRTUAL_ZPL_PRINTER_H

#include "firmware/base/clock.h"
#include "firmware/base/slice.h"

struct zpl_printer;

struct zpl_printer_options {
    uint32_t print_ms; /* per label; 0: 300 */
    size_t buffer_max; /* bytes waiting to be printed; 0: 1 MiB */
    size_t accept_max; /* bytes taken per zpl_printer_accept; 0: as many as fit */
};

/* Set and clear at will; each acts from the next call on. */
struct zpl_printer_faults {
    bool paper_out;
    bool ribbon_out;
    bool head_open;
    bool paused;
    bool head_hot;
    bool silent;        /* answers nothing */
    bool half_reply;    /* only the beginning of each answer comes */
    bool noise;         /* bytes of noise before each answer */
    bool takes_nothing; /* accepts no byte */
};

struct zpl_printer_label {
    struct slice zpl; /* from ^XA to ^XZ; valid until the printer is freed */
    uint32_t copy;    /* 1..n of one format: more than 1 only if ^PQ asked for it */
    mono_t at;
};

/* NULL options: defaults. NULL when out of memory. */
struct zpl_printer *zpl_printer_new(const struct zpl_printer_options *options);
void zpl_printer_free(struct zpl_printer *p); /* NULL is fine */

/* Takes what fits and returns how much that was. */
size_t zpl_printer_accept(struct zpl_printer *p, struct slice bytes, mono_t now);
/* Moves what the printer has to say into `out`, as far as it fits; returns how much. */
size_t zpl_printer_answer(struct zpl_printer *p, uint8_t *out, size_t cap);
/* Prints what is due. */
void zpl_printer_tick(struct zpl_printer *p, mono_t now);
/* When zpl_printer_tick has something to do; MONO_NEVER: nothing. */
mono_t zpl_printer_deadline(const struct zpl_printer *p);

/* For reading and for setting. */
struct zpl_printer_faults *zpl_printer_faults(struct zpl_printer *p);
/* Off and on again: the buffer, a half format and a label under way are lost, a pause is over. */
void zpl_printer_power_cycle(struct zpl_printer *p);

/* Labels that came out, oldest first. */
size_t zpl_printer_label_count(const struct zpl_printer *p);
struct zpl_printer_label zpl_printer_label(const struct zpl_printer *p, size_t index);
/* Complete formats waiting or printing. */
size_t zpl_printer_waiting(const struct zpl_printer *p);
/* Commands that no label of ours contains: settings, stored files, renamed prefixes, unknown `~`
 * commands. Not 0: somebody's text became a command. */
size_t zpl_printer_strangers(const struct zpl_printer *p);

#endif
