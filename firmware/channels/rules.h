/* rules.h - what an answer means, by a definition's conditions, error rules and wait hints. */
#ifndef PACKD_CHANNELS_RULES_H
#define PACKD_CHANNELS_RULES_H

#include "firmware/channels/pointer.h"
#include "firmware/channels/values.h"
#include "hal/hal.h"

enum rule_end {
    RULE_OK,   /* the answer is what the request was for */
    RULE_DONE, /* refused because it is there already */
    RULE_RETRY,
    RULE_REREAD,
    RULE_REAUTH,
    RULE_PARK,
    RULE_CANCELLED,
    RULE_NOT_YET,
    RULE_LOOK, /* may have had its effect */
};

#define REREADS_MAX 10

struct rule_result {
    enum rule_end end;
    struct slice rule; /* exception kind named by the definition; may be empty */
    int64_t times;     /* RULE_REREAD: so many times before a person must look */
};

/* True when every condition of the list holds; an absent list holds. */
bool rules_hold(json_node conditions, json_node root, const struct values *v);
bool rules_hold_row(json_node conditions, const struct row *row, const struct values *v);
/* Judges a complete answer: the request's own error rules, then its success rule or else that of
 * the definition, then the error rules of the definition; nothing fitting parks. `own` is the read
 * or step. */
struct rule_result rules_judge(json_node definition, json_node own, int status, json_node root,
                               const struct values *v);
/* Milliseconds to wait, as the server asks; 0: it does not. Never negative. */
int64_t rules_wait(json_node definition, const struct hal_http_result *reply, json_node root,
                   int64_t wall_ms);
/* Requests that the server says are left, and when its count begins anew. False: it does not say.
 */
bool rules_budget(json_node definition, const struct hal_http_result *reply, int64_t wall_ms,
                  int64_t *out_left, int64_t *out_reset_ms);
/* The text of RULE words in a definition; false when unknown. */
bool rule_end_of(struct slice word, enum rule_end *out);

#endif
