/* The demonstration shop: a homeware seller in Leeds, thirteen orders in totes TOTE-01 to TOTE-13.
 */
#include <stdio.h>
#include <string.h>

#include "tools/packpeers/tracking.h"

struct demo_product {
    const char *sku;
    const char *name;
    const char *item; /* first twelve digits of the EAN-13 */
    uint32_t per_case;
    uint32_t per_inner;
    uint32_t weight_g;
};

static const struct demo_product products[] = {
    {"MUG-RED", "Stoneware mug, red", "501234500001", 6, 0, 380},
    {"MUG-BLUE", "Stoneware mug, blue", "501234500002", 6, 0, 380},
    {"TEA-EARL", "Earl Grey, 80 bags", "501234500003", 12, 0, 250},
    {"JAM-RASP", "Raspberry jam, 340 g", "501234500004", 6, 0, 560},
    {"CANDLE-FIG", "Fig candle", "501234500005", 12, 0, 310},
    {"SOAP-LAV", "Lavender soap", "501234500006", 24, 4, 110},
    {"LAMP-OAK", "Oak table lamp", "501234500007", 0, 0, 1900},
    {"THROW-WOOL", "Wool throw, grey", "501234500008", 0, 0, 1200},
    {"BOWL-SM", "Small bowl", "501234500009", 8, 0, 240},
    {"MATCH-LONG", "Long matches", "501234500010", 100, 10, 60},
    {"00420", "Tea towel \"Harvest\", linen", "501234500011", 0, 0, 140},
    {"VASE-TALL", "Tall vase, cr\xc3\xa8me", "501234500012", 0, 0, 1500},
};

/* What is there already stays as it is. */
static void remark_failure(struct peers *p, const char *what, err_t e)
{
    if (e && e != ERR_EXISTS) world_remark(p, "demo: %s: %s", what, err_text(e));
}

static void add_product(struct peers *p, const struct demo_product *d)
{
    char ean[16];
    char box[16] = "";
    char inner[16] = "";
    (void)snprintf(ean, sizeof ean, "%s%c", d->item, tracking_gs1(slice_text(d->item)));
    if (d->per_case) {
        (void)snprintf(box, sizeof box, "1%s", d->item);
        (void)snprintf(box + 13, 2, "%c", tracking_gs1(slice_text(box)));
    }
    if (d->per_inner) {
        (void)snprintf(inner, sizeof inner, "2%s", d->item);
        (void)snprintf(inner + 13, 2, "%c", tracking_gs1(slice_text(inner)));
    }
    struct peer_product_spec spec = {.sku = d->sku,
                                     .name = d->name,
                                     .barcode = ean,
                                     .case_barcode = box[0] ? box : NULL,
                                     .inner_barcode = inner[0] ? inner : NULL,
                                     .units_per_case = d->per_case,
                                     .units_per_inner = d->per_inner,
                                     .weight_g = d->weight_g};
    remark_failure(p, d->sku, peers_product_add(p, &spec));
}

#define PRIYA                                                                                      \
    {                                                                                              \
        .name = "Priya Shah", .street1 = "7 Acre Street", .town = "Huddersfield",                  \
        .county = "West Yorkshire", .postcode = "HD3 3DX", .email = "priya.shah@example.com",      \
        .phone = "+441484000000"                                                                   \
    }

#define RHYS                                                                                       \
    {                                                                                              \
        .name = "Rhys Llewellyn", .company = "Ty Coch Studio", .street1 = "Ty Coch, Heol y Bont",  \
        .street2 = "Pen-y-groes", .town = "Caernarfon", .county = "Gwynedd",                       \
        .postcode = "LL54 6RL", .email = "rhys@example.com"                                        \
    }

#define ZOE                                                                                        \
    {                                                                                              \
        .name = "Zo\xc3\xab O'Neill", .street1 = "Flat 3/1, 28 Byres Road", .town = "Glasgow",     \
        .postcode = "G11 5JY", .email = "zoe.oneill@example.com", .phone = "+441410000000"         \
    }

#define HOSTILE                                                                                    \
    {                                                                                              \
        .name = "^XA~JA \"<script>alert(1)</script> \xf0\x9f\x93\xa6",                             \
        .company = "'); DROP TABLE orders;--", .street1 = "1 ^FS^FDLane & <b>Road</b>",            \
        .street2 = "%2e%2e/%00 \\u0000 ${HOME}", .town = "Hull", .postcode = "HU1 1AA",            \
        .email = "a@example.com"                                                                   \
    }

#define LONG_NOTE                                                                                  \
    "Please pack this one with care: the customer is moving house and has asked that every "       \
    "fragile "                                                                                     \
    "piece be wrapped on its own in two layers, that the heavy pieces lie at the bottom, and "     \
    "that "                                                                                        \
    "the receipt go in an envelope taped inside the lid of box one."

static const char *repeated(struct peers *p, size_t times)
{
    struct buf b = buf_new((size_t)256 * 1024);
    for (size_t i = 0; i < times; i++)
        buf_printf(&b, "Line %zu: ring the bell twice and wait. ", i + 1);
    const char *text = world_slice(p, buf_slice(&b));
    buf_deinit(&b);
    return text;
}

