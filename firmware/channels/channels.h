/* channels.h - storefronts and inventory systems: one pipeline, one definition file per system.
 *
 * read the order -> guard its state -> map our lines to its lines, compute what remains -> is our
 * shipment already there? -> write step by step (resumable) -> read back -> set or verify the
 * order's state
 *
 * Definitions are JSON, compiled in (firmware/channels/definitions), replaced by a document of the
 * same name beside the configuration where there is one, and validated when loaded. */
#ifndef PACKD_CHANNELS_CHANNELS_H
#define PACKD_CHANNELS_CHANNELS_H

#include "firmware/base/effects.h"
#include "firmware/catalogue/catalogue.h"
#include "firmware/catalogue/verdict.h"
#include "firmware/config/config.h"
#include "firmware/mapping/route.h"
#include "firmware/outbox/outbox.h"

struct channels;

struct channels_options {
    struct store *store;
    struct effects *fx;
    struct outbox *outbox;
    const struct log *log;
    const struct config *config;
    /* A storefront state check ended. VERDICT_UNKNOWN: no answer. VERDICT_GO also when the channel
     * is "none" or does not check. */
    void (*checked)(void *ctx, uint32_t ticket, const struct verdict *v);
    void *ctx;
};

struct definition_fault {
    char name[24];
    char path[JSON_PATH_CAP];
    char reason[160];
};
/* ERR_INVALID with the fault of the first definition that does not validate. */
MUST_CHECK err_t channels_new(const struct channels_options *options, struct channels **out,
                              struct definition_fault *fault);
void channels_free(struct channels *ch);

/* Registers one outbox destination per enabled channel. */
MUST_CHECK err_t channels_register(struct channels *ch);

/* Reads the order in its storefront: state, notes and gift message (into the catalogue, with the
 * source), lines (shop line ids into the catalogue), address digest compared with the first
 * reading. */
void channels_check(struct channels *ch, uint32_t ticket, int64_t consignment_id);

/* The same ahead of the bench: what is read may be forgotten in a power cut, and members of the
 * order that nobody names are collected. A verdict GO with a rule: the rule only observes. */
void channels_watch(struct channels *ch, uint32_t ticket, int64_t consignment_id);

/* Validates one definition text. */
MUST_CHECK err_t channels_definition_check(const char *name, struct slice text,
                                           struct definition_fault *fault);

#endif
