/* say.h - a sentence for a person as a key of the message files and its arguments.
 * The page and packctl turn it into text in the interface's language: "{0} of {1} packed". */
#ifndef PACKD_BENCH_SAY_H
#define PACKD_BENCH_SAY_H

#include "firmware/limits.h"

#define SAY_ARGS    4
#define SAY_KEY_CAP 48

struct say {
    char key[SAY_KEY_CAP]; /* "" says nothing */
    char arg[SAY_ARGS][SAY_CAP];
};

#endif
