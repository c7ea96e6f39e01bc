/* config.h - what a site and this bench are set to. Read once at start and at reload.
 *
 * site.json is shared by all benches of a site; station.json is this bench. Unknown keys are errors
 * with the nearest known name; each fault names file, path, line, value and rule. Secrets are named
 * here and read by name from the HAL when used; they are never in these files. */
#ifndef PACKD_CONFIG_CONFIG_H
#define PACKD_CONFIG_CONFIG_H

#include "drivers/scanner/scanner.h"
#include "firmware/base/json.h"
#include "hal/hal.h"
#include "firmware/limits.h"

#define URL_CAP             200
#define CONFIG_RULES_MAX    32
#define CONFIG_MAPS_MAX     128
#define CONFIG_UNITS_MAX    128
#define CONFIG_PRODUCTS_MAX 256
#define CONFIG_KITS_MAX     128
#define CONFIG_STATES_MAX   64
#define CONFIG_FIELDS_MAX   32
#define CONFIG_FORMATS_MAX  6
#define CONFIG_PARTS_MAX    10
#define CONFIG_STATUS_MAX   8
#define CONFIG_CHANNELS_MAX 4
#define CONFIG_OPTIONS_MAX  8
#define CONFIG_SCANNERS_MAX 4
#define CONFIG_SERVICES_MAX 16

struct config_clarus {
    char base_url[URL_CAP]; /* https://clarus-api.com */
    char path_prefix[16];   /* "/api" */
    char tenant[64];        /* X-Clarus-Subdomain */
    char client_id_secret[HAL_NAME_CAP];
    char client_secret_secret[HAL_NAME_CAP];
    char user_email[128];  /* this bench's own Clarus user, to know its claims; "": not checked */
    char scope[64];        /* "": not sent */
    char ca[HAL_NAME_CAP]; /* CA document; "": the system's */
    char warehouse_code[ID_CAP]; /* "": all */
    uint32_t poll_s;             /* work list; 15..600, default 20 */
    uint32_t timeout_ms;         /* one call; default 20000 */
    uint32_t submit_timeout_ms;  /* default 60000 */
    uint32_t settle_ms;          /* default 10000 */
    uint32_t settle_reads;       /* default 3 */
    uint32_t label_wait_s;       /* until label_pending becomes an exception; default 60 */
    uint32_t pace_per_minute;    /* site budget; 0: none */
    char ready_status[CONFIG_STATUS_MAX]
                     [24]; /* packable codes; default PICK ALLOCATED PART_ALLOCATED */
    char cancelled_status[CONFIG_STATUS_MAX][24]; /* default CANCELLED */
    char done_status[CONFIG_STATUS_MAX][24];      /* default COMPLETED */
    bool part_allocated_may_go; /* PART_ALLOCATED is packable as partial; default true */
};

struct config_channel {
    char name[24];          /* destination name: "shop" */
    char definition[24];    /* "bigcommerce" */
    char base_url[URL_CAP]; /* up to and including the store: https://api.bigcommerce.com/stores/abc
                             */
    char ca[HAL_NAME_CAP];
    char secret[HAL_NAME_CAP];                 /* access token, or the parts its definition needs */
    char options[CONFIG_OPTIONS_MAX][URL_CAP]; /* "name=value", named by its definition */
    uint32_t timeout_ms;                       /* default 20000 */
    uint32_t pace_per_minute;                  /* site budget; default 150 */
    uint32_t settle_ms;                        /* default 5000 */
    uint32_t settle_reads;                     /* default 2 */
    enum {
        CONFIG_GATE_AT_DISPATCH,
        CONFIG_GATE_AT_MANIFEST,
        CONFIG_GATE_AT_LABEL,
    } gate;                    /* when the shop may learn of a dispatch */
    uint32_t service_min;      /* agreed minutes from scan-back to the shop; 0: none */
    bool enabled;              /* default true */
    bool set_status;           /* set the order's status after the shipment; default false */
    bool claim;                /* several benches may ship one order: use a metafield claim */
    bool check_state;          /* second source of stop; default true */
    uint32_t watch_per_minute; /* open orders asked about ahead of need, site budget; 0: none */
    enum {
        CONFIG_REPORTS_UNSET,
        CONFIG_REPORTS_STATION,
        CONFIG_REPORTS_CLARUS,
    } reports; /* who tells the shop when Clarus has an integration with it of its own */
    char clarus_integration[NAME_CAP]; /* its name in Clarus; "": found by the system's name */
};

