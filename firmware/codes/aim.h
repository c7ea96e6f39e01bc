/* aim.h - symbology identifiers: "]" a letter, a modifier. What they say about the data behind. */
#ifndef PACKD_CODES_AIM_H
#define PACKD_CODES_AIM_H

#include "firmware/base/slice.h"

enum aim_data {
    AIM_NONE,       /* no identifier was sent */
    AIM_UNKNOWN,    /* not in the standard's list */
    AIM_PLAIN,      /* text, whatever it looks like */
    AIM_GS1,        /* GS1 element strings */
    AIM_EAN13,      /* 13 digits; 12 (UPC-A), 8 or 6 (UPC-E) from scanners that do not expand */
    AIM_EAN13_MORE, /* the same, 13 digits with an add-on of 2 or 5 behind them */
    AIM_EAN8,       /* 8 digits */
    AIM_ADD_ON,     /* two or five digits that say nothing by themselves */
    AIM_ITF,        /* 14 digits are a GTIN, anything else is text */
    AIM_NOT_CODE,   /* keyboard, magnetic stripe, RFID */
};

struct aim {
    enum aim_data data;
    const char *name; /* "GS1 DataMatrix"; "" when not known. Static */
};

/* `id` is "]C1", or "" for none. */
struct aim aim_of(const char *id);

/* Splits the identifier off a scan as the scanner sent it; empty when it does not begin with one.
 */
struct slice aim_split(struct slice *scan);

#endif
