#include "tests/support/pictures.h"

#include <stdio.h>
#include <time.h>

int64_t picture_now(void)
{
    return (int64_t)time(NULL) * 1000;
}

void picture_put(char *out, size_t cap, const char *text)
{
    (void)snprintf(out, cap, "%s", text);
}

struct say picture_say(const char *key, const char *a, const char *b)
{
    struct say s = {0};
    PUT(s.key, key);
    PUT(s.arg[0], a);
    PUT(s.arg[1], b);
    return s;
}

struct view_line picture_line(const char *sku, const char *name, int packed, int all)
{
    struct view_line l = {.to_pack = QTY_UNITS(all),
                          .packed = QTY_UNITS(packed),
                          .ordered = QTY_UNITS(all),
                          .done = packed == all};
    PUT(l.sku, sku);
    PUT(l.description, name);
    PUT(l.unit, "unit");
    PUT(l.pick_level, "unit");
    l.pick_factor = QTY_UNITS(1);
    return l;
}

static void offer(struct bench_view *v)
{
    static const struct {
        enum bench_face face;
        const char *name;
        bool button;
    } all[] = {
        {FACE_REFUSED, "CONFIRM", true},     {FACE_STOP, "CONFIRM", true},
        {FACE_ATTENTION, "CONFIRM", true},   {FACE_ATTENTION, "CANCEL", true},
        {FACE_IDLE, "HELP", true},           {FACE_PACKING, "HELP", true},
        {FACE_PACKING, "NEXT-PARCEL", true}, {FACE_PACKING, "CLOSE-PARCEL", true},
        {FACE_PACKING, "UNDO", true},        {FACE_PACKING, "EMPTY-PARCEL", false},
        {FACE_PACKING, "QTY", false},        {FACE_PACKING, "SHORT", true},
        {FACE_LABEL, "REPRINT", true},       {FACE_LABEL, "VOID", true},
        {FACE_PACKING, "PARK", true},        {FACE_ATTENTION, "PARK", true},
        {FACE_IDLE, "RECALL", false},        {FACE_IDLE, "MANIFEST", false},
        {FACE_IDLE, "SIGN-OFF", false},
    };
    v->command_count = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].face == v->face)
            v->commands[v->command_count++] = (struct view_command){all[i].name, all[i].button};
}

struct bench_view picture_order(enum bench_face face)
{
    struct bench_view v = {.face = face,
                           .dispatch_due = picture_now() + INT64_C(72) * 60000,
                           .units_total = QTY_UNITS(25),
                           .units_packed = QTY_UNITS(9),
                           .last_saved_at = picture_now() - 95000,
                           .last_parcels = 2};
    PUT(v.packer, "Maya");
    PUT(v.reference, "WEB-10427");
    PUT(v.shop_order, "10427");
    PUT(v.carrier, "DPD");
    PUT(v.service, "DPD Next Day");
    PUT(v.promised_service, "Next working day by 12:00");
    PUT(v.last_reference, "WEB-10426");
    PUT(v.last_service, "DPD Next Day");
    PUT(v.recipient, "Anna Example, 12 Mill Lane, York, YO1 7HH, GB");
    PUT(v.recipient_source, "clarus");
    v.first_at = picture_now() - INT64_C(185) * 60000;
    v.cut_off = picture_now() + INT64_C(41) * 60000;
    v.sibling_count = 1;
    PUT(v.siblings[0].reference, "WEB-10427-B");
    v.siblings[0].state = "sent";
    v.lines[0] = picture_line("TEE-BLK-M", "Cotton tee, black, M", 3, 12);
    PUT(v.lines[0].unit, "case");
    PUT(v.lines[0].pick_level, "case");
    v.lines[0].pick_factor = QTY_UNITS(12);
    v.lines[0].units = QTY_UNITS(1);
    v.lines[0].unit_factor = QTY_UNITS(12);
    v.lines[0].current = true;
    v.lines[1] = picture_line("MUG-300", "Enamel mug 300 ml, cream with a blue rim", 1, 2);
    v.lines[2] = picture_line("00451", "Beeswax candle", 4, 4);
    v.lines[3] = picture_line("STK-9", "Sticker sheet", 0, 6);
    PUT(v.lines[3].pick_level, "inner");
    v.lines[3].pick_factor = QTY_UNITS(5);
    v.lines[3].missing = QTY_UNITS(2);
    v.lines[3].ordered = QTY_UNITS(8);
    v.lines[4] = picture_line("BOOK-77", "The Little Book of Knots", 1, 1);
    v.line_count = 5;
    v.parcels[0] = (struct view_parcel){.number = 1, .units = QTY_UNITS(9), .current = true};
    v.parcel_count = 1;
    PUT(v.parcels[0].packaging, "Box medium");
    v.scan_count = 2;
    PUT(v.scans[0].text, "15012345000012");
    PUT(v.scans[0].outcome, "scan.accepted");
    PUT(v.scans[1].text, "5012345678917");
    PUT(v.scans[1].outcome, "scan.refused");
    offer(&v);
    return v;
}

