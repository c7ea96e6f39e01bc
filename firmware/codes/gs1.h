/* gs1.h - GS1 element strings, taken apart and checked while their bytes come in.
 *
 * A push parser: bytes in any chunking, no reading ahead, no allocation; everything it keeps is in
 * struct gs1. Strict: an identifier that does not exist, a length, character, check digit, date or
 * list entry that is not right, a separator out of place, one identifier with two values, and
 * identifiers that exclude each other refuse the whole message, with a named reason.
 * A partner that is missing does not: rules of that kind hold for all codes on one thing together;
 * what is missing is said. */
#ifndef PACKD_CODES_GS1_H
#define PACKD_CODES_GS1_H

#include "firmware/base/slice.h"
#include "firmware/codes/fault.h"
#include "firmware/codes/gs1_ai.h"

#define GS1_SEPARATOR    0x1D
#define GS1_ELEMENTS_MAX 64 /* the largest symbols in use hold fewer than 20 */
#define GS1_VALUE_MAX    90
#define GS1_TEXT_MAX     5760u /* so many values at their longest */

/* An identifier by itself: digits x 10000 + number, so that (01) is not (1). */
typedef uint16_t gs1_id;
#define GS1_ID(digits, number) ((gs1_id)((digits)*10000u + (number)))
#define GS1_SSCC               GS1_ID(2, 0)
#define GS1_GTIN               GS1_ID(2, 1)
#define GS1_CONTENT            GS1_ID(2, 2)
#define GS1_LOT                GS1_ID(2, 10)
#define GS1_PRODUCED           GS1_ID(2, 11)
#define GS1_BEST_BEFORE        GS1_ID(2, 15)
#define GS1_EXPIRY             GS1_ID(2, 17)
#define GS1_SERIAL             GS1_ID(2, 21)
#define GS1_COUNT_OF           GS1_ID(2, 30)
#define GS1_COUNT              GS1_ID(2, 37)
#define GS1_NET_WEIGHT         GS1_ID(4, 3100) /* to 3105: decimals */
#define GS1_EXPIRY_TIME        GS1_ID(4, 7003)

struct gs1_element {
    gs1_id id;
    uint8_t row; /* in gs1_ais */
    uint8_t len;
    uint16_t at; /* in text */
};

struct gs1 {
    enum code_fault fault;
    gs1_id fault_id; /* where; 0: at none */
    gs1_id missing;  /* after the end: a partner that is not there; 0: none is missing */
    gs1_id waiting;  /* the identifier that asks for it */
    uint8_t state;   /* of the parser, like what follows */
    uint8_t count;
    uint8_t digits; /* read of the identifier at hand */
    uint16_t number;
    uint16_t value_at;
    uint16_t len; /* of text */
    const struct gs1_ai *ai;
    uint64_t rows[4]; /* a bit for each row seen */
    struct gs1_element element[GS1_ELEMENTS_MAX];
    uint8_t text[GS1_TEXT_MAX]; /* the values, one after the other */
};

void gs1_begin(struct gs1 *g);
/* After a fault further bytes are ignored. Without symbology identifier, FNC1 as GS. One GS before
 * the first identifier, one behind a value that its length ends, and one at the end do no harm. */
void gs1_push(struct gs1 *g, struct slice bytes);
/* True: at least one element, all valid. False: `fault` says why. */
MUST_CHECK bool gs1_end(struct gs1 *g);

/* The three in one. */
MUST_CHECK bool gs1_read(struct gs1 *g, struct slice message);
/* "(01)09521234543213(10)LOT": as people write it; "\(" stands for a bracket inside a value. */
MUST_CHECK bool gs1_read_brackets(struct gs1 *g, struct slice text);

/* One element from elsewhere (a Digital Link), checked like any other; between begin and end. */
void gs1_add(struct gs1 *g, const struct gs1_ai *ai, gs1_id id, struct slice value);
/* The row of an identifier written in digits; NULL: there is none. */
const struct gs1_ai *gs1_ai_of(struct slice digits, gs1_id *out_id);
/* Ends with a fault, unless there is one. */
void gs1_refuse(struct gs1 *g, enum code_fault fault, gs1_id where);

/* Borrowed from g. gs1_value: of element i; gs1_find: the first of that identifier, empty when it
 * is not there. */
struct slice gs1_value(const struct gs1 *g, size_t i);
struct slice gs1_find(const struct gs1 *g, gs1_id id);
bool gs1_has_row(const struct gs1 *g, size_t row);
/* "01"; "" for 0. */
void gs1_id_text(gs1_id id, char out[5]);
/* "(01)09521234543213(10)LOT". */
void gs1_text(const struct gs1 *g, struct buf *out);

#endif
