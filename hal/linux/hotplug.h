/* hotplug.h - the kernel's or udev's news about devices, over netlink. */
#ifndef PACKD_HAL_LINUX_HOTPLUG_H
#define PACKD_HAL_LINUX_HOTPLUG_H

#include "hal/linux/reactor.h"

struct hotplug;

struct hotplug_news {
    bool rescan;  /* news were lost: look at everything; the rest is empty */
    bool removed; /* else added or changed */
    char subsystem[32];
    char node[64]; /* "/dev/ttyACM0"; "" when it has none */
};

typedef void hotplug_fn(void *ctx, const struct hotplug_news *news);

/* Listens to udev when it runs (permissions are set by then), else to the kernel. ERR_IO where
 * there is no netlink: the ports then look by time only. */
MUST_CHECK err_t hotplug_open(struct reactor *r, hotplug_fn *fn, void *ctx, struct hotplug **out);
void hotplug_close(struct hotplug *h); /* NULL is fine */

/* Reads one datagram of either group. ERR_PROTO: neither, or without action. */
MUST_CHECK err_t hotplug_parse(struct slice datagram, struct hotplug_news *out);

#endif
