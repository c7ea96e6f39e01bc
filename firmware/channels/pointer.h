/* pointer.h - where something is in an answer.
 *
 * RFC 6901 with two additions: a part [name=text] is the first element of a list whose member
 * `name` is that text, and a pointer that begins with ^ starts at the row around the row. "" is the
 * row itself. A list of pointers means the first one that leads somewhere. */
#ifndef PACKD_CHANNELS_POINTER_H
#define PACKD_CHANNELS_POINTER_H

#include "firmware/base/json.h"

struct row {
    json_node node;
    json_node outer; /* the row around it; NULL: none */
};

bool pointer_is_sound(struct slice pointer);
/* `spec`: a text or a list of texts. NULL when nothing is there, or spec is absent. */
json_node pointer_find(const struct row *row, json_node spec);
/* The member `name` of `described` as a pointer. */
json_node pointer_member(const struct row *row, json_node described, const char *name);

#endif
