/* check.h - a state check: what was read, and what it means. For firmware/clarus/check*.c only. */
#ifndef PACKD_CLARUS_CHECK_H
#define PACKD_CLARUS_CHECK_H

#include "firmware/clarus/inner.h"

struct check {
    enum check_purpose purpose;
    struct consignment before; /* as it was when the check began */
    struct order_seen seen;
    bool found;
    bool absent_once;
    char strategy[24];
    char line_ids[LINES_MAX][ID_CAP];
    size_t line_count; /* may exceed LINES_MAX */
    struct product_need need;
    char task_ids[LINES_MAX * 16]; /* JSON array of those read */
    struct buf task_buf;
    struct json_writer task_writer;
    unsigned picks_open;
    unsigned disps_open;
    unsigned disps_done;
    unsigned other_subtype;
    unsigned allocated;
    unsigned mine;
    char owner[NAME_CAP];
    bool foreign_owner;
    char stranger[ID_CAP];
};

/* At the bench now: claimed up to its label scanned back. */
bool check_in_bench(enum consignment_state s);
/* False when the order's status alone decides, so that reading on is of no use. */
bool check_goes_on(struct clarus *c, const struct check *k);
/* What the complete reading means. */
void check_judge(struct clarus *c, const struct check *k, struct verdict *out);

#endif
