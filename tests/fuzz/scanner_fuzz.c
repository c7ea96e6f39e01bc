/* The framing of scans. The first byte chooses the set-up of the scanner. */
#include <string.h>

#include "drivers/scanner/scanner.h"
#include "firmware/base/text.h"
#include "tests/fuzz/fuzz.h"

struct heard {
    uint64_t hash;
    size_t scans;
};

static void mix(struct heard *h, struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        h->hash = (h->hash ^ s.ptr[i]) * 1099511628211u;
    h->hash = (h->hash ^ s.len) * 1099511628211u;
}

static void hear(void *ctx, const struct scan *scan)
{
    struct heard *h = ctx;
    h->scans++;
    h->hash += (uint64_t)scan->fault;
    mix(h, scan->text);
    mix(h, scan->addon);
    mix(h, slice_text(scan->aim));
    held(scan->text.len > 0 || scan->fault != SCAN_OK);
    held(scan->text.len <= SCAN_MAX);
    if (scan->fault != SCAN_OK) return;
    held(text_is_utf8(scan->text));
    for (size_t i = 0; i < scan->text.len; i++)
        held(scan->text.ptr[i] >= 0x20 || scan->text.ptr[i] == 0x1D);
}

static struct scanner_framing framing_of(uint8_t choice)
{
    struct scanner_framing f = {.terminated = (choice & 1) != 0, .aim = (choice & 2) != 0};
    if (choice & 4) memcpy(f.prefix, "P", 2);
    if (choice & 8) memcpy(f.suffix, choice & 16 ? "\x03" : "#", 2);
    if (choice & 32) memcpy(f.gs, choice & 64 ? "~1" : "|", choice & 64 ? 3 : 2);
    return f;
}

static void run(const uint8_t *data, size_t size, bool whole, struct heard *out)
{
    static struct scanner s;
    const struct scanner_framing framing = framing_of(data[0]);
    struct fuzz_chunks chunks = fuzz_chunks(data, size);
    *out = (struct heard){14695981039346656037u, 0};
    scanner_init(&s, &framing);
    scanner_arrived(&s, (mono_t){0});
    const mono_t now = {1000};
    for (size_t at = 1, n = 0; at < size; at += n) {
        n = whole ? size - at : fuzz_chunk(&chunks, size - at);
        scanner_push(&s, slice_of(data + at, n), now, hear, out);
    }
    scanner_tick(&s, (mono_t){100000}, hear, out);
    held(scanner_deadline(&s).ms == MONO_NEVER.ms);
}

int fuzz_input(const uint8_t *data, size_t size)
{
    struct heard whole, pieces;
    if (size == 0) return 0;
    run(data, size, true, &whole);
    run(data, size, false, &pieces);
    held(whole.scans == pieces.scans && whole.hash == pieces.hash);
    return 0;
}
