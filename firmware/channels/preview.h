/* preview.h - the requests a definition makes, as text for a person; nothing is sent.
 * What only an answer can give is stood in for by a number, listed first. Secrets are not read. */
#ifndef PACKD_CHANNELS_PREVIEW_H
#define PACKD_CHANNELS_PREVIEW_H

#include "firmware/channels/definition.h"
#include "firmware/channels/values.h"

struct preview {
    const struct config_channel *config;
    json_node root; /* of a definition that was checked */
    const char *order;
    const char *tracking;
    const char *carrier;            /* as the shop names it */
    const struct value_line *lines; /* remote_id, sku and quantity */
    size_t line_count;
};

/* Appends the text. ERR_NOMEM. */
MUST_CHECK err_t preview_put(const struct preview *p, struct buf *out);

#endif
