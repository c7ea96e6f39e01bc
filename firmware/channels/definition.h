/* definition.h - one system's definition: JSON that was validated, and its parts.
 * Interpreted as it stands; nothing here is trusted before definition_check accepted it. */
#ifndef PACKD_CHANNELS_DEFINITION_H
#define PACKD_CHANNELS_DEFINITION_H

#include "firmware/channels/channels.h"

#define DEFINITION_MAX  65536
#define READS_MAX       8
#define STEPS_MAX       12
#define PAGES_MAX       50
#define PAGE_SIZE_MAX   1000
#define LIMIT_VALUE_MAX 511

struct definition {
    char name[24];
    struct json_doc *doc; /* owned */
    json_node root;
};

/* Parses and validates. The text is not needed afterwards. ERR_INVALID with the fault. */
MUST_CHECK err_t definition_load(const char *name, struct slice text, struct definition *out,
                                 struct definition_fault *fault);
void definition_deinit(struct definition *d);
/* The text compiled in under this name; empty when there is none. */
struct slice definition_builtin(const char *name);
/* Names of those compiled in; NULL behind the last. */
const char *definition_builtin_name(size_t index);

/* Value of "name=value" among the channel's options; empty when there is none. */
struct slice channel_option(const struct config_channel *config, struct slice name);
/* Sets option.NAME for all a definition knows: what the configuration says, else the definition. */
struct values;
void options_set(json_node root, const struct config_channel *config, struct values *v);

/* Checks a parsed definition: known keys, types, pointers, names of values, bounds. */
MUST_CHECK err_t definition_check(const char *name, json_node root, struct definition_fault *fault);

#endif
