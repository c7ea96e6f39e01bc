/* scale.h - one scale: what lies on it now, and how sure that is.
 *
 * A dialect is a const table: how to ask, and a push parser that finds its way after noise. This
 * module keeps the newest reading, asks where the scale must be asked, and bounds one that floods.
 * A weight is good only as SCALE_STABLE: the scale said so in two equal readings, not long ago. */
#ifndef PACKD_DRIVERS_SCALE_H
#define PACKD_DRIVERS_SCALE_H

#include "hal/hal.h"
#include "firmware/limits.h"

enum scale_state {
    SCALE_ABSENT, /* no device */
    SCALE_SILENT, /* there, and nothing understood for a while */
    SCALE_MOVING,
    SCALE_STABLE, /* two equal stable readings */
    SCALE_OVER,   /* more than it can weigh */
    SCALE_UNDER,  /* below zero: something was taken off its tray, or it was not zeroed */
    SCALE_FAULT,  /* it reports an error, or speaks of a unit nobody knows */
    SCALE_STATE_COUNT,
};

struct scale_weight {
    enum scale_state state;
    int64_t mg;  /* milligrams; valid when STABLE, for the screen when MOVING; else 0 */
    bool net;    /* a tare is set on the scale itself: not the gross weight */
    bool floods; /* it sends more than is read; readings are left out */
};

/* One reading as the scale sent it. */
struct scale_reading {
    enum scale_state state; /* MOVING, STABLE, OVER, UNDER or FAULT */
    int64_t mg;
    bool net;
};

struct scale_parser {
    uint8_t bytes[64];
    size_t len;
    bool spoilt; /* up to the next end of a frame */
};

struct scale_dialect {
    const char *name;
    struct slice query; /* empty: it sends by itself */
    bool reports;       /* each DATA event is one report, not a part of a stream */
    /* Consumes one byte; true when a reading is complete in *out. */
    bool (*push)(struct scale_parser *p, uint8_t byte, struct scale_reading *out);
};

extern const struct scale_dialect scale_sics;
extern const struct scale_dialect scale_toledo; /* continuous output */
extern const struct scale_dialect scale_cas;    /* "ST,GS,+  1.234kg"; CAS, A&D and others */
extern const struct scale_dialect scale_nci;    /* "W"; Brecknell, Weigh-Tronix, NCI */
extern const struct scale_dialect scale_hid;    /* USB HID scales */
/* NULL: unknown name. */
const struct scale_dialect *scale_dialect_by_name(const char *name);

/* "  1.234", "kg" in milligrams, rounded; also '-' and '+'. ERR_PROTO: not a number. ERR_INVALID:
 * an unknown unit. At most 8 digits. */
MUST_CHECK err_t scale_decimal(struct slice number, struct slice unit, int64_t *out_mg);

struct scale_options {
    const struct scale_dialect *dialect;
    uint32_t poll_ms; /* between two questions; 0: 300 */
    /* State or weight changed. Must not call back into the scale. May be NULL. */
    void (*changed)(void *ctx);
    /* It has bytes to send: call scale_pump in the send phase. May be NULL where nothing is asked.
     */
    void (*wants_send)(void *ctx);
    void *ctx;
};

struct scale;
MUST_CHECK err_t scale_new(const struct scale_options *options, struct scale **out);
void scale_free(struct scale *s); /* NULL is fine */

struct scale_weight scale_now(const struct scale *s, mono_t now);
const char *scale_identity(const struct scale *s); /* "" when not present */
/* "overloaded", "does not answer"; "" when nothing is wrong. */
const char *scale_trouble(const struct scale *s, mono_t now);

void scale_arrived(struct scale *s, hal_port_t port, const char *identity, mono_t now);
void scale_gone(struct scale *s);
void scale_data(struct scale *s, struct slice bytes, mono_t now);
void scale_tick(struct scale *s, mono_t now);
mono_t scale_deadline(const struct scale *s);
/* Send phase. */
void scale_pump(struct scale *s, struct hal *hal, mono_t now);

#endif
