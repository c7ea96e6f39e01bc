/* fields.h - members of the shop's order that the configuration names: those that must be there,
 * those shown to the packer, and members of real orders that nobody names. */
#ifndef PACKD_CHANNELS_FIELDS_H
#define PACKD_CHANNELS_FIELDS_H

#include "firmware/config/config.h"

#define FIELDS_UNNAMED_MAX 64
#define FIELD_NAME_CAP     48

struct order_fields {
    bool watch;   /* look for members that nobody names */
    bool missing; /* a required one */
    char missing_name[NAME_CAP];
    struct buf notes[CONFIG_NOTE_GIFT + 1]; /* by enum config_note; growable */
    char unnamed[FIELDS_UNNAMED_MAX][FIELD_NAME_CAP];
    size_t unnamed_count;
};

void order_fields_init(struct order_fields *f); /* also to begin anew */
void order_fields_deinit(struct order_fields *f);
/* Takes the order as it was answered. `definition` names what the pipeline itself reads. */
void order_fields_take(struct order_fields *f, const struct config_site *site, const char *channel,
                       json_node definition, json_node order);

#endif
