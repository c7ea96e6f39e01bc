#include "firmware/codes/aim.h"

#include <string.h>

/* The first row that fits counts. */
static const struct row {
    char letter;
    const char *modifiers; /* NULL: every one */
    enum aim_data data;
    const char *name;
} rows[] = {
    {'A', NULL, AIM_PLAIN, "Code 39"},
    {'B', NULL, AIM_PLAIN, "Telepen"},
    {'C', "1", AIM_GS1, "GS1-128"},
    {'C', "024", AIM_PLAIN, "Code 128"},
    {'D', NULL, AIM_PLAIN, "Code One"},
    {'E', "0", AIM_EAN13, "EAN-13 or UPC"},
    {'E', "3", AIM_EAN13_MORE, "EAN-13 or UPC with add-on"},
    {'E', "4", AIM_EAN8, "EAN-8"},
    {'E', "12", AIM_ADD_ON, "EAN add-on"},
    {'F', NULL, AIM_PLAIN, "Codabar"},
    {'G', NULL, AIM_PLAIN, "Code 93"},
    {'H', NULL, AIM_PLAIN, "Code 11"},
    {'I', "013", AIM_ITF, "Interleaved 2 of 5"},
    {'J', "14", AIM_GS1, "GS1 DotCode"},
    {'J', "0235", AIM_PLAIN, "DotCode"},
    {'K', NULL, AIM_PLAIN, "Code 16K"},
    {'L', NULL, AIM_PLAIN, "PDF417"},
    {'M', NULL, AIM_PLAIN, "MSI"},
    {'N', NULL, AIM_PLAIN, "Anker"},
    {'O', NULL, AIM_PLAIN, "Codablock"},
    {'P', NULL, AIM_PLAIN, "Plessey"},
    {'Q', "34", AIM_GS1, "GS1 QR Code"},
    {'Q', "01256", AIM_PLAIN, "QR Code"},
    {'R', NULL, AIM_PLAIN, "Straight 2 of 5"},
    {'S', NULL, AIM_PLAIN, "Straight 2 of 5"},
    {'T', NULL, AIM_PLAIN, "Code 49"},
    {'U', NULL, AIM_PLAIN, "MaxiCode"},
    {'X', NULL, AIM_PLAIN, "other"},
    {'Y', NULL, AIM_PLAIN, "system expansion"},
    {'Z', NULL, AIM_NOT_CODE, "not a bar code"},
    {'c', NULL, AIM_PLAIN, "Channel Code"},
    {'d', "25", AIM_GS1, "GS1 DataMatrix"},
    {'d', "01346", AIM_PLAIN, "Data Matrix"},
    {'e', "0", AIM_GS1, "GS1 DataBar"},
    {'e', "123", AIM_PLAIN, "GS1 composite"},
    {'h', "2", AIM_GS1, "GS1 Han Xin"},
    {'h', "01", AIM_PLAIN, "Han Xin"},
    {'o', NULL, AIM_PLAIN, "OCR"},
    {'p', NULL, AIM_PLAIN, "PosiCode"},
    {'s', NULL, AIM_PLAIN, "SuperCode"},
    {'z', NULL, AIM_PLAIN, "Aztec"},
};

static bool is_modifier(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F');
}

struct aim aim_of(const char *id)
{
    if (id[0] == '\0') return (struct aim){AIM_NONE, ""};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *r = &rows[i];
        if (id[0] != ']' || id[1] != r->letter || !is_modifier(id[2])) continue;
        if (!r->modifiers || strchr(r->modifiers, id[2])) return (struct aim){r->data, r->name};
    }
    return (struct aim){AIM_UNKNOWN, ""};
}

struct slice aim_split(struct slice *scan)
{
    struct slice s = *scan;
    bool letter = s.len >= 3 &&
                  ((s.ptr[1] >= 'A' && s.ptr[1] <= 'Z') || (s.ptr[1] >= 'a' && s.ptr[1] <= 'z'));
    if (!letter || s.ptr[0] != ']' || !is_modifier((char)s.ptr[2])) return SLICE_NONE;
    *scan = slice_sub(s, 3, s.len);
    return slice_sub(s, 0, 3);
}
