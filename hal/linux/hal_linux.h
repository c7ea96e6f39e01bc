/* hal_linux.h - how main and the tests open the real world. */
#ifndef PACKD_HAL_LINUX_H
#define PACKD_HAL_LINUX_H

#include "hal/hal.h"

struct hal_linux_options {
    const char *config_dir; /* documents; e.g. /etc/packd */
    const char
        *credentials_dir;     /* secrets; NULL: $CREDENTIALS_DIRECTORY, else config_dir/secrets */
    const char *state_dir;    /* the store lives in state_dir/packd.db */
    const char *barcode_tool; /* path of packd-barcodes; NULL: beside this program, then PATH */
    bool log_to_journal;      /* "<6>" priority prefixes for systemd, else plain lines on stderr */
};

/* ERR_IO, ERR_NOMEM. Blocks SIGTERM, SIGINT, SIGHUP (read by a signalfd) and ignores SIGPIPE. */
MUST_CHECK err_t hal_linux_open(const struct hal_linux_options *options, struct hal **out);
void hal_linux_close(struct hal *h); /* NULL is fine */

#endif
