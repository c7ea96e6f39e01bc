/* Order text on our own papers, in every printer language: whatever it holds, the job is read back
 * without a single command that was not meant. The first byte chooses language and kind, the second
 * where the text is cut into fields. */
#include <string.h>

#include "firmware/labels/paper.h"
#include "tests/fuzz/fuzz.h"
#include "tools/virtual/job_render.h"

#define TEXT_MAX 600

struct texts {
    char title[TEXT_MAX + 1];
    char rest[TEXT_MAX + 1];
};

static void take(const uint8_t *data, size_t size, char out[TEXT_MAX + 1])
{
    size_t n = size < TEXT_MAX ? size : TEXT_MAX;
    memcpy(out, data, n);
    for (size_t i = 0; i < n; i++) {
        if (out[i] == '\0') out[i] = '\x01';
    }
    out[n] = '\0';
}

static void check(enum paper_kind kind, const struct paper_stock *stock,
                  const struct paper_fields *fields)
{
    struct buf job = buf_new(LABEL_JOB_MAX);
    struct job_render r;
    bool narrow = stock->width_mm < 100;
    err_t e = paper_job(kind, fields, stock, &job);
    if (e) {
        held(e == ERR_INVALID || e == ERR_NOSPACE);
        held(job.len == 0);
    } else {
        held(job_render(stock->language, 203, narrow ? 575 : 799, buf_slice(&job), &r) == ERR_OK);
        held(r.strangers == 0);
        held(r.page_count >= 1 && r.page_count <= PAPER_PAGES_MAX);
        job_render_free(&r);
    }
    buf_deinit(&job);
}

int fuzz_input(const uint8_t *data, size_t size)
{
    static const struct paper_stock stocks[] = {{"zpl", 203, 100, 50},
                                                {"epl", 203, 100, 50},
                                                {"tspl", 203, 100, 50},
                                                {"escpos", 203, 80, 50}};
    struct texts t;
    if (size < 2) return 0;
    size_t cut = 2 + data[1] % (size - 1);
    take(data + 2, cut - 2, t.title);
    take(data + cut, size - cut, t.rest);
    bool carries = paper_code_is_safe(slice_text(t.title));
    const struct paper_row row = {t.title, t.rest, carries ? t.title : t.rest};
    const struct paper_fields fields = {.title = t.title,
                                        .reference = t.rest,
                                        .line = t.rest,
                                        .text = t.rest,
                                        .code = carries ? t.title : "",
                                        .rows = &row,
                                        .row_count = 1};
    check((enum paper_kind)(data[0] / 4 % PAPER_KIND_COUNT), &stocks[data[0] % 4], &fields);
    return 0;
}
