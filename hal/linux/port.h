/* port.h - inside of the ports part: one slot per role, and the table each transport fills in.
 * ports.c owns slots, retries and events; port_*.c own their descriptor and its quirks. */
#ifndef PACKD_HAL_LINUX_PORT_H
#define PACKD_HAL_LINUX_PORT_H

#include <sys/epoll.h>

#include "hal/linux/hotplug.h"
#include "hal/linux/parts.h"
#include "hal/linux/sysfs.h"

#define PORTS_MAX         16   /* a bench has a scanner, two printers, a scale; a site a few more */
#define PORT_RX_CAP       4096 /* bytes of one round; the rest waits in the kernel */
#define PORT_IDENTITY_CAP 192
#define PORT_DEVICE_MS    2000 /* an absent device is looked for this often, hot-plug news or not */
#define PORT_DENIED_MS    100  /* udev sets permissions shortly after the node appears */
#define PORT_DENIED_TRIES 10
#define PORT_LINGER_MS    5000 /* a closed printer connection may take this long to drain */

struct port;

struct port_ops {
    /* Finds and opens the device. ERR_OK: here (port_arrived was called) or on its way (OPENING).
     * ERR_NOTFOUND, ERR_BUSY: look again later. ERR_DENIED: soon. Leaves nothing open on failure.
     */
    err_t (*open)(struct port *p);
    /* Frees what open took. `orderly` is false when the device is lost. */
    void (*drop)(struct port *p, bool orderly);
    void (*ready)(struct port *p, uint32_t epoll_events);
    err_t (*write)(struct port *p, struct slice bytes, size_t *out_accepted); /* NULL: read only */
    void (*flush)(struct port *p);
    err_t (*status)(struct port *p, struct hal_port_status *out); /* NULL: cannot tell */
    err_t (*descriptor)(struct port *p, struct buf *out);         /* NULL: has none */
    const char *subsystem; /* of hot-plug events worth a look; NULL: none */
    int64_t retry_ms;      /* from a failed look or a loss to the next look */
};

enum port_state {
    PORT_FREE,
    PORT_ABSENT,
    PORT_OPENING,
    PORT_HERE,
};

struct resolve;

struct port {
    struct ports *owner;
    const struct port_ops *ops;
    uint32_t id;
    enum port_state state;
    struct hal_port_spec spec;
    int fd; /* -1: none */
    struct watch *watch;
    uint32_t armed;          /* epoll events asked for */
    mono_t retry_at;         /* next look while absent; deadline while opening */
    unsigned denied;         /* tries in a row that ended in EACCES */
    bool lent;               /* rx belongs to an event of this round */
    size_t rx_used;          /* bytes of rx lent */
    char node[HAL_PATH_CAP]; /* device node in use, "" for TCP */
    char identity[PORT_IDENTITY_CAP];
    int side_fd; /* pty: inotify; TCP: resolver's pipe; -1: none */
    struct watch *side_watch;
    void *detail;     /* serial: struct sp_port *; TCP: struct resolve * */
    bool grabbed;     /* evdev */
    bool lost_events; /* evdev: SYN_DROPPED since the last key */
    bool skipping;    /* evdev: until the report after SYN_DROPPED ends */
    _Alignas(8) uint8_t rx[PORT_RX_CAP];
};

extern const struct port_ops port_serial_ops;
extern const struct port_ops port_pty_ops;
extern const struct port_ops port_usblp_ops;
extern const struct port_ops port_tcp_ops;
extern const struct port_ops port_hidraw_ops;
extern const struct port_ops port_evdev_ops;

struct reactor *port_reactor(const struct port *p);
/* Registers p->fd with ops->ready. */
MUST_CHECK err_t port_watch(struct port *p, uint32_t epoll_events);
void port_unwatch(struct port *p);
/* Changes what is waited for; a failure loses the port. */
void port_arm(struct port *p, uint32_t epoll_events);
void port_arrived(struct port *p);
/* Drops the device, announces GONE if it was here, and looks again after ops->retry_ms. */
void port_lost(struct port *p);
/* Announces GONE and waits in OPENING for an event of the transport's own, without limit. */
void port_gone(struct port *p);
/* Lends rx[rx_used .. rx_used+len) as one DATA event. */
void port_data(struct port *p, size_t len);
/* Room for one more DATA event of up to `len` bytes in this round. */
bool port_can_take(const struct port *p, size_t len);
/* Waits in OPENING; lost after `limit_ms` unless port_arrived comes first. */
void port_opening(struct port *p, int64_t limit_ms);
/* True when another role already uses this node. */
bool port_node_taken(const struct port *p, const char *node);
/* Finds the node for spec: by path, else the first free match in the class. Fills p->node and `out`
 * (empty ids where it is no USB device). `accept` opens or refuses a candidate; NULL accepts all.
 */
struct port_class {
    const char *dir;             /* "/sys/class/tty" */
    const char *const *prefixes; /* NULL-terminated */
    err_t (*accept)(struct port *p);
};
MUST_CHECK err_t port_find(struct port *p, const struct port_class *class,
                           struct usb_identity *out);
/* Text for the screen: "usb 0c2e:0b6a serial X at usb-1.2", or the node when it is no USB device.
 */
void port_describe(struct port *p, const struct usb_identity *usb);

/* Byte streams: reading, writing and readiness as most descriptors have it. */
void port_stream_ready(struct port *p, uint32_t epoll_events);
MUST_CHECK err_t port_stream_write(struct port *p, struct slice bytes, size_t *out_accepted);
/* Emits WRITABLE once and stops waiting for it. */
void port_take_writable(struct port *p);
/* Closes fd after what is under way has left it: `until` EPOLLIN waits for the far end's end of
 * file, EPOLLOUT for the device to take the rest; at most PORT_LINGER_MS. Owns fd from here on. */
void port_linger(struct port *p, int fd, uint32_t until);

/* err_t for errno of open(2). */
err_t port_open_error(int error);

#endif
