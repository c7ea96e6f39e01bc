/* One scale: when a weight may be believed, and what a broken or flooding one can do. The formats
 * themselves are in tests/replay. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/scale/scale.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

struct world {
    struct scale *scale;
    mono_t now;
    size_t changes;
    size_t wants;
    size_t written;
};

static struct world *the_world;

err_t hal_port_write(struct hal *h, hal_port_t port, struct slice bytes, size_t *out_accepted)
{
    (void)h;
    (void)port;
    the_world->written++;
    *out_accepted = bytes.len;
    return ERR_OK;
}

static void on_changed(void *ctx)
{
    ((struct world *)ctx)->changes++;
}

static void on_wants(void *ctx)
{
    ((struct world *)ctx)->wants++;
}

static void open_world(struct world *w, const struct scale_dialect *d)
{
    *w = (struct world){.now = {5000}};
    the_world = w;
    struct scale_options o = {
        .dialect = d, .changed = on_changed, .wants_send = on_wants, .ctx = w};
    assert_int_equal(scale_new(&o, &w->scale), ERR_OK);
    scale_arrived(w->scale, (hal_port_t){1}, "usb", w->now);
}

static struct scale_weight say(struct world *w, const char *text)
{
    w->now.ms += 100;
    scale_data(w->scale, slice_text(text), w->now);
    return scale_now(w->scale, w->now);
}

static void scale__a_weight_counts_when_it_is_stable_twice(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, &scale_sics);
    assert_int_equal(scale_now(w.scale, w.now).state, SCALE_SILENT);
    assert_int_equal(say(&w, "S D     700.00 g\r\n").state, SCALE_MOVING);
    assert_int_equal(say(&w, "S S     781.00 g\r\n").state, SCALE_MOVING);
    assert_int_equal(say(&w, "S S     781.00 g\r\n").state, SCALE_STABLE);
    assert_int_equal(scale_now(w.scale, w.now).mg, 781000);
    assert_int_equal(say(&w, "S S     782.00 g\r\n").state, SCALE_MOVING);
    assert_int_equal(say(&w, "S +\r\n").state, SCALE_OVER);
    assert_string_equal(scale_trouble(w.scale, w.now), "overloaded");
    scale_free(w.scale);
}

static void scale__an_old_weight_is_none(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, &scale_cas);
    say(&w, "ST,GS,+  1.234kg\r\n");
    assert_int_equal(say(&w, "ST,GS,+  1.234kg\r\n").state, SCALE_STABLE);
    size_t changes = w.changes;
    w.now = scale_deadline(w.scale);
    scale_tick(w.scale, w.now);
    assert_int_equal(w.changes, changes + 1);
    assert_int_equal(scale_now(w.scale, w.now).state, SCALE_SILENT);
    assert_int_equal(scale_now(w.scale, w.now).mg, 0);
    assert_string_equal(scale_trouble(w.scale, w.now), "does not answer");
    assert_int_equal(say(&w, "ST,GS,+  1.234kg\r\n").state, SCALE_MOVING);
    scale_free(w.scale);
}

static void scale__gone_and_back_begins_anew(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, &scale_cas);
    say(&w, "ST,GS,+  1.234kg\r\n");
    say(&w, "ST,GS,+  1.234kg\r\nST,GS,+  9.9");
    scale_gone(w.scale);
    assert_int_equal(scale_now(w.scale, w.now).state, SCALE_ABSENT);
    assert_int_equal(scale_deadline(w.scale).ms, MONO_NEVER.ms);
    scale_arrived(w.scale, (hal_port_t){2}, "usb", w.now);
    assert_int_equal(say(&w, "99kg\r\n").state, SCALE_SILENT);
    assert_int_equal(say(&w, "ST,GS,+  1.234kg\r\n").state, SCALE_MOVING);
    assert_int_equal(say(&w, "ST,GS,+  1.234kg\r\n").state, SCALE_STABLE);
    scale_free(w.scale);
}

static void scale__is_asked_where_it_must_be(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, &scale_sics);
    for (int i = 0; i < 10; i++) {
        w.now.ms += 300;
        scale_tick(w.scale, w.now);
        scale_pump(w.scale, NULL, w.now);
    }
    assert_int_equal(w.wants, 10);
    assert_int_equal(w.written, 10);
    scale_free(w.scale);
    open_world(&w, &scale_toledo);
    w.now.ms += 10000;
    scale_tick(w.scale, w.now);
    scale_pump(w.scale, NULL, w.now);
    assert_int_equal(w.wants, 0);
    assert_int_equal(w.written, 0);
    scale_free(w.scale);
}

static void scale__one_that_floods_is_read_in_parts_and_says_so(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, &scale_cas);
    size_t changes = w.changes;
    for (int i = 0; i < 20000; i++) {
        scale_data(w.scale,
                   i % 2 == 0 ? SLICE("ST,GS,+  1.234kg\r\n") : SLICE("ST,GS,+  5.678kg\r\n"),
                   w.now);
    }
    assert_true(w.changes - changes < 150);
    assert_true(scale_now(w.scale, w.now).floods);
    for (int i = 0; i < 30; i++)
        say(&w, "ST,GS,+  1.234kg\r\n");
    assert_false(scale_now(w.scale, w.now).floods);
    assert_int_equal(scale_now(w.scale, w.now).mg, 1234000);
    assert_string_equal(scale_trouble(w.scale, w.now), "");
    scale_free(w.scale);
}

static void scale__reports_are_read_one_by_one(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, &scale_hid);
    static const uint8_t half[] = {3, 4, 0x0B};
    static const uint8_t whole[] = {3, 4, 0x0B, 0xFF, 0x34, 0x19, 0, 0};
    scale_data(w.scale, slice_of(half, sizeof half), w.now);
    scale_data(w.scale, slice_of(whole, sizeof whole), w.now);
    scale_data(w.scale, slice_of(whole, sizeof whole), w.now);
    assert_int_equal(scale_now(w.scale, w.now).state, SCALE_STABLE);
    assert_int_equal(scale_now(w.scale, w.now).mg, 18291112);
    scale_free(w.scale);
}

static void scale_decimal__reads_numbers_and_units_only(void **state)
{
    (void)state;
    static const struct {
        const char *number;
        const char *unit;
        int64_t mg;
        err_t error;
    } cases[] = {
        {"  1.234", "kg", 1234000, ERR_OK}, {"-  12.5", " g", -12500, ERR_OK},
        {"+0.0005", "kg ", 500, ERR_OK},    {"99999999", "kg", 99999999000000, ERR_OK},
        {"2", "lb", 907185, ERR_OK},        {"1.0", "oz", 28350, ERR_OK},
        {"1.2.3", "kg", 0, ERR_PROTO},      {"", "kg", 0, ERR_PROTO},
        {"1 2", "kg", 0, ERR_PROTO},        {"123456789", "g", 0, ERR_PROTO},
        {"1", "ct", 0, ERR_INVALID},        {"1", "", 0, ERR_INVALID},
        {"--1", "kg", 0, ERR_PROTO},        {".", "kg", 0, ERR_PROTO},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t mg = 0;
        assert_int_equal(scale_decimal(slice_text(cases[i].number), slice_text(cases[i].unit), &mg),
                         cases[i].error);
        assert_int_equal(mg, cases[i].mg);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scale__a_weight_counts_when_it_is_stable_twice),
        cmocka_unit_test(scale__an_old_weight_is_none),
        cmocka_unit_test(scale__gone_and_back_begins_anew),
        cmocka_unit_test(scale__is_asked_where_it_must_be),
        cmocka_unit_test(scale__one_that_floods_is_read_in_parts_and_says_so),
        cmocka_unit_test(scale__reports_are_read_one_by_one),
        cmocka_unit_test(scale_decimal__reads_numbers_and_units_only),
    };
    return cmocka_run_group_tests_name("scale", tests, NULL, NULL);
}
