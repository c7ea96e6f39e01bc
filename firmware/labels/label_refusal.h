/* label_refusal.h - the rules by which a label document is refused, each with what is to be done
 * about it; for labels.c only. */
#ifndef PACKD_LABELS_LABEL_REFUSAL_H
#define PACKD_LABELS_LABEL_REFUSAL_H

#include "firmware/labels/labels.h"

/* Makes *r a refusal by this rule and gives the room for what was found: append a few words to it.
 * The room is in *r. */
struct buf label_refusal(struct labels_result *r, const char *rule);
/* The same with fixed words. Always ERR_REFUSED. */
MUST_CHECK err_t label_refuse(struct labels_result *r, const char *rule, const char *text);

#endif
