/* port_evdev.c - a keyboard-wedge scanner, grabbed so that a scan is not typed into a console.
 * The grab waits until no key is down, else the system would keep that key stuck. */
#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "hal/linux/port.h"

#define KEY_BYTES (KEY_MAX / 8 + 1)

static const char *const prefixes[] = {"event", NULL};

static bool has_bit(const uint8_t *bits, unsigned bit)
{
    return (bits[bit / 8] >> (bit % 8) & 1) != 0;
}

/* Composite scanners show several nodes: the one that types has Enter and the digits. */
static bool types_codes(int fd)
{
    uint8_t keys[KEY_BYTES] = {0};
    if (ioctl(fd, EVIOCGBIT(EV_KEY, sizeof keys), keys) < 0) return false;
    return has_bit(keys, KEY_ENTER) && has_bit(keys, KEY_1) && has_bit(keys, KEY_0);
}

static bool any_key_down(int fd)
{
    uint8_t keys[KEY_BYTES] = {0};
    if (ioctl(fd, EVIOCGKEY(sizeof keys), keys) < 0) return false;
    for (size_t i = 0; i < sizeof keys; i++)
        if (keys[i]) return true;
    return false;
}

static void evdev_drop(struct port *p, bool orderly)
{
    (void)orderly;
    port_unwatch(p);
    if (p->fd >= 0) (void)close(p->fd); /* the grab ends with it */
    p->fd = -1;
    p->node[0] = 0;
    p->grabbed = p->lost_events = p->skipping = false;
}

static err_t grab(struct port *p)
{
    if (any_key_down(p->fd)) {
        port_opening(p, INT64_MAX);
        return ERR_OK;
    }
    if (ioctl(p->fd, EVIOCGRAB, 1) != 0) return port_open_error(errno);
    p->grabbed = true;
    port_arrived(p);
    return ERR_OK;
}

/* Opens p->node when it types; else leaves nothing open. */
static err_t open_node(struct port *p)
{
    p->fd = open(p->node, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (p->fd < 0) return port_open_error(errno);
    if (types_codes(p->fd)) return ERR_OK;
    (void)close(p->fd);
    p->fd = -1;
    return ERR_NOTFOUND;
}

static const struct port_class node_class = {"/sys/class/input", prefixes, open_node};

static err_t evdev_open(struct port *p)
{
    struct usb_identity usb = {0};
    err_t e = port_find(p, &node_class, &usb);
    if (e) return e;
    port_describe(p, &usb);
    e = port_watch(p, EPOLLIN);
    if (!e) e = grab(p);
    if (e) evdev_drop(p, false);
    return e;
}

static void take_event(struct port *p, const struct input_event *ev)
{
    if (ev->type == EV_SYN && ev->code == SYN_DROPPED) p->lost_events = p->skipping = true;
    if (ev->type == EV_SYN && ev->code == SYN_REPORT) p->skipping = false;
    if (ev->type != EV_KEY || ev->value > 1 || !p->grabbed || p->skipping) return;
    struct hal_key key = {
        .code = ev->code, .value = (uint8_t)ev->value, .lost_before = p->lost_events};
    memcpy(p->rx + p->rx_used, &key, sizeof key);
    port_data(p, sizeof key);
    p->lost_events = false;
}

static void evdev_ready(struct port *p, uint32_t events)
{
    (void)events;
    while (p->fd >= 0 && port_can_take(p, sizeof(struct hal_key))) {
        struct input_event ev;
        ssize_t n = read(p->fd, &ev, sizeof ev);
        if (n == (ssize_t)sizeof ev) {
            take_event(p, &ev);
            continue;
        }
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) break;
        port_lost(p);
        return;
    }
    if (p->state == PORT_OPENING && grab(p)) port_lost(p);
}

static void evdev_flush(struct port *p)
{
    struct input_event scrap[64];
    for (int i = 0; i < 64 && read(p->fd, scrap, sizeof scrap) > 0; i++)
        continue;
    p->lost_events = true;
}

const struct port_ops port_evdev_ops = {
    .open = evdev_open,
    .drop = evdev_drop,
    .ready = evdev_ready,
    .write = NULL,
    .flush = evdev_flush,
    .status = NULL,
    .subsystem = "input",
    .retry_ms = PORT_DEVICE_MS,
};
