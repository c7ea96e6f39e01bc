/* gs1_ai.h - the table of application identifiers, made from gs1_ai.tsv and gs1_lists.tsv while
 * building. A row is one identifier or a range of alike ones; at most 255 rows. */
#ifndef PACKD_CODES_GS1_AI_H
#define PACKD_CODES_GS1_AI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum gs1_set {
    GS1_SET_N = 1, /* digits */
    GS1_SET_X = 2, /* character set 82 */
    GS1_SET_Y = 4, /* character set 39 */
    GS1_SET_B = 8, /* base64url */
};

/* What a part is checked for besides characters and length; gs1_check.c. */
enum gs1_check {
    GS1_CHECK_NONE,
    GS1_CHECK_MOD10,
    GS1_CHECK_ALPHA, /* two check characters */
    GS1_CHECK_PREFIX1,
    GS1_CHECK_PREFIX2, /* a company prefix from the first, from the second character on */
    GS1_CHECK_DATE,
    GS1_CHECK_MONTH, /* a date whose day may be 00 */
    GS1_CHECK_LONGDATE,
    GS1_CHECK_TIME,
    GS1_CHECK_HOUR,
    GS1_CHECK_SIXTY,
    GS1_CHECK_COUNTRY,
    GS1_CHECK_COUNTRY999,
    GS1_CHECK_COUNTRY2,
    GS1_CHECK_CURRENCY,
    GS1_CHECK_SEX,
    GS1_CHECK_IBAN,
    GS1_CHECK_PERCENT,
    GS1_CHECK_FLAG,
    GS1_CHECK_NONZERO,
    GS1_CHECK_ZERO,
    GS1_CHECK_NOLEAD, /* no leading zero */
    GS1_CHECK_NONDIGIT,
    GS1_CHECK_WINDING,
    GS1_CHECK_PIECE,
    GS1_CHECK_TURN, /* "1/3" */
    GS1_CHECK_IMPORTER,
    GS1_CHECK_PACKAGE,
    GS1_CHECK_MEDIA,
    GS1_CHECK_LATITUDE,
    GS1_CHECK_LONGITUDE,
    GS1_CHECK_HYPHEN,
    GS1_CHECK_COUPON,
    GS1_CHECK_OFFER,
};

#define GS1_PART_CHECKS 3

struct gs1_part {
    uint8_t set;      /* enum gs1_set */
    uint8_t min, max; /* characters; only the last part varies */
    bool optional;    /* and so is everything behind it */
    uint8_t check[GS1_PART_CHECKS];
};

struct gs1_ai {
    uint16_t first, last; /* as a number; `digits` long */
    uint8_t digits;       /* 2..4 */
    uint8_t parts;
    uint16_t part;    /* index of the first one in gs1_parts */
    uint8_t min, max; /* characters of the value */
    bool fixed;       /* its length ends it, no separator */
    bool in_query;    /* a Digital Link may hold it in its query */
    bool is_key;      /* and in its path */
    bool alone;       /* two different identifiers of this row exclude each other */
    /* Indexes into gs1_partners; 0: none. needs: conditions {alternatives {rows}}; excludes: rows;
     * qualifiers: sequences {rows in order}. Each list begins with its length. */
    uint16_t needs, excludes, qualifiers;
    const char *title;
};

extern const struct gs1_ai gs1_ais[];
extern const size_t gs1_ai_count;
extern const struct gs1_part gs1_parts[];
extern const uint8_t gs1_partners[];

/* By the first two digits: how many digits an identifier has (0: there is none), and where the
 * slots for its further digits are. */
struct gs1_prefix {
    uint8_t digits;
    uint16_t slot;
};
extern const struct gs1_prefix gs1_prefixes[100];
extern const uint8_t gs1_slots[]; /* row + 1; 0: no such identifier */

extern const uint8_t gs1_sets[256]; /* enum gs1_set bits of a character */

/* Bit n of the byte n / 8, from the lowest. */
extern const uint8_t gs1_country[125], gs1_currency[125];
extern const uint8_t gs1_country2[85]; /* 26 x first letter + second */
extern const char gs1_package[][4];    /* ascending */
extern const size_t gs1_package_count;

#endif
