/* net.h - the network of a simulated world: requests reach the peers, or not, or late. */
#ifndef PACKD_TESTS_NET_H
#define PACKD_TESTS_NET_H

#include "tests/simulation/sim.h"

#define NET_CLARUS "http://127.0.0.1:8481"
#define NET_SHOP   "http://127.0.0.1:8482"

hal_sim_http_fn net_request;
/* The peers' own clock, which nobody steps. */
int64_t net_now(const struct sim *s);
/* Effects of requests whose reply was lost, as late as they may come. */
void net_land_late(struct sim *s);
/* The station is gone; what it sent still lands. */
void net_forget(struct sim *s);
void net_free(struct sim *s);

#endif
