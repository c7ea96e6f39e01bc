/* packctl.h - asks a running station and gives it orders, over its local API.
 *
 * Exit codes: 0 done; 1 the station said no, or there is something wrong to look at (status,
 * exceptions); 2 wrong usage; 3 the station cannot be reached. The daily check has its own. */
#ifndef PACKD_TOOLS_PACKCTL_H
#define PACKD_TOOLS_PACKCTL_H

#include <stdio.h>

#include "firmware/base/json.h"

enum {
    EXIT_DONE = 0,
    EXIT_REFUSED = 1,
    EXIT_USAGE = 2,
    EXIT_UNREACHABLE = 3,
};

struct ctl {
    const char *url;        /* "http://127.0.0.1:8480" */
    const char *token_file; /* NULL: the page of the station on this machine gives it */
    const char *ca;         /* certificate authority of an https station; NULL: the system's */
    const char *site;       /* site.json, for checks without a station */
    const char *channel;    /* NULL: the only one */
    const char *scope;      /* Clarus code of a unit; NULL: every product */
    bool worklist;          /* of the station, instead of a list */
    bool replace;           /* an import wins over later changes of the station */
    const char *from;       /* first and last day of an export, YYYY-MM-DD */
    const char *to;
    const char *older; /* minutes until the daily check speaks; NULL: 60 */
    const char *who;   /* acts are recorded under this name */
    bool json;         /* print answers as they came */
};

struct answer {
    long status; /* HTTP; 0: not reached */
    struct buf body;
    struct json_doc *doc; /* NULL when the body is no JSON */
    char why[260];        /* not reached: why */
};

/* explain.c: scans from standard input to standard output; the exit code. */
int explain_scans(void);

/* client.c: one exchange. `body` NULL: GET. The caller frees the answer. */
void client_call(const struct ctl *ctl, const char *path, const char *body, struct answer *out);
void answer_free(struct answer *a);
/* Says on standard error what is wrong with an answer; EXIT_DONE when nothing is. */
int answer_check(const struct answer *a);
void path_add_escaped(struct buf *path, const char *text);

/* rules.c: each line of a list against the rules of a site.json, without a station. EXIT_REFUSED
 * when a line would be held. */
int rules_check(const struct ctl *ctl, const char *kind, FILE *list);
/* worklist.c: what of the station's work would be held. */
int rules_worklist(const struct ctl *ctl);

/* maps.c: the tables leads edit, as one file. The file is printed; an import ends with EXIT_REFUSED
 * when the station kept a later change of its own. */
int maps_export(const struct ctl *ctl);
int maps_import(const struct ctl *ctl, const char *file);

/* daily.c: 0 all well, 1 something needs a person, 2 cannot tell. */
int daily_check(const struct ctl *ctl);
/* export.c: CSV on standard output, or nothing. */
int export_dispatches(const struct ctl *ctl);

/* print.c: answers as tables for people. Text from the station is printed without its control
 * characters. */
void print_member(json_node row, const char *name); /* one cell */
void print_status(json_node root);
void print_outbox(json_node root);
void print_exceptions(json_node root);
void print_order(json_node root);
void print_maps(json_node root);
void print_words(json_node root);
void print_findings(json_node root);

/* channel.c: the requests a channel would send for an order; nothing is sent. `lines`:
 * SKU=QUANTITY, ends with NULL. */
int channel_try(const struct ctl *ctl, const char *channel, const char *order, char **lines);

#endif
