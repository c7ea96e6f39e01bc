/* stage.c - the transcript: one line per act and per check, with a running clock. */
#include <stdio.h>

#include "tools/demo/demo.h"

static void put_line(const struct demo *d, const char *who, const char *mark, const char *text)
{
    int64_t ms = demo_now_ms() - d->started_ms;
    (void)printf("[%4lld.%02lld] %-9s %s%s\n", (long long)(ms / 1000), (long long)(ms % 1000 / 10),
                 who, mark, text);
    (void)fflush(stdout);
}

void tell(struct demo *d, const char *who, const char *format, ...)
{
    char text[512];
    va_list args;
    if (d->failed) return;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    put_line(d, who, "", text);
}

bool check(struct demo *d, bool good, const char *format, ...)
{
    char text[512];
    va_list args;
    if (d->failed) return false;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    d->checks++;
    d->failed = !good;
    put_line(d, "", good ? "ok      " : "FAILED  ", text);
    return good;
}
