/* replay_log.h - what a device once said, as a text file with what a driver must make of it.
 *
 *   driver: zpl
 *   device: Zebra ZT410, paper taken out
 *   firmware: V75.19.15Z
 *   source: recorded by ... | written after ...
 *   date: 2026-11-20
 *   option: terminated=0 gap_ms=100        (scanner only)
 *   --- bytes
 *   < \x02030,1,0,...\x03\r\n               one reading of the port
 *   wait 500                                nothing comes for so long
 *   gone | arrived                          the device
 *   --- events
 *   status paper-out
 *
 * Bytes are as they are, except \xHH, \r, \n and \\. */
#ifndef PACKD_TESTS_REPLAY_LOG_H
#define PACKD_TESTS_REPLAY_LOG_H

#include "firmware/base/slice.h"

#define REPLAY_STEPS_MAX 64
#define REPLAY_TEXT_MAX  65536

enum replay_kind {
    REPLAY_BYTES,
    REPLAY_WAIT,
    REPLAY_GONE,
    REPLAY_ARRIVED,
};
struct replay_step {
    enum replay_kind kind;
    size_t from, to; /* of bytes */
    int64_t ms;
};

struct replay_log {
    char driver[16];
    char option[128];
    bool has_source; /* device, firmware, source and date are all given */
    struct replay_step steps[REPLAY_STEPS_MAX];
    size_t step_count;
    uint8_t bytes[REPLAY_TEXT_MAX];
    size_t len;
    char events[REPLAY_TEXT_MAX];
};

/* False: the file cannot be read or breaks the format; says why on standard error. */
bool replay_log_read(const char *path, struct replay_log *out);

#endif
