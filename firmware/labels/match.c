#include "firmware/labels/match.h"

#include <assert.h>
#include <string.h>

#include "firmware/labels/labels.h"

#define CODE_BYTES_MAX 512

/* Copies without blanks; what does not fit cannot be a match and is left out as a whole. */
static struct slice without_blanks(struct slice text, uint8_t *room, size_t cap)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == ' ') continue;
        if (n == cap) return SLICE_NONE;
        room[n++] = text.ptr[i];
    }
    return slice_of(room, n);
}

bool labels_scan_matches(const struct config_site *site, const char *carrier_code,
                         struct slice scan, const char *tracking)
{
    uint8_t scan_room[CODE_BYTES_MAX];
    uint8_t tracking_room[TRACKING_CAP];
    struct slice have = without_blanks(scan, scan_room, sizeof scan_room);
    struct slice want = without_blanks(slice_text(tracking), tracking_room, sizeof tracking_room);
    if (want.len == 0 || have.len < want.len) return false;
    const struct config_carrier *carrier = config_carrier_by_code(site, carrier_code);
    if (carrier != NULL && carrier->match == CARRIER_MATCH_CONTAINS) {
        return slice_find(have, want) < have.len;
    }
    if (carrier != NULL && carrier->match == CARRIER_MATCH_PREFIX) {
        return slice_eq(slice_sub(have, 0, want.len), want);
    }
    return slice_eq(have, want);
}

match_mask match_code(const struct config_site *site, const struct match_parcels *parcels,
                      struct slice code)
{
    match_mask mask = 0;
    for (size_t i = 0; i < parcels->count; i++) {
        if (labels_scan_matches(site, parcels->carrier_code, code, parcels->at[i].tracking)) {
            mask |= 1u << i;
        }
    }
    return mask;
}

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* False when it is not whole bytes in hexadecimal, or longer than any label's code. */
static bool unhex(struct slice hex, uint8_t *room, struct slice *out)
{
    if (hex.len == 0 || hex.len % 2 != 0 || hex.len / 2 > CODE_BYTES_MAX) return false;
    for (size_t i = 0; i < hex.len; i += 2) {
        int high = hex_value(hex.ptr[i]);
        int low = hex_value(hex.ptr[i + 1]);
        if (high < 0 || low < 0) return false;
        room[i / 2] = (uint8_t)(high * 16 + low);
    }
    *out = slice_of(room, hex.len / 2);
    return true;
}

match_mask match_lines(const struct config_site *site, const struct match_parcels *parcels,
                       struct slice lines, size_t *out_codes)
{
    match_mask mask = 0;
    uint8_t room[CODE_BYTES_MAX] = {0};
    *out_codes = 0;
    while (lines.len > 0) {
        size_t end = slice_find_byte(lines, '\n');
        struct slice line = slice_sub(lines, 0, end);
        size_t tab = slice_find_byte(line, '\t');
        struct slice code;
        if (tab < line.len && unhex(slice_trim(slice_sub(line, tab + 1, line.len)), room, &code)) {
            mask |= match_code(site, parcels, code);
            (*out_codes)++;
        }
        lines = slice_sub(lines, end + 1, lines.len);
    }
    return mask;
}

/* Several parcels may share one number (a consignment number on each box): then any will do. */
static bool share_a_number(const struct match_parcels *parcels, match_mask mask)
{
    const char *number = NULL;
    for (size_t i = 0; i < parcels->count; i++) {
        if ((mask & (1u << i)) == 0) continue;
        if (number != NULL && strcmp(number, parcels->at[i].tracking) != 0) return false;
        number = parcels->at[i].tracking;
    }
    return true;
}

enum match_verdict match_assign(const struct match_parcels *parcels, const match_mask *masks,
                                size_t *owners, size_t *out_page)
{
    match_mask taken = 0;
    for (size_t page = 0; page < parcels->count; page++) {
        size_t owner = 0;
        *out_page = page;
        if (masks[page] == 0) return MATCH_FOREIGN;
        if (!share_a_number(parcels, masks[page])) return MATCH_AMBIGUOUS;
        match_mask free_ones = masks[page] & ~taken;
        if (free_ones == 0) return MATCH_TWICE;
        while ((free_ones & (1u << owner)) == 0) {
            owner++;
        }
        assert(owner < parcels->count);
        taken |= 1u << owner;
        owners[page] = owner;
    }
    return MATCH_OK;
}
