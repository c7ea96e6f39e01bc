/* marks.h - rare things that a long run must have reached, told by what can be seen from outside:
 * log lines, screens, exceptions.
 *
 * A run of as many seeds as a mark names that has not reached it fails: the worlds no longer lead
 * there, and nothing is proven about it any more. */
#ifndef PACKD_TESTS_MARKS_H
#define PACKD_TESTS_MARKS_H

#include "firmware/base/slice.h"

#define MARKS_MAX 64

struct mark {
    const char *name; /* what a log line, a screen or an exception begins with */
    const char *part; /* and, for a log line, holds somewhere; NULL: anything */
    unsigned seeds;   /* within which it must be reached */
};

size_t mark_count(void);
const struct mark *mark_at(size_t i);
/* Bits of the marks that a line of the log, without its level, reaches. */
uint64_t marks_of_line(struct slice line);
/* Of a key on the packer's screen, or a rule of an exception. */
uint64_t marks_of_word(const char *word);

#endif
