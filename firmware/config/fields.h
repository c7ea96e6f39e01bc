/* fields.h - every key of site.json and station.json as data: what it is, where it goes, what is
 * allowed. The reader, the schemas' test and the manual's test all read these tables. Private to
 * firmware/config and its tests. */
#ifndef PACKD_CONFIG_FIELDS_H
#define PACKD_CONFIG_FIELDS_H

#include "firmware/config/config.h"

enum field_kind {
    FIELD_TEXT,    /* char[cap] */
    FIELD_WORD,    /* char[cap], one of `words` */
    FIELD_WORDS,   /* char[list_max][cap], a list of texts */
    FIELD_CHOICE,  /* an enum: index of the text in `words` */
    FIELD_NUMBER,  /* unsigned integer of `cap` bytes within min..max */
    FIELD_EITHER,  /* unsigned integer of `cap` bytes, min or max and nothing between */
    FIELD_HEX,     /* uint16_t from four hexadecimal digits in a text, as lsusb prints them */
    FIELD_BOOL,    /* bool */
    FIELD_OBJECT,  /* members given by `shape`, relative to `at` */
    FIELD_OBJECTS, /* a list of those, each shape->size bytes */
    FIELD_IGNORED, /* a text nobody reads: "$schema" for editors */
};

/* NULL when the text is allowed, else the rule it breaks. */
typedef const char *text_rule(struct slice text);

struct field {
    const char *key;
    enum field_kind kind;
    bool required;
    bool hidden; /* its value is not repeated in messages: someone may have put a secret there */
    size_t at;
    size_t cap;
    int64_t min; /* numbers: range; texts: least length */
    int64_t max;
    int64_t number;    /* default of numbers and bools */
    const char *text;  /* default of texts; of lists separated by blanks; NULL: "" */
    text_rule *rule;   /* besides the length; NULL: no control characters */
    const char *words; /* allowed words, separated by blanks */
    const struct shape *shape;
    size_t list_max;
    size_t count_at; /* lists of objects: size_t; optional objects: bool set when present */
    bool optional;   /* object: absent means not there, its defaults are not filled in */
};

struct shape {
    const char *name; /* definition name in the JSON Schema */
    const struct field *fields;
    size_t count;
    size_t size; /* bytes of one element of a list */
};

extern const struct shape site_shape;
extern const struct shape station_shape;

text_rule rule_url; /* https, or http to loopback; no user, query or final slash */
text_rule rule_url_or_none;
text_rule rule_prefix;  /* "" or "/path" without final slash */
text_rule rule_name;    /* a secret or document: letters, digits, - _ . and not first a dot */
text_rule rule_id;      /* letters and digits */
text_rule rule_channel; /* a name of our own, not "clarus" or "none" */
text_rule rule_option;  /* "name=value" */
text_rule rule_link;    /* "" or a web address with {tracking} once */
text_rule rule_time;    /* "" or a time of day: "18:30" */
text_rule rule_date;    /* "" or a day: 2026-03-31 */
text_rule rule_pointer; /* JSON Pointer, not of the whole */
text_rule rule_part;    /* a member of an address */
text_rule rule_shape;   /* the shape of a tracking number */
text_rule rule_any;     /* also control characters: scanner affixes */

/* Reads `text` after `shape` into `out`, which the caller zeroed. All faults found are added. */
MUST_CHECK err_t config_fields_read(struct slice text, const char *file, const struct shape *shape,
                                    void *out, struct config_faults *faults);

/* One fault more; kept when there is room, counted always. `line` 0: not known. */
struct config_fault *config_fault_add(struct config_faults *faults, const char *file,
                                      const char *path, unsigned line);
/* 1-based line of the value at "clarus.poll_s" or "channels[0].name" in a valid JSON text; of the
 * nearest part above when it is absent. */
unsigned config_line(struct slice text, const char *path);
/* The known key closest to `name`; NULL when none is near. */
const char *config_nearest_key(const struct shape *shape, struct slice name);

/* Fills in what one value decides for another (roles of ports, names) and checks references within
 * the file. */
void config_site_finish(struct config_site *site, struct slice text, const char *file,
                        struct config_faults *faults);
void config_station_finish(struct config_station *station, struct slice text, const char *file,
                           struct config_faults *faults);

#endif
