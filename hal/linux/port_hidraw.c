/* port_hidraw.c - raw HID reports; one read is one report. */
#include <errno.h>
#include <fcntl.h>
#include <linux/hidraw.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "hal/linux/port.h"

#define REPORT_MAX 1024 /* scanners send 64 bytes; high-speed devices up to 1024 */

static const char *const prefixes[] = {"hidraw", NULL};

static void hidraw_drop(struct port *p, bool orderly)
{
    (void)orderly;
    port_unwatch(p);
    if (p->fd >= 0) (void)close(p->fd);
    p->fd = -1;
    p->node[0] = 0;
}

static err_t open_node(struct port *p)
{
    p->fd = open(p->node, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    return p->fd < 0 ? port_open_error(errno) : ERR_OK;
}

static const struct port_class node_class = {"/sys/class/hidraw", prefixes, open_node};

static err_t hidraw_open(struct port *p)
{
    struct usb_identity usb = {0};
    err_t e = port_find(p, &node_class, &usb);
    if (e) return e;
    port_describe(p, &usb);
    e = port_watch(p, EPOLLIN);
    if (e)
        hidraw_drop(p, false);
    else
        port_arrived(p);
    return e;
}

static void hidraw_ready(struct port *p, uint32_t events)
{
    (void)events;
    while (port_can_take(p, REPORT_MAX)) {
        ssize_t n = read(p->fd, p->rx + p->rx_used, REPORT_MAX);
        if (n > 0) {
            port_data(p, (size_t)n);
            continue;
        }
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
        port_lost(p);
        return;
    }
}

/* A report goes out whole or not at all. */
static err_t hidraw_write(struct port *p, struct slice report, size_t *out_accepted)
{
    ssize_t n = write(p->fd, report.ptr, report.len);
    if (n < 0 && (errno == ENODEV || errno == EIO)) {
        port_lost(p);
        return ERR_GONE;
    }
    if (n < 0) return ERR_INVALID;
    *out_accepted = report.len;
    return ERR_OK;
}

static void hidraw_flush(struct port *p)
{
    uint8_t scrap[REPORT_MAX];
    for (int i = 0; i < 64 && read(p->fd, scrap, sizeof scrap) > 0; i++)
        continue;
}

static err_t hidraw_descriptor(struct port *p, struct buf *out)
{
    struct hidraw_report_descriptor d = {0};
    int size = 0;
    if (ioctl(p->fd, HIDIOCGRDESCSIZE, &size) < 0 || size <= 0 || size > HID_MAX_DESCRIPTOR_SIZE)
        return ERR_NOTFOUND;
    d.size = (uint32_t)size;
    if (ioctl(p->fd, HIDIOCGRDESC, &d) < 0) return ERR_NOTFOUND;
    buf_put(out, slice_of(d.value, d.size));
    return out->overflow ? ERR_NOSPACE : ERR_OK;
}

const struct port_ops port_hidraw_ops = {
    .open = hidraw_open,
    .drop = hidraw_drop,
    .ready = hidraw_ready,
    .write = hidraw_write,
    .flush = hidraw_flush,
    .status = NULL,
    .descriptor = hidraw_descriptor,
    .subsystem = "hidraw",
    .retry_ms = PORT_DEVICE_MS,
};
