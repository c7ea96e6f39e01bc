/* check.h - the promises, each a function named after it.
 *
 * They see the outside alone: the peers' ledger, paper, what the packer was shown, and what
 * survived on disk (exceptions that stand, messages that wait). The log is watched as it is written
 * (sim.c). A broken promise is recorded by sim_fail; the first one counts. */
#ifndef PACKD_TESTS_CHECK_H
#define PACKD_TESTS_CHECK_H

#include "tests/simulation/sim.h"

/* At any moment. */
void check_s2_nothing_twice(struct sim *s);
void check_s3_order_within_an_order(struct sim *s);
void check_s4_label_truth(struct sim *s);
void check_s5_no_phantom(struct sim *s);
void check_s5_recalled(struct sim *s);
void check_s6_paper_once(struct sim *s);
void check_s7_counts_add_up(struct sim *s);
void check_s9_bounded(struct sim *s);
void check_s10_crash_only(struct sim *s);
/* After everything healed and the outbox had its time. */
void check_s1_nothing_lost(struct sim *s);
void check_s5_late_is_pulled(struct sim *s);
void check_l1_drains(struct sim *s);
void check_l2_new_order_can_be_packed(struct sim *s);
void check_l3_all_agree(struct sim *s);

/* With damage at rest, where the others are not promised. */
void check_rot_no_wrong_label(struct sim *s);

void check_always(struct sim *s);
void check_healed(struct sim *s);

#endif
