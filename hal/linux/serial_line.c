#include "hal/linux/serial_line.h"

#include <errno.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <termios.h>

#define FLOW_IN (IXON | IXOFF | IXANY)

err_t serial_line_set_flow(int fd, enum hal_flow flow)
{
    struct termios t;
    if (tcgetattr(fd, &t) != 0) return ERR_IO;
    tcflag_t out = flow == HAL_FLOW_RTSCTS ? CRTSCTS : 0;
    tcflag_t in = flow == HAL_FLOW_XONXOFF ? IXON | IXOFF : 0;
    t.c_cflag = (t.c_cflag & ~(tcflag_t)CRTSCTS) | out;
    t.c_iflag = (t.c_iflag & ~(tcflag_t)(FLOW_IN | ICRNL | INLCR | IGNCR | ISTRIP | BRKINT)) | in;
    t.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG | IEXTEN);
    t.c_oflag &= ~(tcflag_t)OPOST;
    if (tcsetattr(fd, TCSANOW, &t) != 0) return ERR_IO;
    struct termios back;
    if (tcgetattr(fd, &back) != 0) return ERR_IO;
    bool kept = (back.c_cflag & CRTSCTS) == out && (back.c_iflag & FLOW_IN) == in &&
                (back.c_lflag & (ICANON | ECHO)) == 0;
    return kept ? ERR_OK : ERR_UNSUPPORTED;
}

err_t serial_line_lock(int fd)
{
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) return errno == EWOULDBLOCK ? ERR_BUSY : ERR_IO;
    return ioctl(fd, TIOCEXCL) == 0 ? ERR_OK : ERR_IO;
}
