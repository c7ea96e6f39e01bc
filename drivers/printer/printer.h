/* printer.h - one label printer: takes one job at a time and says honestly what became of it.
 *
 *   printed  the printer took the bytes and reports no error afterwards
 *   refused  evidence that it did not print; nothing lies in its buffer
 *   unknown  cannot tell: never sent again by itself; the scan-back settles it
 *
 * A dialect (ZPL, EPL2, TSPL, ESC/POS) is a const table: how to ask for status, how to read the
 * answer, whether the printer can say a mark back once it came to it. This module runs the order of
 * things: status before, the job's bytes as the port takes them, status or mark after. */
#ifndef PACKD_DRIVERS_PRINTER_H
#define PACKD_DRIVERS_PRINTER_H

#include "hal/hal.h"
#include "firmware/limits.h"

/* What the printer says about itself; bits. */
enum printer_flag {
    PRINTER_PAPER_OUT = 1u << 0,
    PRINTER_RIBBON_OUT = 1u << 1,
    PRINTER_HEAD_OPEN = 1u << 2,
    PRINTER_PAUSED = 1u << 3,
    PRINTER_HOT = 1u << 4,
    PRINTER_COLD = 1u << 5,
    PRINTER_BUFFER_FULL = 1u << 6,
    PRINTER_HALF_FORMAT = 1u << 7, /* part of a label lies in its buffer */
    PRINTER_BUSY = 1u << 8,        /* labels waiting or printing */
    PRINTER_TAKE_LABEL = 1u << 9,  /* peel-off: waits for the hand */
    PRINTER_FAULT = 1u << 10,      /* any other error it reports */
    PRINTER_SETTINGS_LOST = 1u << 11,
    PRINTER_SILENT = 1u << 12,    /* asked and not answered: its state is not known */
    PRINTER_PAPER_LOW = 1u << 13, /* it still prints */
    PRINTER_CUTTER = 1u << 14,
    PRINTER_JAM = 1u << 15,
    PRINTER_MEDIA_OUT = 1u << 16,    /* paper or ribbon: it does not say which */
    PRINTER_WRONG_DPI = 1u << 17,    /* its head has another resolution than the labels */
    PRINTER_OTHER_LENGTH = 1u << 18, /* its labels are longer or shorter; it still prints */
    PRINTER_STRANGE = 1u << 19,      /* answers, but not in its language */
};
/* Flags that mean "will not print now". */
#define PRINTER_STOPPED                                                                            \
    (PRINTER_PAPER_OUT | PRINTER_RIBBON_OUT | PRINTER_HEAD_OPEN | PRINTER_PAUSED | PRINTER_HOT |   \
     PRINTER_BUFFER_FULL | PRINTER_FAULT | PRINTER_SILENT | PRINTER_CUTTER | PRINTER_JAM |         \
     PRINTER_MEDIA_OUT | PRINTER_WRONG_DPI | PRINTER_STRANGE)

/* One thing a printer said. */
enum printer_says {
    PRINTER_SAYS_STATUS,
    PRINTER_SAYS_MODEL,
    PRINTER_SAYS_MARK,
};
struct printer_status {
    enum printer_says says;
    uint32_t flags;      /* STATUS */
    uint32_t waiting;    /* STATUS: formats in the receive buffer plus labels left of the batch */
    uint32_t label_dots; /* STATUS: length of its labels; 0: not said */
    uint32_t mark;       /* MARK: the number it came to */
    uint16_t dpi;        /* MODEL */
};

/* Reads what a printer says. Bytes in any chunking. */
struct printer_parser {
    uint8_t bytes[512];
    size_t len;
    uint32_t stage; /* the dialect's own; 0: what it keeps is worth nothing once asked anew */
};

#define PRINTER_MARK_MAX 0xFFFFFFu

