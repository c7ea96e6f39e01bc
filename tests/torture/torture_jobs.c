/* Labels as PDF: what the jobs make of them, without running a program. The page is a picture; the
 * reader of barcodes, and whoever looks at the paper, sees the number bought last. */
#include <stdio.h>
#include <string.h>

#include "tests/torture/torture.h"

#define ORDER  "WEB-20001"
#define WIDTH  799 /* 100 x 150 mm at 203 dpi */
#define HEIGHT 1199
#define ROWS   16

static struct peers *carrier;

static void bought_last(char out[64])
{
    struct peer_label rows[ROWS];
    size_t n = peers_labels(carrier, ORDER, rows, ROWS);
    out[0] = '\0';
    for (size_t i = 0; i < n && i < ROWS; i++)
        if (!rows[i].voided) (void)snprintf(out, 64, "%s", rows[i].tracking);
}

static void draw(struct buf *out)
{
    static uint8_t row[WIDTH];
    buf_printf(out, "P5\n%d %d\n255\n", WIDTH, HEIGHT);
    for (int y = 0; y < HEIGHT; y++) {
        memset(row, y % 64 < 8 ? 0 : 255, sizeof row);
        buf_put(out, slice_of(row, sizeof row));
    }
}

static void on_job(void *ctx, const struct hal_job_spec *spec, struct hal_sim_job_reply *reply)
{
    char tracking[64];
    (void)ctx;
    *reply = (struct hal_sim_job_reply){
        .ended = true, .delay_ms = 20, .output = reply->output, .errors = reply->errors};
    if (spec->tool == HAL_TOOL_PDF_RASTER) {
        draw(&reply->output);
        return;
    }
    bought_last(tracking);
    buf_text(&reply->output, "CODE-128\t");
    for (const char *c = tracking; *c; c++)
        buf_printf(&reply->output, "%02x", (unsigned)*c);
    buf_byte(&reply->output, '\n');
}

void torture_labels_as_pdf(struct sim *s)
{
    carrier = s->peers;
    peers_set_label(s->peers, PEER_LABEL_PDF_100X150);
    hal_sim_on_job(s->hal, on_job, NULL);
}

struct slice torture_read_paper(struct slice zpl)
{
    static char words[96];
    char tracking[64];
    if (slice_find(zpl, SLICE("^BC")) < zpl.len) return zpl;
    bought_last(tracking);
    (void)snprintf(words, sizeof words, "^XA^BCN^FD%s^FS^XZ", tracking);
    return slice_text(words);
}
