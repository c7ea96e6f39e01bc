/* What a Clarus tenant has before any order: places, carriers, packaging, people. */
#include "tools/packpeers/control.h"

static void add_places(struct peers *p)
{
    struct place *site = world_add(p, T_SITE);
    site->code = "MAIN";
    site->name = "Main site";
    struct place *account = world_add(p, T_ACCOUNT);
    account->code = "HEARTH";
    account->name = "Hearth & Hook";
    account->short_pickable = true;
    account->vat_number = "GB000000000";
    account->warehouse_id = 2;
    struct place *warehouse = world_add(p, T_WAREHOUSE);
    warehouse->code = "LDS1";
    warehouse->name = "Leeds";
    warehouse->site_id = 1;
    warehouse->address = (struct address){.name = "Hearth & Hook Warehouse",
                                          .line1 = "Unit 4, Canal Road",
                                          .town = "Leeds",
                                          .postcode = "LS12 2TU",
                                          .country = "GB"};
    static const char *const codes[] = {"A-01-01", "PACK-1"};
    for (int i = 0; i < 2; i++) {
        struct place *location = world_add(p, T_LOCATION);
        location->code = codes[i];
        location->name = codes[i];
        location->warehouse_id = 2;
    }
}

static void add_carriers(struct peers *p)
{
    static const struct {
        const char *code;
        const char *name;
    } carriers[] = {{"DPD", "DPD"}, {"ROYALMAIL", "Royal Mail"}, {"YODEL", "Yodel"}};
    static const struct {
        uint32_t carrier;
        const char *code;
        const char *name;
        const char *method;
    } services[] = {
        {3, "NEXTDAY", "DPD Next Day", "Next day before 6pm"},
        {3, "DPD12", "DPD by 12:00", "Next day before noon"},
        {4, "TRACKED24", "Royal Mail Tracked 24", "Royal Mail Tracked 24"},
        {4, "TRACKED48", "Royal Mail Tracked 48", "Royal Mail Tracked 48"},
        {5, "YODEL48", "Yodel 48", "Standard delivery"},
    };
    for (size_t i = 0; i < sizeof carriers / sizeof *carriers; i++) {
        struct carrier *c = world_add(p, T_CARRIER);
        c->code = carriers[i].code;
        c->name = carriers[i].name;
        c->active = true;
        c->carrier_type = "parcel";
        c->externally_registered = true;
        c->created_ms = p->now_ms;
    }
    for (size_t i = 0; i < sizeof services / sizeof *services; i++) {
        struct service *s = world_add(p, T_SERVICE);
        struct entity *e = world_add(p, T_ENTITY);
        struct rate_mapping *m = world_add(p, T_RATE_MAPPING);
        s->code = services[i].code;
        s->name = services[i].name;
        s->active = true;
        s->is_default = i == 0;
        s->carrier_id = services[i].carrier;
        e->code = services[i].method;
        e->description = services[i].method;
        e->entity_type = "shipping_rate";
        e->integration_id = 7;
        e->created_ms = p->now_ms;
        m->carrier_id = s->carrier_id;
        m->service_id = s->row.id;
        m->entity_id = e->row.id;
        m->group_id = 61;
        m->created_ms = p->now_ms;
    }
}

static void add_packaging(struct peers *p)
{
    static const struct {
        const char *code;
        const char *name;
        bool leaves;
        struct sizes sizes;
    } types[] = {
        {"TOTE", "Tote", false, {60000, 40000, 30000, 1800, "centimetre", "kilogram"}},
        {"CAGE", "Roll cage", false, {800, 700, 1700, 35000, "metre", "kilogram"}},
        {"BOX-S", "Box small", true, {25000, 20000, 15000, 120, "centimetre", "kilogram"}},
        {"BOX-M", "Box medium", true, {40000, 30000, 25000, 350, "centimetre", "kilogram"}},
        {"BOX-L", "Box large", true, {600, 400, 400, 700, "metre", "kilogram"}},
        {"MAILER", "Padded mailer", true, {35000, 25000, 3000, 50000, "centimetre", "gram"}},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct unit_type *t = world_add(p, T_UNIT_TYPE);
        t->code = types[i].code;
        t->name = types[i].name;
        t->unit_name = types[i].name;
        t->pickable = !types[i].leaves;
        t->leaves = types[i].leaves;
        t->sizes = types[i].sizes;
    }
}

static void add_people(struct peers *p)
{
    static const struct user people[] = {
        {{0, false}, "Bench 1", "bench-1@acme.example", "bench-1", "secret-1"},
        {{0, false}, "Bench 2", "bench-2@acme.example", "bench-2", "secret-2"},
        {{0, false}, "Sam Picker", "picker@acme.example", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof people / sizeof *people; i++) {
        struct user *u = world_add(p, T_USER);
        uint32_t id = u->row.id;
        *u = people[i];
        u->row.id = id;
        struct subdomain_user *s = world_add(p, T_SUBDOMAIN_USER);
        s->user_id = id;
    }
}

static void add_reasons(struct peers *p)
{
    static const struct {
        const char *code;
        const char *name;
        const char *type;
    } reasons[] = {
        {"QC", "Quality check", "hold"},           {"OK", "Released", "release"},
        {"DMG", "Damaged", "negative_adjustment"}, {"FOUND", "Found", "positive_adjustment"},
        {"SHORT", "Short", "short_order_lines"},
    };
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        struct reason *r = world_add(p, T_REASON);
        r->code = reasons[i].code;
        r->name = reasons[i].name;
        r->description = reasons[i].name;
        r->reason_type = reasons[i].type;
        r->active = true;
        r->generic = true;
    }
}

void seed_reference_data(struct peers *p)
{
    add_places(p);
    add_carriers(p);
    add_packaging(p);
    add_people(p);
    add_reasons(p);
    struct integration *i = world_add(p, T_INTEGRATION);
    i->name = "Web shop";
    i->provider = "bigcommerce";
    i->type = "ecommerce";
    i->status = "active";
    i->enabled = false;
    i->created_ms = p->now_ms;
}
