/* lines.c - output lines of the board through the GPIO character device, version 2 of its ioctls
 * (Linux 5.10). libgpiod has two interfaces that exclude each other on the systems we run on; the
 * kernel has one, and two calls of it are all that is needed. */
#include <errno.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "hal/linux/parts.h"

static err_t lines_error(void)
{
    if (errno == ENOENT || errno == ENODEV || errno == EINVAL || errno == ENOTTY)
        return ERR_NOTFOUND;
    if (errno == EBUSY) return ERR_BUSY;
    if (errno == EACCES || errno == EPERM) return ERR_DENIED;
    return ERR_IO;
}

static err_t request_lines(int chip, const struct hal_lines_spec *spec, int *out_fd)
{
    struct gpio_v2_line_request request = {.num_lines = (uint32_t)spec->count};
    for (size_t i = 0; i < spec->count; i++) {
        request.offsets[i] = spec->offsets[i];
    }
    (void)snprintf(request.consumer, sizeof request.consumer, "packd");
    request.config.flags = GPIO_V2_LINE_FLAG_OUTPUT;
    if (spec->active_low) request.config.flags |= GPIO_V2_LINE_FLAG_ACTIVE_LOW;
    if (ioctl(chip, GPIO_V2_GET_LINE_IOCTL, &request) != 0) return lines_error();
    *out_fd = request.fd;
    return ERR_OK;
}

err_t hal_lines_open(struct hal *h, const struct hal_lines_spec *spec)
{
    if (spec->count == 0 || spec->count > HAL_LINES_MAX) return ERR_INVALID;
    lines_close(h);
    int chip = open(spec->chip, O_RDWR | O_CLOEXEC);
    if (chip < 0) return lines_error();
    int fd = -1;
    err_t e = request_lines(chip, spec, &fd);
    (void)close(chip);
    if (e) return e;
    h->lines_fd = fd;
    h->lines_count = spec->count;
    hal_lines_set(h, 0);
    return ERR_OK;
}

void hal_lines_set(struct hal *h, uint32_t on)
{
    if (h->lines_fd < 0) return;
    uint64_t mask = (UINT64_C(1) << h->lines_count) - 1;
    struct gpio_v2_line_values values = {.bits = on & mask, .mask = mask};
    (void)ioctl(h->lines_fd, GPIO_V2_LINE_SET_VALUES_IOCTL,
                &values); /* a lamp less: nothing to do */
}

void lines_close(struct hal *h)
{
    if (h->lines_fd < 0) return;
    hal_lines_set(h, 0);
    (void)close(h->lines_fd);
    h->lines_fd = -1;
}
