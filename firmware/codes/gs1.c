#include "firmware/codes/gs1.h"

#include <assert.h>
#include <string.h>

#include "firmware/codes/gs1_check.h"

static_assert(GS1_TEXT_MAX <= UINT16_MAX, "places in the text are 16 bits");
static_assert(GS1_TEXT_MAX == GS1_ELEMENTS_MAX * GS1_VALUE_MAX, "room for every value");

enum {
    AT_START,    /* one separator may come first */
    AT_AI,       /* an identifier begins, or the end */
    IN_AI,       /* some of its digits are read */
    IN_VALUE,    /* of the identifier `ai` */
    AFTER_FIXED, /* one separator may follow */
};

void gs1_begin(struct gs1 *g)
{
    g->fault = CODE_OK;
    g->fault_id = g->missing = g->waiting = 0;
    g->state = AT_START;
    g->count = g->digits = 0;
    g->number = g->value_at = g->len = 0;
    g->ai = NULL;
    memset(g->rows, 0, sizeof g->rows);
}

void gs1_refuse(struct gs1 *g, enum code_fault fault, gs1_id where)
{
    if (g->fault) return;
    g->fault = fault;
    g->fault_id = where;
}

static gs1_id id_at_hand(const struct gs1 *g)
{
    return GS1_ID(g->ai->digits, g->number);
}

bool gs1_has_row(const struct gs1 *g, size_t row)
{
    return (g->rows[row / 64] >> (row % 64) & 1u) != 0;
}

struct slice gs1_value(const struct gs1 *g, size_t i)
{
    assert(i < g->count);
    return slice_of(g->text + g->element[i].at, g->element[i].len);
}

struct slice gs1_find(const struct gs1 *g, gs1_id id)
{
    for (size_t i = 0; i < g->count; i++)
        if (g->element[i].id == id) return gs1_value(g, i);
    return SLICE_NONE;
}

/* -------------------------------------------------------------------------------------- elements
 * -- */

/* The row was seen before: the same identifier must say the same, and some rows stand alone. */
static enum code_fault judge_again(const struct gs1 *g, const struct gs1_ai *ai, gs1_id id,
                                   struct slice value)
{
    size_t row = (size_t)(ai - gs1_ais);
    for (size_t i = 0; i < g->count; i++) {
        const struct gs1_element *e = &g->element[i];
        if (e->row != row) continue;
        if (e->id == id && !slice_eq(gs1_value(g, i), value)) return CODE_REPEATED;
        if (e->id != id && ai->alone) return CODE_EXCLUDES;
    }
    return CODE_OK;
}

/* `value` is the end of the text already. */
static void take_element(struct gs1 *g, const struct gs1_ai *ai, gs1_id id, struct slice value)
{
    size_t row = (size_t)(ai - gs1_ais);
    enum code_fault fault = gs1_check_value(ai, value);
    if (!fault && gs1_has_row(g, row)) fault = judge_again(g, ai, id, value);
    if (!fault && g->count == GS1_ELEMENTS_MAX) fault = CODE_TOO_MANY;
    if (fault) {
        gs1_refuse(g, fault, id);
        return;
    }
    g->element[g->count++] = (struct gs1_element){.id = id,
                                                  .row = (uint8_t)row,
                                                  .len = (uint8_t)value.len,
                                                  .at = (uint16_t)(value.ptr - g->text)};
    g->rows[row / 64] |= (uint64_t)1 << (row % 64);
}

void gs1_add(struct gs1 *g, const struct gs1_ai *ai, gs1_id id, struct slice value)
{
    if (value.len > ai->max) gs1_refuse(g, CODE_VALUE_LONG, id);
    if (value.len > GS1_TEXT_MAX - (size_t)g->len) gs1_refuse(g, CODE_TOO_MANY, id);
    if (g->fault) return;
    uint8_t *at = g->text + g->len;
    if (value.len > 0) memcpy(at, value.ptr, value.len);
    g->len = (uint16_t)(g->len + value.len);
    take_element(g, ai, id, slice_of(at, value.len));
}

static void end_value(struct gs1 *g)
{
    take_element(g, g->ai, id_at_hand(g),
                 slice_of(g->text + g->value_at, (size_t)(g->len - g->value_at)));
}

/* ------------------------------------------------------------------------------------- the bytes
 * -- */

