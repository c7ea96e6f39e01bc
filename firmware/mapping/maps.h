/* maps.h - the tables by which the words of a shop become those of Clarus: exact SKU pairs, units,
 * ship methods, order states. site.json gives them; what leads changed since lies in the store and
 * wins over the file. A look-up never guesses: what is not there is ERR_NOTFOUND.
 *
 * One caller: the loop; tools use it without a store. */
#ifndef PACKD_MAPPING_MAPS_H
#define PACKD_MAPPING_MAPS_H

#include "firmware/base/clock.h"
#include "firmware/config/config.h"
#include "firmware/store/store.h"

struct maps {
    const struct config_site *site; /* borrowed */
    struct store *store;            /* borrowed; NULL: the file alone */
};

enum map_kind {
    MAP_SKU,    /* key: SKU in the shop; value: Clarus code */
    MAP_UNIT,   /* scope: Clarus code or ""; key: unit; value: factor; value2: "tested" or "" */
    MAP_METHOD, /* key: title; value: carrier code; value2: service code */
    MAP_STATE,  /* key: state in the shop; value: pack, hold, stop, sent */
    MAP_KINDS,
};
const char *map_kind_name(enum map_kind kind); /* "sku" */
bool map_kind_of(struct slice name, enum map_kind *out);

bool map_action_of(struct slice word, enum config_state_action *out);
const char *map_action_name(enum config_state_action action);

#define MAP_FACTOR_MAX 1000000

/* One change of a lead. */
struct map_entry {
    enum map_kind kind;
    char channel[24]; /* "": every channel */
    char scope[SKU_CAP];
    char key[NAME_CAP];
    char value[SKU_CAP];
    char value2[ID_CAP];
    bool removed;                /* the file's entry does not count */
    char file[SKU_CAP + ID_CAP]; /* what the file said when it was changed; "": nothing */
    int64_t version;
    char who[NAME_CAP];
    int64_t at; /* wall ms */
};

/* The entry for this channel, else for every channel. ERR_NOTFOUND: no lead changed it. */
MUST_CHECK err_t maps_changed(const struct maps *m, const struct map_entry *what,
                              struct map_entry *out);

/* Ship method by exact title. ERR_NOTFOUND: not mapped. */
struct ship_method {
    char carrier_code[ID_CAP];
    char service_code[ID_CAP]; /* "": any */
};
MUST_CHECK err_t maps_method(const struct maps *m, const char *channel, const char *title,
                             struct ship_method *out);
bool maps_has_methods(const struct maps *m, const char *channel);

/* Base units in one `unit` of a product. ERR_NOTFOUND: not mapped. */
struct unit_map {
    uint32_t factor;
    bool tested;
};
MUST_CHECK err_t maps_unit(const struct maps *m, const char *channel, const char *code,
                           const char *unit, struct unit_map *out);

/* What a state of the shop's order means here. ERR_NOTFOUND: the definition decides. */
MUST_CHECK err_t maps_state(const struct maps *m, const char *channel, const char *status,
                            enum config_state_action *out);

/* Whether a hold of this rule only observes. */
bool maps_observes(const struct config_site *site, const char *rule);

#endif
