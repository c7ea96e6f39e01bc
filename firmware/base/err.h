/* err.h - one error type for the whole station.
 * Each value is named for what the caller can do about it. Foreign codes (SQLite, curl, errno)
 * are translated once, where they arise, and logged there. */
#ifndef PACKD_BASE_ERR_H
#define PACKD_BASE_ERR_H

#define ERR_LIST(X)                                                                                \
    X(ERR_OK, "ok")                                                                                \
    X(ERR_IO, "input or output failed; whether it took effect is not known")                       \
    X(ERR_NOSPACE, "a stated limit or the disk is full; nothing was changed")                      \
    X(ERR_NOMEM, "out of memory; nothing was changed")                                             \
    X(ERR_CORRUPT, "stored data is damaged")                                                       \
    X(ERR_PROTO, "a message or reply breaks its format")                                           \
    X(ERR_INVALID, "the value is not allowed here")                                                \
    X(ERR_NOTFOUND, "no such thing")                                                               \
    X(ERR_EXISTS, "it exists already")                                                             \
    X(ERR_AMBIGUOUS, "more than one fits")                                                         \
    X(ERR_BUSY, "not now; try again later")                                                        \
    X(ERR_REFUSED, "the other side said no; nothing was done")                                     \
    X(ERR_UNKNOWN, "sent, and no answer: look before repeating")                                   \
    X(ERR_GONE, "the device or peer is gone")                                                      \
    X(ERR_DENIED, "not permitted")                                                                 \
    X(ERR_UNSUPPORTED, "not supported here")

#define ERR_ENUM(name, text) name,
typedef enum {
    ERR_LIST(ERR_ENUM) ERR_COUNT
} err_t;
#undef ERR_ENUM

#define MUST_CHECK             __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

/* err_ignore(f(...)): the result does not matter here; say why. A cast to void does not do, gcc
 * still asks for the check. */
static inline void err_ignore(err_t e)
{
    (void)e;
}

/* Static text; never NULL, also for values out of range. */
const char *err_text(err_t e);
/* "ERR_IO" and so on; never NULL. */
const char *err_name(err_t e);

#endif