/* Bytes of the value at hand; returns how many it took. It takes none beyond the longest value. */
static size_t take_value(struct gs1 *g, struct slice bytes)
{
    size_t room = (size_t)(g->ai->max - (g->len - g->value_at));
    size_t n = bytes.len < room ? bytes.len : room;
    const uint8_t *gs = memchr(bytes.ptr, GS1_SEPARATOR, n);
    if (gs) n = (size_t)(gs - bytes.ptr);
    if (n > GS1_TEXT_MAX - (size_t)g->len) {
        gs1_refuse(g, CODE_TOO_MANY, id_at_hand(g));
        return bytes.len;
    }
    memcpy(g->text + g->len, bytes.ptr, n);
    g->len = (uint16_t)(g->len + n);
    return n;
}

static size_t in_value(struct gs1 *g, struct slice bytes)
{
    size_t n = take_value(g, bytes);
    bool full = g->len - g->value_at == g->ai->max;
    if (full && g->ai->fixed) {
        end_value(g);
        g->state = AFTER_FIXED;
    } else if (n < bytes.len && bytes.ptr[n] == GS1_SEPARATOR) {
        if (g->ai->fixed)
            gs1_refuse(g, CODE_SEPARATOR, id_at_hand(g));
        else
            end_value(g);
        g->state = AT_AI;
        n++;
    } else if (n < bytes.len) {
        gs1_refuse(g, CODE_VALUE_LONG, id_at_hand(g));
    }
    return n;
}

static const struct gs1_ai *row_at(unsigned two, unsigned digits, unsigned number)
{
    static const uint8_t scale[] = {1, 1, 1, 10, 100};
    const struct gs1_prefix *p = &gs1_prefixes[two];
    unsigned slot = p->slot + number - two * scale[digits];
    return gs1_slots[slot] ? &gs1_ais[gs1_slots[slot] - 1] : NULL;
}

/* Two digits say how many there are. */
static void in_ai(struct gs1 *g, uint8_t c)
{
    static const uint8_t scale[] = {1, 1, 1, 10, 100};
    if (c < '0' || c > '9') {
        gs1_refuse(g, c == GS1_SEPARATOR ? CODE_SEPARATOR : CODE_AI_UNKNOWN, 0);
        return;
    }
    g->number = (uint16_t)(g->digits == 0 ? c - '0' : g->number * 10 + (c - '0'));
    g->digits++;
    g->state = IN_AI;
    if (g->digits < 2) return;
    unsigned two = (unsigned)g->number / scale[g->digits];
    unsigned digits = gs1_prefixes[two].digits;
    if (digits > g->digits) return;
    g->ai = digits ? row_at(two, digits, g->number) : NULL;
    if (!g->ai) gs1_refuse(g, CODE_AI_UNKNOWN, GS1_ID(g->digits, g->number));
    g->state = IN_VALUE;
    g->digits = 0;
    g->value_at = g->len;
}

void gs1_push(struct gs1 *g, struct slice bytes)
{
    for (size_t i = 0; i < bytes.len && !g->fault;) {
        if (g->state == IN_VALUE) {
            i += in_value(g, slice_of(bytes.ptr + i, bytes.len - i));
        } else if (bytes.ptr[i] == GS1_SEPARATOR &&
                   (g->state == AT_START || g->state == AFTER_FIXED)) {
            g->state = AT_AI;
            i++;
        } else {
            in_ai(g, bytes.ptr[i]);
            i++;
        }
    }
}

/* -------------------------------------------------------------------------------------- partners
 * -- */

static void judge_excluded(struct gs1 *g, const struct gs1_element *e)
{
    const uint8_t *list = gs1_partners + gs1_ais[e->row].excludes;
    for (unsigned n = *list++; n > 0; n--)
        if (gs1_has_row(g, *list++)) gs1_refuse(g, CODE_EXCLUDES, e->id);
}

/* Walks over one condition; true when one of its alternatives is there. Else *absent is the first
 * row that is not. */
static bool is_met(const struct gs1 *g, const uint8_t **list, const struct gs1_ai **absent)
{
    bool met = false;
    *absent = NULL;
    for (unsigned alternatives = *(*list)++; alternatives > 0; alternatives--) {
        bool all = true;
        for (unsigned n = *(*list)++; n > 0; n--) {
            uint8_t row = *(*list)++;
            if (gs1_has_row(g, row)) continue;
            all = false;
            if (!*absent) *absent = &gs1_ais[row];
        }
        met = met || all;
    }
    return met;
}

