#include "tests/support/decode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PICTURE_MAX (64u << 20)

static void must(bool held, const char *what)
{
    if (held) return;
    (void)fprintf(stderr, "decode: %s\n", what);
    abort();
}

static void write_pgm(int fd, const struct zpl_picture *p)
{
    struct buf pgm = buf_new(PICTURE_MAX);
    zpl_picture_pgm(p, &pgm);
    must(!pgm.overflow, "picture too large");
    for (size_t done = 0; done < pgm.len;) {
        ssize_t n = write(fd, pgm.ptr + done, pgm.len - done);
        must(n > 0, "write");
        done += (size_t)n;
    }
    buf_deinit(&pgm);
}

void decode_picture(const struct zpl_picture *p, struct buf *out)
{
    char path[] = "/tmp/packd-picture-XXXXXX";
    char line[128];
    char said[512];
    int fd = mkstemp(path);
    must(fd >= 0, "mkstemp");
    write_pgm(fd, p);
    (void)close(fd);
    (void)snprintf(line, sizeof line,
                   "zbarimg --quiet --nodbus --raw -S*.enable=0 -Scode128.enable=1 %s 2>/dev/null",
                   path);
    FILE *reader = popen(line, "r");
    must(reader != NULL, "zbarimg");
    for (size_t n = 1; n > 0;) {
        n = fread(said, 1, sizeof said, reader);
        buf_put(out, slice_of(said, n));
    }
    (void)pclose(reader);
    (void)unlink(path);
}

bool decode_has(const struct buf *read, const char *code)
{
    struct slice rest = buf_slice(read);
    while (rest.len > 0) {
        size_t end = slice_find_byte(rest, '\n');
        if (slice_is(slice_sub(rest, 0, end), code)) return true;
        rest = slice_sub(rest, end + 1, rest.len);
    }
    return false;
}
