/* port_find.c - which node of /sys/class is meant by a role. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hal/linux/port.h"

#define NODES_MAX 64 /* nodes of one class looked at */

err_t port_open_error(int error)
{
    if (error == EACCES || error == EPERM) return ERR_DENIED;
    if (error == EBUSY) return ERR_BUSY;
    return ERR_NOTFOUND;
}

static bool has_prefix(const char *name, const char *const *prefixes)
{
    for (; *prefixes; prefixes++)
        if (strncmp(name, *prefixes, strlen(*prefixes)) == 0) return true;
    return false;
}

static int by_name(const void *a, const void *b)
{
    return strverscmp(a, b);
}

typedef char node_name[HAL_NAME_CAP];

static size_t list_names(const char *class_dir, const char *const *prefixes, node_name *names)
{
    DIR *d = opendir(class_dir);
    if (!d) return 0;
    size_t n = 0;
    for (struct dirent *entry; n < NODES_MAX && (entry = readdir(d));) {
        struct slice name = slice_text(entry->d_name);
        if (!has_prefix(entry->d_name, prefixes)) continue;
        if (slice_copy(name, names[n], sizeof names[n]) == ERR_OK) n++;
    }
    (void)closedir(d);
    qsort(names, n, sizeof *names, by_name);
    return n;
}

/* usblp's class is /sys/class/usbmisc, its nodes are below /dev/usb; input's below /dev/input. */
static void node_of(const char *class_dir, const char *name, char *out, size_t cap)
{
    const char *dir = "";
    if (strstr(class_dir, "/usbmisc")) dir = "usb/";
    if (strstr(class_dir, "/input")) dir = "input/";
    (void)snprintf(out, cap, "/dev/%s%.*s", dir, HAL_NAME_CAP - 1, name);
}

static err_t accept(struct port *p, const struct port_class *class)
{
    return class->accept ? class->accept(p) : ERR_OK;
}

static err_t find_by_path(struct port *p, const struct port_class *class, struct usb_identity *out)
{
    char real[PATH_MAX];
    if (!realpath(p->spec.path, real)) return port_open_error(errno);
    if (slice_copy(slice_text(real), p->node, sizeof p->node)) return ERR_NOTFOUND;
    if (port_node_taken(p, p->node)) return ERR_BUSY;
    const char *name = strrchr(p->node, '/');
    err_t e = usb_identity_read(class->dir, name ? name + 1 : p->node, out);
    bool wanted = usb_identity_wanted(&p->spec);
    if (wanted && e) return e;
    if (wanted && !usb_identity_fits(out, &p->spec)) return ERR_NOTFOUND;
    return accept(p, class);
}

static err_t try_name(struct port *p, const struct port_class *class, const char *name,
                      struct usb_identity *out)
{
    struct usb_identity usb;
    err_t e = usb_identity_read(class->dir, name, &usb);
    if (e) return e;
    node_of(class->dir, name, p->node, sizeof p->node);
    if (!usb_identity_fits(&usb, &p->spec) || port_node_taken(p, p->node)) return ERR_NOTFOUND;
    *out = usb;
    return accept(p, class);
}

err_t port_find(struct port *p, const struct port_class *class, struct usb_identity *out)
{
    *out = (struct usb_identity){0};
    if (p->spec.path[0]) return find_by_path(p, class, out);
    node_name names[NODES_MAX];
    size_t n = list_names(class->dir, class->prefixes, names);
    err_t result = ERR_NOTFOUND;
    for (size_t i = 0; i < n; i++) {
        err_t e = try_name(p, class, names[i], out);
        if (!e) return ERR_OK;
        if (e != ERR_NOTFOUND) result = e;
    }
    p->node[0] = 0;
    return result;
}

void port_describe(struct port *p, const struct usb_identity *usb)
{
    struct buf b = buf_over(p->identity, sizeof p->identity - 1);
    if (!usb->usb) {
        buf_text(&b, p->node);
    } else {
        const char *chain = strchr(usb->bus_path, '-');
        buf_printf(&b, "usb %04x:%04x", (unsigned)usb->vendor, (unsigned)usb->product);
        if (usb->serial[0]) buf_printf(&b, " serial %s", usb->serial);
        buf_printf(&b, " at usb-%s", chain ? chain + 1 : usb->bus_path);
        if (usb->model[0]) buf_printf(&b, " (%s)", usb->model);
    }
    p->identity[b.len] = 0;
}