static void judge_needed(struct gs1 *g, const struct gs1_element *e)
{
    const uint8_t *list = gs1_partners + gs1_ais[e->row].needs;
    const struct gs1_ai *absent = NULL;
    for (unsigned n = *list++; n > 0 && !g->missing; n--) {
        if (is_met(g, &list, &absent) || !absent) continue;
        g->missing = GS1_ID(absent->digits, absent->first);
        g->waiting = e->id;
    }
}

static void judge_partners(struct gs1 *g)
{
    for (size_t i = 0; i < g->count; i++) {
        const struct gs1_ai *ai = &gs1_ais[g->element[i].row];
        if (ai->excludes) judge_excluded(g, &g->element[i]);
        if (ai->needs && !g->missing) judge_needed(g, &g->element[i]);
    }
}

bool gs1_end(struct gs1 *g)
{
    if (g->fault) return false;
    if (g->state == IN_AI) gs1_refuse(g, CODE_AI_CUT, 0);
    if (g->state == IN_VALUE) end_value(g);
    if (g->count == 0) gs1_refuse(g, CODE_EMPTY, 0);
    if (!g->fault) judge_partners(g);
    return !g->fault;
}

bool gs1_read(struct gs1 *g, struct slice message)
{
    gs1_begin(g);
    gs1_push(g, message);
    return gs1_end(g);
}

/* --------------------------------------------------------------------------------------- in text
 * -- */

const struct gs1_ai *gs1_ai_of(struct slice digits, gs1_id *out_id)
{
    unsigned number = 0;
    if (digits.len < 2 || digits.len > 4) return NULL;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.ptr[i] < '0' || digits.ptr[i] > '9') return NULL;
        number = number * 10 + (unsigned)(digits.ptr[i] - '0');
    }
    unsigned two = (unsigned)(digits.ptr[0] - '0') * 10 + (unsigned)(digits.ptr[1] - '0');
    if (gs1_prefixes[two].digits != digits.len) return NULL;
    *out_id = GS1_ID((unsigned)digits.len, number);
    return row_at(two, (unsigned)digits.len, number);
}

/* The value up to the next bracket, without the backslashes; takes it off *rest. */
static struct slice bracket_value(struct slice *rest, uint8_t *room, size_t cap)
{
    size_t i = 0, n = 0;
    while (i < rest->len && rest->ptr[i] != '(') {
        if (rest->ptr[i] == '\\' && i + 1 < rest->len && rest->ptr[i + 1] == '(') i++;
        if (n < cap) room[n++] = rest->ptr[i];
        i++;
    }
    *rest = slice_sub(*rest, i, rest->len);
    return slice_of(room, n);
}

bool gs1_read_brackets(struct gs1 *g, struct slice text)
{
    uint8_t room[GS1_VALUE_MAX + 1]; /* one more: too long stays too long */
    gs1_begin(g);
    g->state = AT_AI;
    while (text.len > 0 && !g->fault) {
        gs1_id id = 0;
        size_t close = slice_find_byte(text, ')');
        if (text.ptr[0] != '(' || close == text.len) {
            gs1_refuse(g, CODE_BRACKETS, 0);
            break;
        }
        const struct gs1_ai *ai = gs1_ai_of(slice_sub(text, 1, close), &id);
        text = slice_sub(text, close + 1, text.len);
        if (ai)
            gs1_add(g, ai, id, bracket_value(&text, room, sizeof room));
        else
            gs1_refuse(g, CODE_AI_UNKNOWN, id);
    }
    return gs1_end(g);
}

void gs1_id_text(gs1_id id, char out[5])
{
    unsigned digits = id / 10000u, number = id % 10000u;
    out[digits] = '\0';
    for (; digits > 0; digits--, number /= 10)
        out[digits - 1] = (char)('0' + number % 10);
}

void gs1_text(const struct gs1 *g, struct buf *out)
{
    char id[5];
    for (size_t i = 0; i < g->count; i++) {
        gs1_id_text(g->element[i].id, id);
        buf_byte(out, '(');
        buf_text(out, id);
        buf_byte(out, ')');
        buf_put(out, gs1_value(g, i));
    }
}
