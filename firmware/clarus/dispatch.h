/* dispatch.h - which DISP tasks one dispatch completes. For firmware/clarus/dispatch*.c only. */
#ifndef PACKD_CLARUS_DISPATCH_H
#define PACKD_CLARUS_DISPATCH_H

#include "firmware/clarus/inner.h"

#define TASKS_MAX ((size_t)2 * LINES_MAX)

struct disp_need { /* quantity of one line (or product) in the dispatch */
    char line_id[ID_CAP];
    char product_id[ID_CAP];
    int64_t milli;
};

struct disp_task {
    char id[ID_CAP];
    char line_id[ID_CAP];
    char product_id[ID_CAP];
    int64_t milli;
    bool completed;
    bool chosen;
    bool taken; /* belongs to another dispatch of this order */
};

struct disp {
    int64_t message_id;
    int64_t dispatch_id;
    int64_t consignment_id;
    bool look_first;
    char clarus_id[ID_CAP];
    char reference[REFERENCE_CAP];
    char status[RULE_CAP]; /* "" while the order was not found */
    bool absent_once;
    struct disp_need needs[LINES_MAX];
    size_t need_count;
    struct disp_task tasks[TASKS_MAX];
    size_t task_count;
    bool chosen;     /* the choice is made and stored */
    bool rest;       /* less than a task is left over */
    char at[ID_CAP]; /* the task last asked to complete */
    bool doubt;      /* that was refused: `words` */
    bool gone;       /* refused with 404 */
    unsigned looks;
    mono_t looks_from;
    char words[SAY_CAP];
};

/* Reads what the dispatch holds. */
err_t disp_load(struct clarus *c, struct disp *d);
/* Marks the tasks whose whole quantity is in the dispatch; sets `rest` when something is left. */
void disp_choose(struct clarus *c, struct disp *d);
/* The stored progress: which tasks, which was asked last. */
void disp_progress_read(struct disp *d, struct slice json);
err_t disp_progress_write(struct clarus *c, const struct disp *d);
struct disp_task *disp_task_by_id(struct disp *d, const char *id);
bool disp_all_completed(const struct disp *d);

#endif
