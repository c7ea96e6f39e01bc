/* log.h - one line per happening: an event name, then key=value.
 * No secrets, no names, no addresses: identifiers and digests only. Values with blanks are quoted,
 * control characters made visible. Lines go to hal_log. */
#ifndef PACKD_BASE_LOG_H
#define PACKD_BASE_LOG_H

#include "firmware/base/err.h"

struct hal;

enum log_level {
    LOG_DEBUG,
    LOG_INFO,
    LOG_WARN,
    LOG_ERROR
};

#define LOG_LINE_MAX 512

struct log {
    struct hal *hal;          /* borrowed */
    enum log_level threshold; /* below this nothing is written */
};

/* log_event(log, LOG_INFO, "outbox.deliver", "seq=%lld peer=%s", ...) writes
 * "info outbox.deliver seq=41 peer=clarus". `log` may be NULL (writes nothing). */
void log_event(const struct log *log, enum log_level level, const char *event, const char *format,
               ...) PRINTF_LIKE(4, 5);

#endif
