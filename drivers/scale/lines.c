/* Scales that speak in lines of text: MT-SICS, the comma format of CAS, A&D and others, and NCI. */
#include "drivers/scale/scale.h"

#include <string.h>

#include "firmware/base/text.h"

#define CR  0x0D
#define LF  0x0A
#define ETX 0x03

typedef bool read_line(struct slice line, struct scale_reading *out);

/* Collects up to CR or LF; a line too long or begun in the middle is left out. */
static bool push_line(struct scale_parser *p, uint8_t byte, read_line *read,
                      struct scale_reading *out)
{
    if (byte == CR || byte == LF) {
        bool whole = !p->spoilt && p->len > 0 && read(slice_of(p->bytes, p->len), out);
        p->len = 0;
        p->spoilt = false;
        return whole;
    }
    if (p->len == sizeof p->bytes) p->spoilt = true;
    if (!p->spoilt) p->bytes[p->len++] = byte;
    return false;
}

/* The unit is what follows the last digit. */
static size_t number_end(struct slice s)
{
    size_t end = s.len;
    while (end > 0 && (s.ptr[end - 1] < '0' || s.ptr[end - 1] > '9') && s.ptr[end - 1] != '.') {
        end--;
    }
    return end;
}

/* "  1.234 kg" as a reading; false: not a number at all. */
static bool read_weight(struct slice s, bool stable, struct scale_reading *out)
{
    int64_t mg = 0;
    size_t end = number_end(s);
    err_t e = scale_decimal(slice_sub(s, 0, end), slice_sub(s, end, s.len), &mg);
    if (e == ERR_PROTO) return false;
    out->state = e ? SCALE_FAULT : stable ? SCALE_STABLE : SCALE_MOVING;
    if (!e && mg < 0 && !out->net) out->state = SCALE_UNDER;
    out->mg = e ? 0 : mg;
    return true;
}

/* --------------------------------------------------------------------------------- MT-SICS -- */

/* "S S     100.00 g", "S D ...", "S +", "S -", "S I"; "ES", "EL", "ET" are errors of the link. */
static bool read_sics(struct slice line, struct scale_reading *out)
{
    *out = (struct scale_reading){.state = SCALE_FAULT};
    if (slice_is(line, "ES") || slice_is(line, "EL") || slice_is(line, "ET")) return true;
    if (line.len < 3 || !slice_starts(line, "S ")) return false;
    struct slice rest = slice_sub(line, 3, line.len);
    bool alone = slice_trim(rest).len == 0;
    switch (line.ptr[2]) {
    case 'S':
    case 'D':
        return rest.len > 0 && rest.ptr[0] == ' ' && read_weight(rest, line.ptr[2] == 'S', out);
    case '+':
        out->state = SCALE_OVER;
        return alone;
    case '-':
        out->state = SCALE_UNDER;
        return alone;
    case 'I':
        out->state = SCALE_MOVING;
        return alone;
    default:
        return false;
    }
}

static bool sics_push(struct scale_parser *p, uint8_t byte, struct scale_reading *out)
{
    return push_line(p, byte, read_sics, out);
}

const struct scale_dialect scale_sics = {
    .name = "sics",
    .query = {(const uint8_t *)"SI\r\n", 4},
    .push = sics_push,
};

/* ----------------------------------------------------------------------------- comma format -- */

static size_t last_comma(struct slice s)
{
    size_t at = s.len;
    while (at > 0 && s.ptr[at - 1] != ',') {
        at--;
    }
    return at;
}

static bool is_number_begin(uint8_t c)
{
    return c == '+' || c == '-' || c == ' ' || (c >= '0' && c <= '9');
}

/* "ST,GS,+  1.234kg": ST stable, US moving, OL overload; GS gross, NT net, TR the tare itself. CAS
 * puts two bytes and a comma before the weight; some leave out the comma after GS, A&D all of it.
 */
static bool read_cas(struct slice line, struct scale_reading *out)
{
    *out = (struct scale_reading){.state = SCALE_FAULT};
    struct slice head = slice_sub(line, 0, 3);
    struct slice kind = slice_sub(line, 3, 5);
    bool stable = slice_is(head, "ST,");
    bool over = slice_is(head, "OL,");
    if (!stable && !over && !slice_is(head, "US,")) return false;
    bool net = slice_is(kind, "NT");
    bool named = net || slice_is(kind, "GS");
    if (!named && (kind.len == 0 || !is_number_begin(kind.ptr[0]))) return false;
    size_t comma = last_comma(line);
    struct slice weight = slice_sub(line, named && comma < 5 ? 5 : comma, line.len);
    out->net = net;
    if (over) {
        bool below = slice_find_byte(weight, '-') < weight.len;
        out->state = below ? SCALE_UNDER : SCALE_OVER;
        return true;
    }
    return read_weight(weight, stable, out);
}

static bool cas_push(struct scale_parser *p, uint8_t byte, struct scale_reading *out)
{
    return push_line(p, byte, read_cas, out);
}

const struct scale_dialect scale_cas = {.name = "cas", .push = cas_push};

/* ------------------------------------------------------------------------------------- NCI -- */

#define NCI_MOVING 0x01

/* LF weight unit CR LF status CR ETX. The two lines are kept together until ETX; the first status
 * byte says whether the weight moves. */
static bool read_nci(struct slice frame, struct scale_reading *out)
{
    size_t end = slice_find_byte(frame, CR);
    struct slice weight = slice_sub(frame, 0, end);
    struct slice status = slice_sub(frame, end + 1, frame.len);
    *out = (struct scale_reading){.state = SCALE_FAULT};
    while (status.len > 0 && status.ptr[0] == LF) {
        status = slice_sub(status, 1, status.len);
    }
    if (weight.len == 0 || status.len < 2 || (status.ptr[0] & 0x30) != 0x30) return false;
    bool over = slice_find_byte(weight, '^') < weight.len;
    bool under = slice_find_byte(weight, '_') < weight.len;
    if (over || under) {
        out->state = over ? SCALE_OVER : SCALE_UNDER;
        return true;
    }
    return read_weight(weight, (status.ptr[0] & NCI_MOVING) == 0, out);
}

static bool nci_push(struct scale_parser *p, uint8_t byte, struct scale_reading *out)
{
    if (byte == ETX) {
        struct slice frame = slice_of(p->bytes, p->len);
        if (frame.len > 0 && frame.ptr[0] == LF) frame = slice_sub(frame, 1, frame.len);
        bool whole = !p->spoilt && frame.len > 0 && read_nci(frame, out);
        p->len = 0;
        p->spoilt = false;
        return whole;
    }
    if (p->len == sizeof p->bytes) p->spoilt = true;
    if (!p->spoilt) p->bytes[p->len++] = byte;
    return false;
}

const struct scale_dialect scale_nci = {
    .name = "nci",
    .query = {(const uint8_t *)"W\r", 2},
    .push = nci_push,
};
