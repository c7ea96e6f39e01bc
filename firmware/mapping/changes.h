/* changes.h - what leads change of the tables of site.json: each change with who and when, a
 * version that rises by one, and a history. It lies in the store: a new site.json never overwrites
 * it; where the two come to differ, the change stays and somebody is told. */
#ifndef PACKD_MAPPING_CHANGES_H
#define PACKD_MAPPING_CHANGES_H

#include "firmware/mapping/maps.h"

#define MAPS_BATCH_MAX 100 /* entries of one import call */

/* What is wrong with an entry; NULL: nothing. */
const char *maps_fault(const struct config_site *site, const struct map_entry *e);

enum maps_act {
    MAPS_SET,    /* this is the value from now on */
    MAPS_REMOVE, /* nothing is mapped, whatever the file says */
    MAPS_DROP,   /* the lead's change is forgotten: the file counts again */
    MAPS_IMPORT, /* as MAPS_SET or MAPS_REMOVE by the entry, from another bench */
};
/* One change, in the open transaction. `who` must not be empty. ERR_INVALID: maps_fault says why.
 * ERR_NOTFOUND: nothing to drop. Setting what is set already changes nothing. */
MUST_CHECK err_t maps_change(const struct maps *m, wall_t at, enum maps_act act,
                             const struct map_entry *e, const char *who);

/* What an import makes of one entry. A change made here later than the one in the file stays,
 * unless `replace`. */
enum maps_taken {
    MAPS_ADDED,
    MAPS_SAME,
    MAPS_REPLACED,
    MAPS_KEPT, /* the one here is newer: told, not overwritten */
};
MUST_CHECK err_t maps_take(const struct maps *m, wall_t at, const struct map_entry *e,
                           const char *who, bool replace, enum maps_taken *out);

/* Changes from the `skip`th on, by kind, channel, scope, key; returns how many were read. */
size_t maps_changes(const struct maps *m, size_t skip, struct map_entry *out, size_t cap);
/* Number of the newest change; 0: none yet. */
int64_t maps_version(struct store *st);
/* What the file says of the entry's key: "value" or "value value2"; "": nothing. */
void maps_file_says(const struct config_site *site, const struct map_entry *e,
                    char out[SKU_CAP + ID_CAP]);
/* The next change, after the `skip`th, that the file came to differ from since it was made; notes
 * that it was told. ERR_NOTFOUND: no more. */
MUST_CHECK err_t maps_next_conflict(const struct maps *m, size_t *skip, struct map_entry *out,
                                    char file_says[SKU_CAP + ID_CAP]);

#endif