struct printer_dialect {
    const char *name;
    struct slice status_query; /* sent to ask; empty: this dialect cannot be asked */
    struct slice clear_half;   /* removes a half format from the buffer; may be empty */
    struct slice clear_all;    /* drops everything waiting; sent after reconnecting */
    struct slice hello;        /* asks for the model, once after connecting; may be empty */
    /* Consumes one byte; true when something said is complete, in *out. Resynchronises after
     * noise. */
    bool (*push)(struct printer_parser *p, uint8_t byte, struct printer_status *out);
    /* Appends a command that makes the printer say `number` (up to PRINTER_MARK_MAX) back once
     * everything before it is on paper. NULL: the language has none. Not every model knows it: a
     * mark is sent after connecting, and jobs end with one only where that came back. */
    void (*mark)(uint32_t number, struct buf *out);
};

extern const struct printer_dialect printer_zpl;
extern const struct printer_dialect printer_epl;
extern const struct printer_dialect printer_tspl;
extern const struct printer_dialect printer_escpos;

/* Consumes *rest up to the end of the next thing said; false: nothing more is complete. */
bool printer_dialect_read(const struct printer_dialect *d, struct printer_parser *p,
                          struct slice *rest, struct printer_status *out);
/* NULL: unknown name. */
const struct printer_dialect *printer_dialect_by_name(const char *name);

enum print_outcome {
    PRINT_PRINTED,
    PRINT_REFUSED,
    PRINT_UNKNOWN,
};
struct print_result {
    uint32_t job;
    enum print_outcome outcome;
    bool evidence;      /* the printer itself said so; false: a one-way printer, nothing read */
    bool marked;        /* strong evidence: it said the job's mark back */
    uint32_t flags;     /* printer_flag bits seen */
    char text[SAY_CAP]; /* for the screen: "paper out" */
};

struct printer; /* one device */

struct printer_options {
    const struct printer_dialect *dialect;
    bool answers;               /* false: a one-way link, nothing can be read back */
    uint32_t status_timeout_ms; /* default 2000 */
    uint32_t job_expiry_ms;     /* a job not begun by then is refused; default 60000 */
    uint16_t dpi;               /* of the labels; 0: any */
    uint32_t label_dots;        /* length of the labels; 0: any */
    uint32_t tolerance_dots;
    /* Is the job still wanted? Asked right before its first byte; NULL: always. */
    bool (*wanted)(void *ctx, uint32_t job);
    /* Called during printer_* calls of the step phase; must not call back into the printer. */
    void (*result)(void *ctx, const struct print_result *r);
    void (*changed)(void *ctx); /* flags or presence changed */
    /* The printer has bytes to send: call printer_pump in the send phase. */
    void (*wants_send)(void *ctx);
    void *ctx;
};

MUST_CHECK err_t printer_new(const struct printer_options *options, struct printer **out);
void printer_free(struct printer *p); /* NULL is fine */

/* ERR_BUSY: a job is under way. ERR_GONE: no device. Bytes are copied (<= LABEL_JOB_MAX). */
MUST_CHECK err_t printer_print(struct printer *p, uint32_t job, struct slice bytes, mono_t now);
/* The job is no longer wanted: REFUSED if nothing was sent, else it runs to its end. */
void printer_withdraw(struct printer *p, uint32_t job, mono_t now);
/* The round that decided about the job was not committed: REFUSED if nothing was sent, as above. */
void printer_abandon(struct printer *p, mono_t now);
bool printer_is_present(const struct printer *p);
bool printer_is_busy(const struct printer *p);
uint32_t printer_flags(const struct printer *p);
const char *printer_identity(const struct printer *p); /* "" when not present */
/* "paper out, head open" for people; "" when nothing is wrong. */
void printer_flags_text(uint32_t flags, char *out, size_t cap);

void printer_arrived(struct printer *p, hal_port_t port, const char *identity, mono_t now);
void printer_gone(struct printer *p, mono_t now);
void printer_data(struct printer *p, struct slice bytes, mono_t now);
void printer_writable(struct printer *p, mono_t now);
void printer_tick(struct printer *p, mono_t now);
mono_t printer_deadline(const struct printer *p);
/* Send phase: writes what is due to the port. */
void printer_pump(struct printer *p, struct hal *hal, mono_t now);

#endif