/* Ordered rules: which channel and shop order number a consignment belongs to. First match wins; no
 * match holds the order. */
struct config_channel_rule {
    char account_code[ID_CAP]; /* "": any */
    char prefix[24];           /* reference must begin with it; the rest is the shop order number */
    char channel[24];          /* a channel's name, or "none" */
};

/* How one side writes a code: prefix, text, suffix. */
struct config_sku_form {
    char prefix[24];
    char suffix[24];
    enum {
        CONFIG_CASE_KEEP,
        CONFIG_CASE_UPPER,
        CONFIG_CASE_LOWER,
    } letters;
    enum {
        CONFIG_ZEROS_KEEP,
        CONFIG_ZEROS_STRIP, /* no leading zeros, where the text is digits only */
        CONFIG_ZEROS_PAD,   /* leading zeros up to `width`, where the text is digits only */
    } zeros;
    uint32_t width;
    uint32_t length_max; /* of the whole code; 0: as long as codes can be */
    char characters[64]; /* the nth here stands for the nth of the other side */
};

/* An exact pair (`shop` and `clarus`), or two forms. Ordered; the first that fits is used. */
struct config_sku_rule {
    char channel[24]; /* "": every channel */
    char shop[SKU_CAP];
    char clarus[SKU_CAP];
    bool trim; /* blanks around a code are dropped, and reported */
    struct config_sku_form shop_form;
    struct config_sku_form clarus_form;
};

struct config_unit {    /* what one of a unit holds, in base units */
    char channel[24];   /* "": every channel, and Clarus itself */
    char sku[SKU_CAP];  /* Clarus code; "": every product */
    char unit[24];      /* as written there: "case" */
    uint32_t factor;    /* 1..1000000 */
    bool tested;        /* false: orders with it are held */
    char tested_on[11]; /* 2026-03-31; "": not said */
};

enum config_state_action {
    CONFIG_STATE_PACK,
    CONFIG_STATE_HOLD,
    CONFIG_STATE_STOP,
    CONFIG_STATE_SENT,
};

struct config_shop_state { /* what a state of the shop's order means; wins over the definition */
    char channel[24];
    char status[32]; /* as the shop sends it */
    enum config_state_action action;
};

enum config_note {
    CONFIG_NOTE_NONE,
    CONFIG_NOTE_CUSTOMER,
    CONFIG_NOTE_PACKING,
    CONFIG_NOTE_DELIVERY,
    CONFIG_NOTE_GIFT,
};

struct config_note_rule { /* where a text of the shop's order is shown */
    char channel[24];
    enum {
        CONFIG_FROM_CUSTOMER,
        CONFIG_FROM_STAFF,
        CONFIG_FROM_GIFT,
    } from;
    enum config_note to;
};

struct config_order_field { /* a member of the shop's order that somebody here needs */
    char channel[24];
    char name[NAME_CAP];    /* as people call it */
    char at[JSON_PATH_CAP]; /* JSON Pointer into the order */
    bool required;          /* missing or empty holds the order */
    enum config_note to;
};

struct config_rule_mode {
    char rule[RULE_CAP];
    enum {
        CONFIG_MODE_HOLD,
        CONFIG_MODE_OBSERVE, /* recorded, and the order goes on */
    } mode;
};

struct config_address {
    char required[CONFIG_PARTS_MAX][24]; /* members that must not be empty */
    bool postcodes; /* check the shape where the country's is known; default true */
};

struct config_ship_method { /* (channel, exact title) -> what Clarus must have on the order */
    char channel[24];
    char title[NAME_CAP];
    char carrier_code[ID_CAP];
    char service_code[ID_CAP];
};

