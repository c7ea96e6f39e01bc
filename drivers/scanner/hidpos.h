/* hidpos.h - a scanner that speaks HID-POS: where its reports hold the code, and codes out of them.
 *
 * The report descriptor says where length, AIM identifier, data and the continued bit lie; layouts
 * differ between makers. Descriptor and reports are hostile until read: nothing here follows a
 * number of theirs beyond the bytes that are there. Facts: devices.md section 7. */
#ifndef PACKD_DRIVERS_HIDPOS_H
#define PACKD_DRIVERS_HIDPOS_H

#include "firmware/base/clock.h"
#include "firmware/base/slice.h"
#include "firmware/limits.h"

/* A continued code whose next report does not come within this is dropped. */
#define HIDPOS_STALE_MS 500

/* Offsets count bits from the beginning of the report, its id included; 0: the report has none. */
struct hidpos_layout {
    uint8_t report_id; /* 0: reports have no ids */
    uint16_t length_at;
    uint16_t aim_at;
    uint16_t data_at;
    uint16_t data_bytes;
    uint16_t continued_at;
    bool has_length;
};

/* ERR_PROTO: not a report descriptor. ERR_UNSUPPORTED: no field of decoded data: not a scanner. */
MUST_CHECK err_t hidpos_layout_read(struct slice descriptor, struct hidpos_layout *out);

struct hidpos {
    struct hidpos_layout layout;
    uint8_t text[SCAN_MAX];
    size_t len;
    char aim[4]; /* "" when the reports carry none */
    bool too_long;
    bool goes_on; /* more of this code is to come */
    bool whole;   /* the code was handed out */
    mono_t last_report;
};

enum hidpos_news {
    HIDPOS_NOTHING, /* another report, or more to come */
    HIDPOS_SCAN,    /* text and aim hold a whole code until the next call */
    HIDPOS_TOO_LONG,
    HIDPOS_BROKEN, /* a code that never ended was dropped */
};

void hidpos_init(struct hidpos *h, const struct hidpos_layout *layout);
/* Call hidpos_tick first. */
enum hidpos_news hidpos_report(struct hidpos *h, struct slice report, mono_t now);
/* HIDPOS_BROKEN when a code waited too long for its end; else nothing. */
enum hidpos_news hidpos_tick(struct hidpos *h, mono_t now);
mono_t hidpos_deadline(const struct hidpos *h);

#endif