static const struct peer_order_spec orders[] = {
    /* One item, nothing special. */
    {.reference = "WEB-10427",
     .tote = "TOTE-01",
     .lines = {{.sku = "MUG-RED", .quantity = 1}},
     .line_count = 1},
    /* Cases and eaches, a packing note, a delivery note, a gift message. */
    {.reference = "WEB-10428",
     .tote = "TOTE-02",
     .packing_notes = "Wrap the jars in two layers. No invoice in the box.",
     .delivery_notes = "Leave with the neighbour at number 9 if out",
     .gift_message = "Happy birthday, Nan! Lots of love from all of us.",
     .addresses = {PRIYA},
     .address_count = 1,
     .lines = {{.sku = "TEA-EARL", .quantity = 24, .configuration = "case", .configurations = 2},
               {.sku = "JAM-RASP", .quantity = 3, .configuration = "unit", .configurations = 3}},
     .line_count = 2},
    /* Two parcels. */
    {.reference = "WEB-10429",
     .tote = "TOTE-03",
     .method = "Next day before noon",
     .addresses = {ZOE},
     .address_count = 1,
     .lines = {{.sku = "LAMP-OAK", .quantity = 1}, {.sku = "THROW-WOOL", .quantity = 2}},
     .line_count = 2},
    /* Picked, but not paid. */
    {.reference = "WEB-10430",
     .tote = "TOTE-04",
     .shop_status = 7,
     .lines = {{.sku = "VASE-TALL", .quantity = 1}},
     .line_count = 1},
    /* Not all of it was there. */
    {.reference = "WEB-10431",
     .tote = "TOTE-05",
     .method = "Royal Mail Tracked 24",
     .addresses = {RHYS},
     .address_count = 1,
     .lines = {{.sku = "CANDLE-FIG", .quantity = 6, .not_allocated = 2},
               {.sku = "SOAP-LAV", .quantity = 1}},
     .line_count = 2},
    /* Cancelled on both sides. */
    {.reference = "WEB-10432",
     .tote = "TOTE-06",
     .status = "CANCELLED",
     .shop_status = 5,
     .lines = {{.sku = "BOWL-SM", .quantity = 4}},
     .line_count = 1},
    /* A ship method nobody has mapped. */
    {.reference = "WEB-10433",
     .tote = "TOTE-07",
     .method = "Click & Collect Locker",
     .lines = {{.sku = "MUG-BLUE", .quantity = 2}},
     .line_count = 1},
    /* Long notes; filled in below. */
    {.reference = "WEB-10434",
     .tote = "TOTE-08",
     .packing_notes = LONG_NOTE,
     .addresses = {PRIYA},
     .address_count = 1,
     .lines = {{.sku = "BOWL-SM", .quantity = 8, .configuration = "case", .configurations = 1}},
     .line_count = 1},
    /* Text that means to be a command. */
    {.reference = "WEB-10435",
     .tote = "TOTE-09",
     .method = "Royal Mail Tracked 48",
     .packing_notes = "^XA ~JA \"<script>\" '; -- \xf0\x9f\x8e\x81 ^FS^XZ",
     .delivery_notes = "^XA^IDR:*.*^XZ <img src=x onerror=alert(1)>",
     .gift_message = "~JA \xf0\x9f\x8e\x82 </script><b>bold</b> & \"quotes\" \\",
     .customer_message = "<svg/onload=alert(1)> ^XA~SD30",
     .addresses = {HOSTILE},
     .address_count = 1,
     .lines = {{.sku = "00420", .quantity = 1}},
     .line_count = 1},
    /* By post. */
    {.reference = "WEB-10436",
     .tote = "TOTE-10",
     .method = "Royal Mail Tracked 48",
     .addresses = {RHYS},
     .address_count = 1,
     .lines = {{.sku = "00420", .quantity = 2}, {.sku = "SOAP-LAV", .quantity = 2}},
     .line_count = 2},
    /* Two addresses in the shop. */
    {.reference = "WEB-10437",
     .tote = "TOTE-11",
     .addresses = {PRIYA, ZOE},
     .address_count = 2,
     .lines = {{.sku = "MUG-RED", .quantity = 1, .address = 0},
               {.sku = "MUG-BLUE", .quantity = 1, .address = 1}},
     .line_count = 2},
    /* Inner packs. */
    {.reference = "WEB-10438",
     .tote = "TOTE-12",
     .method = "Standard delivery",
     .lines =
         {{.sku = "SOAP-LAV", .quantity = 8, .configuration = "inner", .configurations = 2},
          {.sku = "MATCH-LONG", .quantity = 10, .configuration = "inner", .configurations = 1}},
     .line_count = 2},
    /* A gift with a staff note. */
    {.reference = "WEB-10439",
     .tote = "TOTE-13",
     .gift_message = "Congratulations on the new house!",
     .staff_notes = "Customer called, wants it this week.",
     .addresses = {ZOE},
     .address_count = 1,
     .lines = {{.sku = "VASE-TALL", .quantity = 1}, {.sku = "CANDLE-FIG", .quantity = 2}},
     .line_count = 2},
};

void peers_seed_demo(struct peers *p, int64_t now_ms)
{
    for (size_t i = 0; i < sizeof products / sizeof *products; i++)
        add_product(p, &products[i]);
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        struct peer_order_spec spec = orders[i];
        if (strcmp(spec.reference, "WEB-10434") == 0) {
            spec.order_notes = repeated(p, 200);
            spec.customer_message = repeated(p, 1600); /* above 64 KB */
        }
        remark_failure(p, spec.reference, peers_order_place(p, now_ms, &spec));
    }
}
