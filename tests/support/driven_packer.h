/* driven_packer.h - a packer at a real station that may be killed at any moment: looks at the
 * screen, does what it asks for, repeats what was not confirmed, takes one order after the other.
 * What she was shown and the paper she got is kept. */
#ifndef PACKD_TESTS_DRIVEN_PACKER_H
#define PACKD_TESTS_DRIVEN_PACKER_H

#include "firmware/base/json.h"
#include "tests/support/real_station.h"

#define DRIVEN_ORDERS_MAX 8000
#define DRIVEN_PAPERS_MAX 16000

struct driven_order {
    char reference[24];
    char tote[24];
    unsigned tries;
    unsigned saved;    /* times SAVED was shown for it */
    int64_t saved_at;  /* as shown last */
    bool already_sent; /* the station said so when it was taken again */
    int64_t rest_until_ms;
};

struct driven_paper {
    char tracking[64];
    unsigned copies, asked;
};

struct driven_packer {
    struct real_station *station;
    struct json_doc *view; /* the screen as last seen; owned; NULL: no station */
    struct driven_order orders[DRIVEN_ORDERS_MAX];
    size_t order_count;
    size_t finished; /* orders before this one need no look any more */
    struct driven_paper papers[DRIVEN_PAPERS_MAX];
    size_t paper_count;
    char seen[160]; /* what the screen said, and since when */
    int64_t since_ms;
    int64_t scanned_ms;
    char scanned[64];
    unsigned scans;
};

void driven_packer_open(struct driven_packer *p, struct real_station *station);
void driven_packer_close(struct driven_packer *p);
/* One look at the screen and at the printer, and at most one scan. */
void driven_packer_step(struct driven_packer *p);
/* True when every order placed was shown SAVED or told as sent. */
bool driven_packer_is_done(const struct driven_packer *p);
/* Places `count` orders of one or two units at the stand-ins. */
void driven_packer_place(struct driven_packer *p, size_t count);
int64_t driven_now_ms(void);

#endif
