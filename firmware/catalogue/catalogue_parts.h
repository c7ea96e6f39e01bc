/* catalogue_parts.h - what the files that write the catalogue share. */
#ifndef PACKD_CATALOGUE_PARTS_H
#define PACKD_CATALOGUE_PARTS_H

#include <string.h>

#include "firmware/catalogue/catalogue.h"

/* Opens the transaction and prepares. */
static inline err_t prepare_write(struct store *st, const char *sql, sqlite3_stmt **out)
{
    err_t e = store_begin(st);
    if (e) return e;
    return store_prepare(st, sql, out);
}

static inline bool fits(const char *text, size_t cap)
{
    return text == NULL || strlen(text) < cap;
}

static inline bool is_key(const char *text, size_t cap)
{
    return text != NULL && text[0] != '\0' && fits(text, cap);
}

#endif
