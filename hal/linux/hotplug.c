#include "hal/linux/hotplug.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "firmware/base/mem.h"

#define DATAGRAM_MAX 16384
#define GROUP_KERNEL 1
#define GROUP_UDEV   2
#define UDEV_MAGIC   0xfeedcafeu
#define ROUND_MAX    64 /* datagrams of one turn */

/* What udev puts before the properties; later versions add fields behind. */
struct udev_head {
    char prefix[8]; /* "libudev" */
    uint32_t magic; /* big-endian */
    uint32_t head_len;
    uint32_t properties_at;
    uint32_t properties_len;
};

struct hotplug {
    struct reactor *reactor;
    int fd;
    struct watch *watch;
    hotplug_fn *fn;
    void *ctx;
    uint8_t datagram[DATAGRAM_MAX];
};

static uint32_t big_endian(uint32_t v)
{
    uint8_t b[4];
    memcpy(b, &v, sizeof b);
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static err_t properties_of(struct slice datagram, struct slice *out)
{
    struct udev_head head;
    if (datagram.len < sizeof head || memcmp(datagram.ptr, "libudev", 8) != 0) {
        *out = datagram; /* the kernel's: "add@/devices/..." is skipped as an unknown property */
        return ERR_OK;
    }
    memcpy(&head, datagram.ptr, sizeof head);
    size_t at = head.properties_at;
    if (big_endian(head.magic) != UDEV_MAGIC || at > datagram.len) return ERR_PROTO;
    if (head.properties_len > datagram.len - at) return ERR_PROTO;
    *out = slice_sub(datagram, at, at + head.properties_len);
    return ERR_OK;
}

static err_t take_property(struct slice line, bool *has_action, struct hotplug_news *out)
{
    size_t eq = slice_find_byte(line, '=');
    struct slice key = slice_sub(line, 0, eq);
    struct slice value = slice_sub(line, eq + 1, line.len);
    if (slice_is(key, "ACTION")) {
        *has_action = true;
        out->removed = slice_is(value, "remove");
    } else if (slice_is(key, "SUBSYSTEM")) {
        return slice_copy(value, out->subsystem, sizeof out->subsystem);
    } else if (slice_is(key, "DEVNAME")) {
        char name[sizeof out->node - 5];
        err_t e = slice_copy(value, name, sizeof name);
        if (e) return e;
        (void)snprintf(out->node, sizeof out->node, "%s%s", name[0] == '/' ? "" : "/dev/", name);
    }
    return ERR_OK;
}

err_t hotplug_parse(struct slice datagram, struct hotplug_news *out)
{
    struct slice rest;
    if (properties_of(datagram, &rest)) return ERR_PROTO;
    struct hotplug_news news = {0};
    bool has_action = false;
    while (rest.len > 0) {
        size_t end = slice_find_byte(rest, 0);
        if (take_property(slice_sub(rest, 0, end), &has_action, &news)) return ERR_PROTO;
        rest = slice_sub(rest, end < rest.len ? end + 1 : end, rest.len);
    }
    if (!has_action) return ERR_PROTO;
    *out = news;
    return ERR_OK;
}

/* Only the kernel and root's udev are believed. */
static bool from_root(struct msghdr *m)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_CREDENTIALS) continue;
        struct ucred who;
        memcpy(&who, CMSG_DATA(c), sizeof who);
        return who.uid == 0;
    }
    return false;
}

/* False when there is nothing more to read now. */
static bool take_datagram(struct hotplug *h)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct ucred))];
    struct iovec io = {h->datagram, sizeof h->datagram};
    struct msghdr m = {
        .msg_iov = &io, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ssize_t n = recvmsg(h->fd, &m, MSG_DONTWAIT);
    if (n < 0 && errno == ENOBUFS) {
        h->fn(h->ctx, &(struct hotplug_news){.rescan = true});
        return true;
    }
    if (n <= 0) return false;
    struct hotplug_news news;
    if (!from_root(&m) || (m.msg_flags & MSG_TRUNC)) return true;
    if (hotplug_parse(slice_of(h->datagram, (size_t)n), &news) == ERR_OK) h->fn(h->ctx, &news);
    return true;
}

static void on_ready(void *ctx, uint32_t events)
{
    (void)events;
    for (int i = 0; i < ROUND_MAX && take_datagram(ctx); i++)
        continue;
}

static int open_socket(void)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
    if (fd < 0) return -1;
    struct sockaddr_nl a = {.nl_family = AF_NETLINK};
    a.nl_groups = access("/run/udev/control", F_OK) == 0 ? GROUP_UDEV : GROUP_KERNEL;
    int on = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0 &&
        bind(fd, (struct sockaddr *)&a, sizeof a) == 0)
        return fd;
    (void)close(fd);
    return -1;
}

err_t hotplug_open(struct reactor *r, hotplug_fn *fn, void *ctx, struct hotplug **out)
{
    struct hotplug *h = mem_alloc(sizeof *h);
    if (!h) return ERR_NOMEM;
    h->reactor = r;
    h->fn = fn;
    h->ctx = ctx;
    h->fd = open_socket();
    if (h->fd < 0 || reactor_watch(r, h->fd, EPOLLIN, on_ready, h, &h->watch)) {
        hotplug_close(h);
        return ERR_IO;
    }
    *out = h;
    return ERR_OK;
}

void hotplug_close(struct hotplug *h)
{
    if (!h) return;
    reactor_unwatch(h->reactor, h->watch);
    if (h->fd >= 0) (void)close(h->fd);
    mem_free(h);
}
