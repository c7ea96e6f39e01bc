/* sysfs.h - which USB device is behind a node of /sys/class. */
#ifndef PACKD_HAL_LINUX_SYSFS_H
#define PACKD_HAL_LINUX_SYSFS_H

#include "hal/hal.h"

struct usb_identity {
    bool usb; /* false: not a USB device, the rest is empty */
    uint16_t vendor;
    uint16_t product;
    char serial[64];   /* "" when the device has none */
    char bus_path[32]; /* "1-1.2": bus, then the chain of ports */
    char model[64];    /* what the device calls itself; "" when it says nothing */
};

/* Reads the identity of class_dir/name ("/sys/class/tty", "ttyACM0"). ERR_NOTFOUND: no such node.
 */
MUST_CHECK err_t usb_identity_read(const char *class_dir, const char *name,
                                   struct usb_identity *out);
/* True when every wish of the spec (vendor, product, serial, port path) holds. */
bool usb_identity_fits(const struct usb_identity *usb, const struct hal_port_spec *spec);
/* True when the spec wishes for a USB device at all. */
bool usb_identity_wanted(const struct hal_port_spec *spec);

#endif
