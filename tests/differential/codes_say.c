/* Says what the station's parser takes GS1 messages for, so that another parser can say the same:
 *
 *   codes_say ELEMENTS SEED COUNT
 *
 * One message a line, made of the valid elements of a file, whole or with one change: verdict, a
 * tab, the message with brackets. Verdicts: accept, incomplete (a partner is missing), refuse. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/text.h"
#include "firmware/codes/gs1.h"

#define ELEMENTS_MAX 1000
#define TOGETHER_MAX 5
#define TEXT_ROOM    2048
#define PARTNERS_MAX 4 /* added to one message */

struct element {
    char ai[5];
    char value[GS1_VALUE_MAX + 1];
};

static struct element elements[ELEMENTS_MAX];
static size_t element_count;
static uint64_t state;

static unsigned below(unsigned n)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(state >> 33) % n;
}

static bool read_elements(const char *file)
{
    char line[256];
    FILE *f = fopen(file, "re");
    if (!f) return false;
    while (fgets(line, sizeof line, f) && element_count < ELEMENTS_MAX) {
        struct slice s = slice_trim(slice_text(line));
        size_t tab = slice_find_byte(s, '\t');
        struct element *e = &elements[element_count];
        if (line[0] == '#' || tab == s.len) continue;
        bool fits = slice_copy(slice_sub(s, 0, tab), e->ai, sizeof e->ai) == ERR_OK &&
                    slice_copy(slice_sub(s, tab + 1, s.len), e->value, sizeof e->value) == ERR_OK;
        if (fits) element_count++;
    }
    (void)fclose(f);
    return element_count > 0;
}

/* ---------------------------------------------------------------------------------------- changes
 * -- */

/* No bracket: the other parser would divide the value there. No "^": it may stand for FNC1. */
static char any_character(void)
{
    static const char characters[] = "0123456789ABCXYZabcxyz!\"%&'*+,-./:;<=>?_ #$@[]|~{}";
    return characters[below(sizeof characters - 1)];
}

static void change(char value[GS1_VALUE_MAX + 1])
{
    size_t len = strlen(value);
    size_t at = len ? below((unsigned)len) : 0;
    switch (below(7)) {
    case 0:
    case 1: /* another digit, most often a check that fails */
        if (len) value[at] = (char)('0' + below(10));
        return;
    case 2:
        if (len) value[at] = any_character();
        return;
    case 3:
        value[at] = '\0';
        return;
    case 4:
        if (len < GS1_VALUE_MAX) {
            value[len] = any_character();
            value[len + 1] = '\0';
        }
        return;
    case 5:
        memset(value, '0', len);
        return;
    default:
        if (len > 1) {
            char first = value[at];
            value[at] = value[(at + 1) % len];
            value[(at + 1) % len] = first;
        }
        return;
    }
}

/* ----------------------------------------------------------------------------------------- telling
 * -- */

static struct gs1 g;

static const char *verdict_of(struct slice brackets)
{
    if (!gs1_read_brackets(&g, brackets)) return "refuse";
    return g.missing ? "incomplete" : "accept";
}

/* Appends an element of this identifier. */
static void put_element(struct buf *text, gs1_id id)
{
    char ai[5];
    gs1_id_text(id, ai);
    for (size_t i = 0; i < element_count; i++) {
        if (strcmp(elements[i].ai, ai) != 0) continue;
        buf_printf(text, "(%s)%s", ai, elements[i].value);
        return;
    }
}

/* Most messages at random lack a partner, which would hide other faults: what is asked for is put
 * there. */
static void complete(struct buf *text)
{
    for (int i = 0; i < PARTNERS_MAX; i++) {
        if (!gs1_read_brackets(&g, buf_slice(text)) || !g.missing) return;
        put_element(text, g.missing);
    }
}

static void tell_one(void)
{
    static const char *const companions[] = {"(01)09521234543213", "(00)106141412345678908",
                                             "(8018)061414112345678902", ""};
    char room[TEXT_ROOM];
    struct buf text = buf_over(room, sizeof room - 1);
    unsigned together = 1 + below(TOGETHER_MAX);
    buf_text(&text, companions[below(4)]);
    for (unsigned i = 0; i + 1 < together; i++) {
        const struct element *e = &elements[below((unsigned)element_count)];
        buf_printf(&text, "(%s)%s", e->ai, e->value);
    }
    if (below(4)) complete(&text);
    struct element last = elements[below((unsigned)element_count)];
    if (below(2)) change(last.value);
    buf_printf(&text, "(%s)%s", last.ai, last.value);
    if (below(4)) complete(&text);
    (void)printf("%s\t%s\n", verdict_of(buf_slice(&text)), buf_cstr(&text));
}

/* Each element by itself, with and without what most of them ask for. */
static void tell_each(void)
{
    char room[TEXT_ROOM];
    for (size_t i = 0; i < 2 * element_count; i++) {
        struct buf text = buf_over(room, sizeof room - 1);
        if (i % 2) buf_text(&text, "(01)09521234543213");
        buf_printf(&text, "(%s)%s", elements[i / 2].ai, elements[i / 2].value);
        (void)printf("%s\t%s\n", verdict_of(buf_slice(&text)), buf_cstr(&text));
    }
}

int main(int argc, char **argv)
{
    int64_t seed = 0, count = 0;
    bool right = argc == 4 && text_int(slice_text(argv[2]), 0, INT64_MAX, &seed) == ERR_OK &&
                 text_int(slice_text(argv[3]), 0, 10000000, &count) == ERR_OK;
    if (!right || !read_elements(argv[1])) {
        (void)fprintf(stderr, "codes_say ELEMENTS SEED COUNT\n");
        return 2;
    }
    state = (uint64_t)seed * 2 + 1;
    tell_each();
    for (int64_t i = 0; i < count; i++)
        tell_one();
    return 0;
}