struct config_carrier { /* per carrier: how its barcode relates to the tracking number */
    char carrier_code[ID_CAP];
    enum {
        CARRIER_MATCH_EQUAL,
        CARRIER_MATCH_CONTAINS,
        CARRIER_MATCH_PREFIX,
    } match;
    char shop_carrier[NAME_CAP]; /* carrier name or slug for the storefront, e.g. "dpd-uk"; "": none
                                  */
    enum {
        CONFIG_MANIFEST_LEAD,
        CONFIG_MANIFEST_CARRIER,
    } manifest;                            /* who closes the carrier's list */
    char cut_off[8];                       /* local time "18:30"; "": none */
    char link[URL_CAP];                    /* "https://track.example/{tracking}"; "": none */
    char tracking[CONFIG_FORMATS_MAX][32]; /* shapes of its numbers; none: any plausible one */
    char needs[CONFIG_PARTS_MAX][24];      /* address members this carrier needs besides */
    bool dangerous_goods;                  /* takes them; default false */
    bool label_ahead; /* buy while items are scanned: a void is free, no scale weight is needed;
                         default false */
};

struct config_label {
    uint16_t width_mm;     /* default 100 */
    uint16_t height_mm;    /* default 150 */
    uint16_t tolerance_mm; /* default 3 */
};

/* What no system tells the station of a product. */
struct config_product {
    char sku[SKU_CAP]; /* Clarus code */
    bool lot;          /* captured at the bench; default false */
    bool serial;
    bool expiry;
    uint32_t min_life_days; /* an expiry nearer than this is refused; default 0 */
    uint32_t weight_g;      /* of one base unit; 0: not known */
    char dangerous[24];     /* "UN3481"; "": not dangerous */
    char hs_code[16];       /* commodity code for customs; "": not known */
    char origin[4];         /* country of origin; "": not known */
};

struct config_kit {     /* one part of a product that is packed by its parts */
    char sku[SKU_CAP];  /* Clarus code of the kit */
    char part[SKU_CAP]; /* Clarus code of the part */
    uint32_t quantity;  /* of it in one kit */
};

struct config_packing {
    bool gift_note;          /* print the gift message; default true */
    bool packing_slip;       /* print a slip for each box; default false */
    bool parcel_tags;        /* tell several boxes apart by tags; default true */
    bool weigh;              /* compare each box with its expected weight; default false */
    uint32_t weight_percent; /* a difference counts beyond both; default 5 */
    uint32_t weight_g;       /* default 30 */
};

struct config_alerts {
    uint32_t attempts;         /* default 8 */
    uint32_t age_min;          /* default 30 */
    char url[URL_CAP];         /* takes what is not right; "": nobody is told */
    char secret[HAL_NAME_CAP]; /* key of the signature; "": not signed */
    char ca[HAL_NAME_CAP];
    uint32_t timeout_ms; /* default 20000 */
};

struct config_site {
    char name[NAME_CAP];
    int32_t utc_offset_min; /* of the warehouse in winter; default 0 */
    enum {
        CONFIG_SUMMER_NONE,
        CONFIG_SUMMER_EU,
    } summer_time;
    uint32_t benches; /* divides each pace budget; default 1 */
    struct config_clarus clarus;
    struct config_channel channels[CONFIG_CHANNELS_MAX];
    size_t channel_count;
    struct config_channel_rule channel_rules[CONFIG_RULES_MAX];
    size_t channel_rule_count;
    struct config_sku_rule sku_rules[CONFIG_MAPS_MAX];
    size_t sku_rule_count;
    struct config_ship_method ship_methods[CONFIG_MAPS_MAX];
    size_t ship_method_count;
    struct config_carrier carriers[CONFIG_SERVICES_MAX];
    size_t carrier_count;
    struct config_unit units[CONFIG_UNITS_MAX];
    size_t unit_count;
    struct config_shop_state shop_states[CONFIG_STATES_MAX];
    size_t shop_state_count;
    struct config_note_rule notes[CONFIG_FIELDS_MAX];
    size_t note_count;
    struct config_order_field order_fields[CONFIG_FIELDS_MAX];
    size_t order_field_count;
    struct config_rule_mode rules[CONFIG_RULES_MAX];
    size_t rule_count;
    struct config_address address;
    struct config_label label;
    struct config_alerts alerts;
    struct config_packing packing;
    struct config_product products[CONFIG_PRODUCTS_MAX];
    size_t product_count;
    struct config_kit kits[CONFIG_KITS_MAX];
    size_t kit_count;
    char country[4]; /* of the warehouse; parcels to another need customs data; "": not checked */
    uint32_t max_state_age_s; /* pack on an unanswered check up to this age; default 900 */
    uint32_t retention_days;  /* delivered records and personal data; default 30 */
    uint32_t trace_days;      /* facts of an order; default 730 */
    char command_prefix[8];   /* default "^P:" */
    char badge_prefix[8];     /* default "^B:" */
};

