/* What reading a code costs. The floor looks at every byte of the same messages once, in a table of
 * 256, which no parser can leave out. Both by turns, processor time, many different messages, so
 * that no branch is learnt by heart. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "firmware/codes/link.h"
#include "firmware/codes/reading.h"
#include "tests/bench/figures.h"

#define MESSAGES 512
#define ROUNDS   60
#define LAPS     40 /* times all messages in one round */
#define ROOM     128

/* The reference engine takes about a million of four elements a second of such a core. */
#define AIM_PER_SECOND 3e6

struct message {
    char text[ROOM];
    size_t len;
};

typedef int put_fn(char *out, const char *item, const char *date, const unsigned values[2]);

struct subject {
    const char *what;
    struct message messages[MESSAGES];
    put_fn *put;
    void (*run)(struct slice text);
    double at_least;
};

static struct gs1 g;
static struct reading r;
static volatile unsigned sink;

static unsigned next_random(void)
{
    static uint64_t state = 88172645463325252u;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)(state >> 16);
}

static void gtin(char out[15])
{
    unsigned sum = 0;
    (void)snprintf(out, 15, "0%06u%06u", next_random() % 1000000, 1 + next_random() % 999999);
    for (size_t i = 0; i < 13; i++)
        sum += (unsigned)(out[i] - '0') * (i % 2 == 0 ? 3u : 1u);
    out[13] = (char)('0' + (10 - sum % 10) % 10);
    out[14] = '\0';
}

/* (01)(17)(10)(21); lot and serial have many lengths. */
static int put_message(char *out, const char *item, const char *date, const unsigned values[2])
{
    return snprintf(out, ROOM, "01%s17%s10L%u\03521S%u", item, date, values[0], values[1]);
}

static int put_link(char *out, const char *item, const char *date, const unsigned values[2])
{
    return snprintf(out, ROOM, "https://id.gs1.org/01/%s/10/L%u/21/S%u?17=%s", item, values[0],
                    values[1], date);
}

static void fill(struct message *m, put_fn *put)
{
    char item[15], date[16];
    const unsigned values[] = {next_random() >> (next_random() % 24),
                               next_random() >> (next_random() % 24)};
    gtin(item);
    (void)snprintf(date, sizeof date, "%02u%02u%02u", 26 + next_random() % 4,
                   1 + next_random() % 12, next_random() % 29);
    int n = put(m->text, item, date, values);
    must(n > 0 && n < ROOM, "a message that does not fit");
    m->len = (size_t)n;
}

static void floor_run(struct slice text)
{
    unsigned seen = 0;
    for (size_t i = 0; i < text.len; i++)
        seen += gs1_sets[text.ptr[i]];
    sink = seen;
}

static void gs1_run(struct slice text)
{
    must(gs1_read(&g, text) && g.count == 4 && !g.missing, "a message that is not right");
}

static void link_run(struct slice text)
{
    must(link_read(&g, text) && g.count == 4, "a link that is not right");
}

static void reading_run(struct slice text)
{
    static const struct reading_rules rules = {.command_prefix = "^P:", .badge_prefix = "^B:"};
    reading_of(&rules, "]C1", text, &r);
    must(r.kind == READING_ELEMENTS && r.lot[0] && r.serial[0], "a scan that is not right");
}

/* Messages a second. */
static double lap(const struct subject *s, void (*run)(struct slice text))
{
    int64_t from = cpu_ns();
    for (int i = 0; i < LAPS; i++)
        for (size_t k = 0; k < MESSAGES; k++)
            run(slice_of(s->messages[k].text, s->messages[k].len));
    return 1e9 * LAPS * MESSAGES / (double)(cpu_ns() - from);
}

static void measure(const struct subject *s)
{
    struct series floor = {0}, packd = {0};
    for (int i = 0; i < ROUNDS; i++) {
        series_add(&floor, lap(s, floor_run));
        series_add(&packd, lap(s, s->run));
    }
    const struct row row = {.what = s->what,
                            .unit = "/s",
                            .floor = series_median(&floor),
                            .packd = series_median(&packd),
                            .at_most = NAN,
                            .at_least = s->at_least};
    row_print(&row);
    series_free(&floor);
    series_free(&packd);
}

int main(void)
{
    static struct subject subjects[] = {
        {.what = "GS1 message of four elements",
         .put = put_message,
         .run = gs1_run,
         .at_least = AIM_PER_SECOND},
        {.what = "the same as a scan read whole",
         .put = put_message,
         .run = reading_run,
         .at_least = NAN},
        {.what = "the same as a Digital Link", .put = put_link, .run = link_run, .at_least = NAN},
    };
    section_print("reading codes, processor time");
    for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++) {
        for (size_t k = 0; k < MESSAGES; k++)
            fill(&subjects[i].messages[k], subjects[i].put);
        measure(&subjects[i]);
    }
    note_print(
        "512 different messages; lengths, characters, check digits, dates, partners checked");
    return 0;
}
