/* view.h - the picture of the packer's session, complete enough to draw the screen from nothing.
 * Made by the bench, drawn by the console. The same truth for every screen and after every reload.
 */
#ifndef PACKD_BENCH_VIEW_H
#define PACKD_BENCH_VIEW_H

#include "firmware/base/clock.h"
#include "firmware/base/qty.h"
#include "firmware/bench/say.h"
#include "firmware/limits.h"
#include "hal/hal.h"

enum bench_face {
    FACE_IDLE,
    FACE_PACKING,
    FACE_ATTENTION, /* a question: a note or gift message to acknowledge, confirm a partial */
    FACE_REFUSED,   /* a wrong, extra or unknown scan; `blocking` tells whether it must be
                       acknowledged */
    FACE_STOP,      /* this order must not go on; acknowledge */
    FACE_WAITING,   /* a check or a label is awaited */
    FACE_LABEL,     /* stick the label and scan it */
    FACE_SAVED,
};

struct view_line {
    char sku[SKU_CAP];
    char description[NAME_CAP];
    qty_t to_pack; /* base units in this dispatch */
    qty_t packed;  /* over all parcels */
    qty_t ordered;
    qty_t shorted;      /* said to be short at this bench; not in to_pack */
    char unit[8];       /* as ordered */
    qty_t units;        /* ordered, in `unit`; zero: not given */
    qty_t unit_factor;  /* base units in one `unit`; zero: not known */
    char pick_level[8]; /* how it is best picked up: the largest pack that fits, else "unit" */
    qty_t pick_factor;  /* base units in one of them */
    qty_t missing;      /* of the order, and not here: not picked, or short */
    bool done;
    bool current; /* the last one scanned, or the next to pack */
    bool pulse;   /* its count moved with the last event */
};

enum view_parcel_state {
    VIEW_PARCEL_OPEN,
    VIEW_PARCEL_CLOSED,
    VIEW_PARCEL_LABELLED,
    VIEW_PARCEL_PRINTED,
    VIEW_PARCEL_CHECKED,
};

struct view_parcel {
    int number; /* 1..n within this dispatch, as the carrier counts on its labels */
    char packaging[NAME_CAP];
    qty_t units; /* packed into it */
    char tracking[TRACKING_CAP];
    enum view_parcel_state state;
    bool current;
};

struct view_scan {
    int64_t at;             /* wall ms */
    char text[CODE_CAP];    /* control characters visible */
    char outcome[RULE_CAP]; /* message key: "scan.accepted", "scan.wrong_item", ... */
};

/* Another consignment of the same shop order. */
struct view_sibling {
    char reference[REFERENCE_CAP];
    const char *state; /* static: ready, bench, saved, sent, held, stopped */
};
#define VIEW_SIBLINGS_MAX 4

struct view_command {
    const char *name; /* static, without the prefix */
    bool button;      /* worth a button; the rest is in the help */
};

#define VIEW_COMMANDS_MAX 32
#define VIEW_LINES_MAX    LINES_MAX
#define VIEW_SCANS_MAX    12

struct bench_view {
    enum bench_face face;
    bool blocking;          /* further scans are refused until acknowledged */
    struct say headline;    /* the biggest thing */
    struct say detail;      /* the next biggest: for refused, what was expected */
    struct say next_step;   /* what to do now, one line */
    char scanned[CODE_CAP]; /* what was scanned, for FACE_REFUSED */
    char note[NOTE_CAP];    /* the note or gift message to acknowledge, for FACE_ATTENTION */
    char packer[NAME_CAP];
    bool help;                                       /* the commands are asked for */
    struct view_command commands[VIEW_COMMANDS_MAX]; /* that do something now */
    size_t command_count;
    enum hal_tone tone; /* the last signal; played by the page when tone_serial moves */
    uint32_t tone_serial;

    char reference[REFERENCE_CAP]; /* "" when no order is open */
    char shop_order[ID_CAP];
    char channel[24];
    char carrier[NAME_CAP];
    char service[NAME_CAP];          /* what Clarus has on the order */
    char promised_service[NAME_CAP]; /* what the customer was promised; "" not known */
    char service_bought[NAME_CAP];   /* "" until bought */
    bool delivery_note_sent;
    bool has_delivery_note;
    int64_t dispatch_due;    /* wall ms; 0: none */
    int64_t first_at;        /* when the station first heard of the order, wall ms; 0: not known */
    int64_t cut_off;         /* the carrier's next collection, wall ms; 0: none */
    char recipient[SAY_CAP]; /* read only */
    char recipient_source[24];
    struct view_sibling siblings[VIEW_SIBLINGS_MAX];
    size_t sibling_count; /* may exceed VIEW_SIBLINGS_MAX */
    struct say notice;    /* reported beside the work: "delivery note not sent to the carrier" */

    struct view_line lines[VIEW_LINES_MAX];
    size_t line_count;
    qty_t units_total;
    qty_t units_packed;
    struct view_parcel parcels[PARCELS_MAX];
    size_t parcel_count;

    struct view_scan scans[VIEW_SCANS_MAX]; /* newest first */
    size_t scan_count;

    char list[CODE_CAP];                /* pick list in work; "": none */
    size_t list_left;                   /* orders of it that follow */
    size_t holds_waiting;               /* tagged boxes whose label is not here */
    size_t holds_ready;                 /* and those whose tag only needs to be scanned */
    char last_reference[REFERENCE_CAP]; /* last SAVED */
    int64_t last_saved_at;
    size_t last_parcels;
    char last_service[NAME_CAP];
};

#endif
