/* serial_line.h - the termios settings libserialport gets wrong, set and read back. */
#ifndef PACKD_HAL_LINUX_SERIAL_LINE_H
#define PACKD_HAL_LINUX_SERIAL_LINE_H

#include "hal/hal.h"

/* Sets CRTSCTS, IXON, IXOFF for `flow` and always clears IXANY, CRLF mapping, echo and canonical
 * mode, then reads back. ERR_UNSUPPORTED: the device did not keep it. ERR_IO: not a terminal, or
 * gone. */
MUST_CHECK err_t serial_line_set_flow(int fd, enum hal_flow flow);
/* One process at a time: flock and TIOCEXCL. ERR_BUSY: another has it. ERR_IO. */
MUST_CHECK err_t serial_line_lock(int fd);

#endif