struct config_scanner {
    struct hal_port_spec port;
    struct scanner_framing framing;
    char layout[4];    /* of a keyboard: "us", "gb", "de", "fr" */
    char feedback[12]; /* "none", "honeywell", "zebra", "datalogic" */
};

/* For packing slips, gift notes and sheets. */
struct config_document_printer {
    struct hal_port_spec port;
    char language[8];
    uint16_t dpi;
    uint16_t width_mm;  /* default 80 */
    uint16_t height_mm; /* 0: a roll */
    bool answers;       /* default true */
};

struct config_scale {
    struct hal_port_spec port;
    char protocol[8]; /* "sics" */
    uint32_t poll_ms; /* default 300 */
};

#define CONFIG_NO_LINE 1024 /* a lamp or buzzer that is not there */
struct config_signal {
    char chip[HAL_PATH_CAP]; /* default /dev/gpiochip0 */
    uint16_t green, amber, red, buzzer;
    bool active_low;
};

struct config_station {
    char id[9];                /* [A-Za-z0-9]{1,8}; first part of every key */
    char bench_name[NAME_CAP]; /* for the screen; default: id */
    char role[8];              /* "bench" */
    struct config_scanner scanners[CONFIG_SCANNERS_MAX];
    size_t scanner_count;
    struct hal_port_spec label_printer;
    bool has_label_printer;
    char printer_language[8]; /* "zpl" */
    uint16_t printer_dpi;     /* 203 or 300 */
    bool printer_answers;     /* default true; false: a one-way link */
    bool test_label;          /* a test label at sign-on; default false */
    struct config_document_printer document_printer;
    bool has_document_printer;
    struct config_scale scale;
    bool has_scale;
    struct config_signal signal;
    bool has_signal;
    char console_bind[64];                  /* default 127.0.0.1 */
    uint16_t console_port;                  /* default 8480 */
    char console_certificate[HAL_NAME_CAP]; /* secret; needed beyond loopback */
    bool training;      /* against stand-ins on loopback, everything marked; default false */
    bool demonstration; /* the page may type scans; nothing else changes */
    char language[8];   /* "en" */
};

struct config {
    struct config_site site;
    struct config_station station;
};

#define CONFIG_FAULTS_MAX 16
struct config_fault {
    char file[HAL_PATH_CAP];
    char path[JSON_PATH_CAP];
    unsigned line;
    char value[64];      /* what was found, made visible; "" when absent */
    char reason[160];    /* the rule that is broken */
    char next_step[160]; /* "did you mean \"poll_s\"?" */
};
struct config_faults {
    struct config_fault items[CONFIG_FAULTS_MAX];
    size_t count; /* all found, also beyond CONFIG_FAULTS_MAX */
};

/* Reads both documents; absent ones are faults unless `embedded_defaults`, which stand in for them.
 * ERR_INVALID with every fault found, not only the first. *out only on ERR_OK. */
MUST_CHECK err_t config_read(struct hal *h, bool embedded_defaults, struct config *out,
                             struct config_faults *faults);
/* The same on given texts, for tests and packd --check. */
MUST_CHECK err_t config_parse_site(struct slice text, const char *file, struct config_site *out,
                                   struct config_faults *faults);
MUST_CHECK err_t config_parse_station(struct slice text, const char *file,
                                      struct config_station *out, struct config_faults *faults);
/* Rules across both files and the secrets they name (each must be readable). */
MUST_CHECK err_t config_check(struct hal *h, const struct config *c, struct config_faults *faults);
/* "site.json line 12, clarus.poll: unknown key; did you mean \"poll_s\"?" */
void config_fault_text(const struct config_fault *f, struct buf *out);

/* "18:30" as minutes of the day; -1 for "". */
int32_t config_minute_of_day(const char *time);
const struct config_channel *config_channel_by_name(const struct config_site *site,
                                                    const char *name);
/* By Clarus code; NULL: nothing is said of it. */
const struct config_product *config_product_by_sku(const struct config_site *site, const char *sku);
/* The rule for a carrier code; NULL when there is none (then: equal, no link). */
const struct config_carrier *config_carrier_by_code(const struct config_site *site,
                                                    const char *code);

#endif
