/* forked.h - many stories, each in a process of its own: a failed assertion or a crash ends that
 * story and is told with its name; the others go on. FAULT="<name>" runs one of them alone. */
#ifndef PACKD_TESTS_FORKED_H
#define PACKD_TESTS_FORKED_H

#include <stdio.h>
#include <sys/types.h>

#define FORKED_AT_ONCE 2

struct forked {
    struct forked_job {
        pid_t pid; /* 0: free */
        FILE *output;
        char name[96];
    } jobs[FORKED_AT_ONCE];
    unsigned started;
    unsigned failures;
};

/* `story` is a cmocka test function; what it needs to know lies in statics set before the call. */
void forked_start(struct forked *f, const char *name, void (*story)(void **state));
/* Waits for those under way; returns how many failed in all. */
unsigned forked_end(struct forked *f);

#endif
