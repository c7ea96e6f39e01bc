/* port_serial.c - serial devices by libserialport, which opens and configures; flow control, the
 * lock, reading and the notice of an unplugged device are ours because the library gets them wrong.
 */
#include <errno.h>
#include <fcntl.h>
#include <libserialport.h>
#include <string.h>
#include <termios.h>

#include "hal/linux/port.h"
#include "hal/linux/serial_line.h"

static const char *const prefixes[] = {"ttyACM", "ttyUSB", NULL};

static err_t sp_error(enum sp_return rc)
{
    if (rc == SP_OK) return ERR_OK;
    if (rc == SP_ERR_FAIL) return port_open_error(sp_last_error_code());
    return rc == SP_ERR_SUPP ? ERR_UNSUPPORTED : ERR_NOTFOUND;
}

static err_t set_line(struct sp_port *sp, const struct hal_port_spec *s)
{
    static const enum sp_parity parity[] = {SP_PARITY_NONE, SP_PARITY_EVEN, SP_PARITY_ODD};
    enum sp_return rc = sp_set_baudrate(sp, s->baud ? (int)s->baud : 9600);
    if (rc == SP_OK) rc = sp_set_bits(sp, s->data_bits ? s->data_bits : 8);
    if (rc == SP_OK) rc = sp_set_parity(sp, parity[s->parity]);
    if (rc == SP_OK) rc = sp_set_stopbits(sp, s->stop_bits ? s->stop_bits : 1);
    if (rc == SP_OK) rc = sp_set_flowcontrol(sp, SP_FLOWCONTROL_NONE);
    return sp_error(rc);
}

static err_t configure(struct port *p, struct sp_port *sp)
{
    err_t e = sp_error(sp_get_port_handle(sp, &p->fd));
    if (!e) e = serial_line_lock(p->fd);
    if (!e) e = set_line(sp, &p->spec);
    if (!e) e = serial_line_set_flow(p->fd, p->spec.flow);
    return e;
}

/* The descriptor stays the library's. */
static err_t open_node(struct port *p)
{
    struct sp_port *sp = NULL;
    err_t e = sp_error(sp_get_port_by_name(p->node, &sp));
    if (e) return e;
    e = sp_error(sp_open(sp, SP_MODE_READ_WRITE));
    if (!e) {
        e = configure(p, sp);
        if (e) (void)sp_close(sp);
    }
    if (e) {
        sp_free_port(sp);
        p->fd = -1;
        return e;
    }
    p->detail = sp;
    return ERR_OK;
}

static void serial_drop(struct port *p, bool orderly)
{
    (void)orderly;
    port_unwatch(p);
    struct sp_port *sp = p->detail;
    if (p->fd >= 0) (void)sp_close(sp);
    if (sp) sp_free_port(sp);
    p->detail = NULL;
    p->fd = -1;
    p->node[0] = 0;
}

static const struct port_class node_class = {"/sys/class/tty", prefixes, open_node};

static err_t serial_open(struct port *p)
{
    struct usb_identity usb = {0};
    err_t e = port_find(p, &node_class, &usb);
    if (!e) e = port_watch(p, EPOLLIN);
    if (e) {
        serial_drop(p, false);
        return e;
    }
    (void)fcntl(p->fd, F_SETFD, FD_CLOEXEC);
    port_describe(p, &usb);
    port_arrived(p);
    return ERR_OK;
}

static void serial_flush(struct port *p)
{
    (void)sp_flush(p->detail, SP_BUF_BOTH);
}

const struct port_ops port_serial_ops = {
    .open = serial_open,
    .drop = serial_drop,
    .ready = port_stream_ready,
    .write = port_stream_write,
    .flush = serial_flush,
    .status = NULL,
    .subsystem = "tty",
    .retry_ms = PORT_DEVICE_MS,
};
