/* label.h - carrier labels as documents: PDF, PNG or ZPL, one page per parcel, right and wrong
 * ones. Every label carries its tracking number as Code 128. */
#ifndef PACKPEERS_LABEL_H
#define PACKPEERS_LABEL_H

#include "tools/packpeers/world.h"

/* What one page shows. Texts are UTF-8 and may be NULL. */
struct label_page {
    const char *carrier;
    const char *service;
    const struct address *ship_to;
    const char *order;
    const char *tracking; /* printed */
    const char *barcode;  /* in the bars; the same unless the label is meant to be wrong */
    const char *note;     /* delivery note */
    uint32_t number;      /* n of m */
    uint32_t of;
    int64_t weight; /* thousandths of a kilogram */
};

/* Widths of bars and spaces in modules, a bar first. Source: ISO/IEC 15417. */
#define CODE128_WIDTHS_MAX 400
struct code128 {
    uint8_t widths[CODE128_WIDTHS_MAX];
    size_t count;
    unsigned modules;
};
/* Printable ASCII, 1..48 characters. ERR_INVALID otherwise. */
MUST_CHECK err_t code128_make(struct slice text, struct code128 *out);

struct pdf_size {
    double width; /* points */
    double height;
};
#define PDF_100X150 ((struct pdf_size){283.46, 425.20})
#define PDF_4X6     ((struct pdf_size){288.0, 432.0})
#define PDF_A4      ((struct pdf_size){595.0, 842.0})

#define LABEL_PAGES_MAX 100

/* Appends a whole PDF; `extra` adds an empty page after each label. */
void label_pdf(struct buf *out, const struct label_page *pages, size_t count, struct pdf_size size,
               bool extra);
void label_png(struct buf *out, const struct label_page *page);
void label_zpl(struct buf *out, const struct label_page *pages, size_t count);

/* Answers with the bytes of a document. NULL: 404. */
void label_document(const struct peers *p, const struct document *d, struct peer_reply *reply);

#endif
