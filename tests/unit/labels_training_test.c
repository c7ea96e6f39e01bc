/* No label of training mode leaves the printer unmarked, whatever language it is in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/labels/training.h"

static size_t count_of(struct slice s, const char *word)
{
    size_t count = 0, from = 0;
    for (;;) {
        struct slice rest = slice_sub(s, from, s.len);
        size_t at = slice_find(rest, slice_text(word));
        if (at >= rest.len) return count;
        from += at + strlen(word);
        count++;
    }
}

static size_t marked(const char *language, const char *job, const char *end)
{
    uint8_t room[4096];
    struct buf out = buf_over(room, sizeof room);
    assert_int_equal(training_mark(language, slice_text(job), &out), ERR_OK);
    size_t word = slice_find(buf_slice(&out), SLICE("TRAINING"));
    size_t last = slice_find(buf_slice(&out), slice_text(end));
    assert_true(word < out.len);
    assert_true(end[0] == 0 || word < last || last == out.len);
    return count_of(buf_slice(&out), "TRAINING");
}

static void training__marks_every_zpl_label_of_a_job(void **state)
{
    (void)state;
    assert_int_equal(marked("zpl", "^XA^FO0,0^GFA,1,1,1,00^FS^PQ1,0,1,N^XZ", "^XZ"), 2);
    assert_int_equal(marked("zpl", "^XA^FS^XZ\n^XA^FS^XZ", "^XZ"), 4);
}

static void training__marks_before_the_label_is_printed(void **state)
{
    (void)state;
    assert_int_equal(marked("epl", "N\nGW0,0,1,1,\nP1x\nP1\n", "\nP1\n"), 1);
    assert_int_equal(marked("tspl", "CLS\r\nBITMAP 0,0,1,1,0,x\r\nPRINT 1,1\r\n", "PRINT 1,1"), 1);
    assert_int_equal(marked("escpos", "\x1B@label\n", "label"), 1);
}

static void training__prints_nothing_that_it_cannot_mark(void **state)
{
    (void)state;
    uint8_t room[64];
    struct buf out = buf_over(room, sizeof room);
    assert_int_equal(training_mark("zpl", SLICE("^XA no end"), &out), ERR_INVALID);
    assert_int_equal(training_mark("dpl", SLICE("^XA^XZ"), &out), ERR_INVALID);
    struct buf small = buf_over(room, 8);
    assert_int_equal(training_mark("zpl", SLICE("^XA^XZ"), &small), ERR_NOSPACE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(training__marks_every_zpl_label_of_a_job),
        cmocka_unit_test(training__marks_before_the_label_is_printed),
        cmocka_unit_test(training__prints_nothing_that_it_cannot_mark),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
