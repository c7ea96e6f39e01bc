/* gadget.h - USB devices made of the kernel's gadget functions on its dummy controller, and the
 * hands of the machine outside for what only it can plug. Every call ends the test with a message
 * when it cannot do as asked. Facts: a printer's far end is /dev/g_printer0, a serial device's
 * /dev/ttyGS<n>, a HID device's /dev/hidg0. */
#ifndef PACKD_TESTS_DEVICES_GADGET_H
#define PACKD_TESTS_DEVICES_GADGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gadget {
    uint16_t vendor, product;
    const char *serial;
    bool printer; /* with `pnp` as its IEEE 1284 text */
    const char *pnp;
    bool serial_port;          /* CDC ACM */
    const uint8_t *report_map; /* a HID device when not NULL */
    size_t report_map_len;
    uint16_t report_len;
};

/* Made and plugged in. One at a time. */
void gadget_plug(const struct gadget *g);
void gadget_unplug(void);
/* Plugged in again, as it was. */
void gadget_replug(void);
/* Removed altogether; nothing to remove is fine. */
void gadget_remove(void);

/* Opens the device's side, waiting until the node is there. */
int gadget_open(const char *node, int flags);
/* The paper sensor and select line of the printer's side, LP_* bits as in LPGETSTATUS. */
void gadget_printer_status(int fd, uint8_t bits);

/* "@qmp ..." or "@serial ..." as in host.c; true when it was done. `hex` may be NULL. */
bool host_do(const char *request, char *hex, size_t cap);

#endif
