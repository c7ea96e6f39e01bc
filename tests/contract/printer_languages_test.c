/* The station as it is installed, with a label printer of each other language behind a pseudo
 * terminal: the carrier's PDF is rasterised, printed, drawn by the printer's stand-in, and its
 * barcode read off that picture by an independent decoder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/real_station.h"

#define MUG_RED "5012345000015"

static void pack_on(const char *language)
{
    char paper[64];
    struct real_station *s = real_station_open_speaking(language);
    real_station_plug(s);
    real_station_sees_devices(s);
    real_station_sees_orders(s);
    real_station_scan(s, "TOTE-01");
    real_station_shows(s, "packing", NULL);
    real_station_scan(s, "BOX-S");
    real_station_scan(s, MUG_RED);
    real_station_paper(s, paper);
    real_station_shows(s, "label", NULL);
    struct real_order o = real_station_order(s, "WEB-10427");
    assert_int_equal(o.labels, 1);
    assert_string_equal(paper, o.tracking);
    real_station_close(s);
}

static void label__is_read_off_an_epl_printer(void **state)
{
    (void)state;
    pack_on("epl");
}

static void label__is_read_off_a_tspl_printer(void **state)
{
    (void)state;
    pack_on("tspl");
}

static void label__is_read_off_an_escpos_printer(void **state)
{
    (void)state;
    pack_on("escpos");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(label__is_read_off_an_epl_printer),
        cmocka_unit_test(label__is_read_off_a_tspl_printer),
        cmocka_unit_test(label__is_read_off_an_escpos_printer),
    };
    return cmocka_run_group_tests_name("printer_languages", tests, NULL, NULL);
}
