#include "hal/linux/sysfs.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firmware/base/text.h"

#define SYSFS_LEVELS_MAX 12 /* directories between a node and its USB device */

/* One attribute without its line end and without control bytes; "" when absent or too long. */
static void read_attribute(const char *dir, const char *name, char *out, size_t cap)
{
    out[0] = 0;
    char path[PATH_MAX];
    if ((size_t)snprintf(path, sizeof path, "%s/%s", dir, name) >= sizeof path) return;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    char text[256];
    ssize_t n = read(fd, text, sizeof text);
    (void)close(fd);
    if (n <= 0) return;
    struct slice s = slice_trim(slice_of(text, (size_t)n));
    if (!text_is_print(s) || slice_copy(s, out, cap)) out[0] = 0;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

static bool parse_hex(const char *text, size_t digits_max, uint16_t *out)
{
    uint32_t v = 0;
    size_t n = 0;
    for (; n < digits_max && hex_digit(text[n]) >= 0; n++)
        v = v << 4 | (uint32_t)hex_digit(text[n]);
    if (n == 0 || v > UINT16_MAX) return false;
    *out = (uint16_t)v;
    return true;
}

static bool usb_device_at(const char *dir, struct usb_identity *out)
{
    char vendor[8];
    char product[8];
    read_attribute(dir, "idVendor", vendor, sizeof vendor);
    read_attribute(dir, "idProduct", product, sizeof product);
    struct usb_identity usb = {.usb = true};
    if (!parse_hex(vendor, 4, &usb.vendor) || !parse_hex(product, 4, &usb.product)) return false;
    read_attribute(dir, "serial", usb.serial, sizeof usb.serial);
    read_attribute(dir, "product", usb.model, sizeof usb.model);
    const char *name = strrchr(dir, '/');
    if (slice_copy(slice_text(name ? name + 1 : dir), usb.bus_path, sizeof usb.bus_path))
        return false;
    *out = usb;
    return true;
}

err_t usb_identity_read(const char *class_dir, const char *name, struct usb_identity *out)
{
    char link[PATH_MAX];
    char dir[PATH_MAX];
    if ((size_t)snprintf(link, sizeof link, "%s/%s", class_dir, name) >= sizeof link)
        return ERR_NOTFOUND;
    if (!realpath(link, dir)) return ERR_NOTFOUND;
    *out = (struct usb_identity){0};
    for (int level = 0; level < SYSFS_LEVELS_MAX; level++) {
        if (usb_device_at(dir, out)) return ERR_OK;
        char *slash = strrchr(dir, '/');
        if (!slash || slash == dir) break;
        *slash = 0;
    }
    return ERR_OK;
}

/* "1.2" of "1.2", "usb-1.2", "1-1.2" and "platform-x-usb-0:1.2:1.0". */
static struct slice port_chain(const char *text)
{
    struct slice s = slice_text(text);
    for (size_t at; (at = slice_find(s, SLICE("usb-"))) < s.len;)
        s = slice_sub(s, at + 4, s.len);
    size_t sep = 0;
    while (sep < s.len && s.ptr[sep] >= '0' && s.ptr[sep] <= '9')
        sep++;
    if (sep < s.len && (s.ptr[sep] == ':' || s.ptr[sep] == '-')) s = slice_sub(s, sep + 1, s.len);
    return slice_sub(s, 0, slice_find_byte(s, ':'));
}

static bool port_path_fits(const char *bus_path, const char *wish)
{
    bool with_bus = wish[0] >= '0' && wish[0] <= '9' && strchr(wish, '-');
    if (with_bus) return strcmp(bus_path, wish) == 0;
    return slice_eq(port_chain(bus_path), port_chain(wish));
}

bool usb_identity_wanted(const struct hal_port_spec *spec)
{
    return spec->usb_vendor || spec->usb_product || spec->usb_serial[0] || spec->usb_port_path[0];
}

bool usb_identity_fits(const struct usb_identity *usb, const struct hal_port_spec *spec)
{
    if (!usb->usb) return false;
    if (spec->usb_vendor && spec->usb_vendor != usb->vendor) return false;
    if (spec->usb_product && spec->usb_product != usb->product) return false;
    if (spec->usb_serial[0] && strcmp(spec->usb_serial, usb->serial) != 0) return false;
    return !spec->usb_port_path[0] || port_path_fits(usb->bus_path, spec->usb_port_path);
}
