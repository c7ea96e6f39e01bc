#include "firmware/base/log.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "firmware/base/text.h"
#include "hal/hal.h"

#define LOG_VALUE_MAX 320

/* One line under construction. The format is walked here rather than handed to vsnprintf, so that
 * the value of each key can be quoted and made visible by itself. */
struct line {
    struct buf out;
    struct buf value;
    bool in_value;
};

struct spec {
    bool has_precision;
    int precision;
    unsigned longs; /* number of 'l'; 3 for 'z', 'j' and 't' */
    char kind;
};

static const char *const LEVELS[] = {
    [LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARN] = "warn", [LOG_ERROR] = "error"};

static bool needs_quotes(struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == ' ' || s.ptr[i] == '"' || s.ptr[i] == '=') return true;
    }
    return s.len == 0;
}

static void end_value(struct line *l)
{
    struct slice value = buf_slice(&l->value);
    bool quoted = needs_quotes(value);
    if (quoted) buf_byte(&l->out, '"');
    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] == '"') buf_byte(&l->out, '\\');
        buf_byte(&l->out, value.ptr[i]);
    }
    if (l->value.overflow) buf_text(&l->out, "...");
    if (quoted) buf_byte(&l->out, '"');
    buf_clear(&l->value);
    l->in_value = false;
}

static void put_literal(struct line *l, char c)
{
    if (l->in_value && c == ' ') end_value(l);
    if (l->in_value) {
        buf_byte(&l->value, (uint8_t)c);
    } else {
        buf_byte(&l->out, (uint8_t)c);
        l->in_value = c == '=';
    }
}

static const char *read_precision(const char *f, struct spec *s, va_list *args)
{
    s->has_precision = true;
    if (*f == '*') {
        s->precision = va_arg(*args, int);
        return f + 1;
    }
    while (*f >= '0' && *f <= '9' && s->precision < LOG_LINE_MAX) {
        s->precision = s->precision * 10 + (*f - '0');
        f++;
    }
    return f;
}

/* Reads what follows '%'. Flags and widths are ignored: a log is not a table. */
static const char *read_spec(const char *f, struct spec *s, va_list *args)
{
    *s = (struct spec){0};
    while (*f != '\0' && strchr("-+ #0123456789", *f) != NULL) {
        f++;
    }
    if (*f == '.') f = read_precision(f + 1, s, args);
    while (*f != '\0' && strchr("hlzjt", *f) != NULL) {
        if (*f == 'l') s->longs++;
        if (*f == 'z' || *f == 'j' || *f == 't') s->longs = 3;
        f++;
    }
    s->kind = *f;
    return *f != '\0' ? f + 1 : f;
}

static long long take_signed(const struct spec *s, va_list *args)
{
    if (s->longs == 0) return va_arg(*args, int);
    if (s->longs == 1) return va_arg(*args, long);
    if (s->longs == 2) return va_arg(*args, long long);
    return (long long)va_arg(*args, ptrdiff_t);
}

static unsigned long long take_unsigned(const struct spec *s, va_list *args)
{
    if (s->longs == 0) return va_arg(*args, unsigned);
    if (s->longs == 1) return va_arg(*args, unsigned long);
    if (s->longs == 2) return va_arg(*args, unsigned long long);
    return (unsigned long long)va_arg(*args, size_t);
}

static struct slice take_text(const struct spec *s, va_list *args)
{
    const char *text = va_arg(*args, const char *);
    if (text == NULL) return SLICE("(none)");
    if (!s->has_precision || s->precision < 0) return slice_text(text);
    size_t len = 0;
    while (len < (size_t)s->precision && text[len] != '\0') {
        len++;
    }
    return slice_of(text, len);
}

static void put_spec(struct line *l, const struct spec *s, va_list *args)
{
    struct buf *b = l->in_value ? &l->value : &l->out;
    if (s->kind == 's') {
        text_visible(b, take_text(s, args), LOG_VALUE_MAX);
    } else if (s->kind == 'd' || s->kind == 'i') {
        buf_printf(b, "%lld", take_signed(s, args));
    } else if (s->kind == 'u') {
        buf_printf(b, "%llu", take_unsigned(s, args));
    } else if (s->kind == 'x' || s->kind == 'X') {
        buf_printf(b, "%llx", take_unsigned(s, args));
    } else if (s->kind == 'c') {
        uint8_t c = (uint8_t)va_arg(*args, int);
        text_visible(b, slice_of(&c, 1), 1);
    } else if (s->kind == 'f' || s->kind == 'g') {
        buf_printf(b, "%.*f", s->has_precision ? s->precision : 3, va_arg(*args, double));
    } else if (s->kind == 'p') {
        (void)va_arg(*args, void *); /* addresses say nothing to a reader of the log */
    } else if (s->kind == '%') {
        buf_byte(b, '%');
    }
}

static void put_arguments(struct line *l, const char *format, va_list *args)
{
    const char *f = format;
    while (*f != '\0') {
        if (*f == '%') {
            struct spec s;
            f = read_spec(f + 1, &s, args);
            put_spec(l, &s, args);
        } else {
            put_literal(l, *f++);
        }
    }
    if (l->in_value) end_value(l);
}

void log_event(const struct log *log, enum log_level level, const char *event, const char *format,
               ...)
{
    if (log == NULL || log->hal == NULL || level < log->threshold) return;
    char text[LOG_LINE_MAX];
    char value[LOG_VALUE_MAX];
    struct line l = {.out = buf_over(text, sizeof text - 3),
                     .value = buf_over(value, sizeof value)};
    buf_text(&l.out, LEVELS[level]);
    buf_byte(&l.out, ' ');
    buf_text(&l.out, event);
    if (format != NULL && *format != '\0') {
        buf_byte(&l.out, ' ');
        va_list args;
        va_start(args, format);
        put_arguments(&l, format, &args);
        va_end(args);
    }
    if (l.out.overflow) {
        for (int i = 0; i < 3; i++)
            text[l.out.len++] = '.';
    }
    hal_log(log->hal, buf_slice(&l.out));
}