struct bench_view picture_help(void)
{
    struct bench_view v = picture_order(FACE_PACKING);
    v.face = FACE_ATTENTION;
    v.help = true;
    v.headline = picture_say("bench.help", "", "");
    return v;
}

struct bench_view picture_idle(void)
{
    struct bench_view v = {.face = FACE_IDLE,
                           .holds_waiting = 1,
                           .holds_ready = 2,
                           .last_saved_at = picture_now() - 95000,
                           .last_parcels = 2,
                           .headline = picture_say("page.scan_tote", "", "")};
    PUT(v.packer, "Maya");
    PUT(v.last_reference, "WEB-10426");
    PUT(v.last_service, "DPD Next Day");
    offer(&v);
    return v;
}

struct bench_view picture_boxes(enum bench_face face)
{
    static const char *const tracking[] = {"15501234567890", "15501234567891", "15501234567892"};
    struct bench_view v = picture_order(face);
    v.parcel_count = 3;
    for (int i = 0; i < 3; i++) {
        v.parcels[i] =
            (struct view_parcel){.number = i + 1, .units = QTY_UNITS(8), .current = i == 1};
        PUT(v.parcels[i].tracking, tracking[i]);
    }
    v.parcels[0].state = VIEW_PARCEL_CHECKED;
    v.parcels[1].state = VIEW_PARCEL_PRINTED;
    v.parcels[2].state = VIEW_PARCEL_LABELLED;
    PUT(v.service_bought, "DPD Next Day by 12:00");
    v.has_delivery_note = true;
    v.headline = picture_say("bench.scan_label", "2", "3");
    v.next_step = picture_say("bench.scan_label_step", "", "");
    return v;
}

struct bench_view picture_wrong_item(void)
{
    struct bench_view v = picture_order(FACE_REFUSED);
    v.blocking = true;
    v.headline = picture_say("bench.wrong_item", "MUG-450", "");
    v.detail = picture_say("bench.expected", "9", "TEE-BLK-M");
    v.next_step = picture_say("bench.acknowledge", "", "");
    PUT(v.scanned, "5012345678917");
    return v;
}

struct bench_view picture_gift(void)
{
    struct bench_view v = picture_order(FACE_ATTENTION);
    v.blocking = true;
    v.headline = picture_say("bench.note_gift", "", "");
    v.next_step = picture_say("bench.note_step", "", "");
    PUT(v.note, "Happy 40th, Anna!\nWe'll raise a mug to you on Saturday. Love, the whole crew");
    return v;
}

struct bench_view picture_cancelled(void)
{
    struct bench_view v = picture_order(FACE_STOP);
    v.blocking = true;
    v.headline = picture_say("bench.stop", "WEB-10427", "");
    v.detail = picture_say("bench.reason", "Cancelled in the shop at 10:41", "The label is void.");
    v.next_step = picture_say("bench.stop_step", "", "");
    return v;
}

struct bench_view picture_buying(void)
{
    struct bench_view v = picture_boxes(FACE_WAITING);
    v.headline = picture_say("bench.buying", "", "");
    v.next_step = picture_say("bench.buying_step", "", "");
    for (int i = 0; i < 3; i++) {
        v.parcels[i].state = VIEW_PARCEL_CLOSED;
        v.parcels[i].tracking[0] = 0;
    }
    v.service_bought[0] = 0;
    return v;
}

struct bench_view picture_saved(void)
{
    struct bench_view v = picture_order(FACE_SAVED);
    PUT(v.last_reference, "WEB-10427");
    return v;
}
