/* Labels as a carrier sends them: ZPL, PNG, PNM. */
#include "firmware/labels/raster.h"
#include "firmware/labels/zpl_check.h"
#include "tests/fuzz/fuzz.h"

static void check(struct raster *r)
{
    held(r->width >= 1 && r->width <= RASTER_SIDE_MAX);
    held(r->height >= 1 && r->height <= RASTER_SIDE_MAX);
    (void)raster_is_blank(r);
    raster_free(r);
}

static void check_zpl(struct slice document)
{
    static struct zpl_formats formats;
    char text[SAY_CAP] = "";
    if (zpl_check(document, &formats, text) != ERR_OK) {
        held(text[0] != '\0');
        return;
    }
    for (size_t i = 0; i < formats.count && i < PARCELS_MAX; i++) {
        struct slice at = formats.at[i];
        if (at.len == 0) continue;
        held(at.ptr >= document.ptr && at.ptr + at.len <= document.ptr + document.len);
        held(slice_find(at, SLICE("^XA")) == at.len && slice_find(at, SLICE("~")) == at.len);
    }
}

int fuzz_input(const uint8_t *data, size_t size)
{
    struct slice document = slice_of(data, size);
    struct raster r = {0};
    check_zpl(document);
    if (raster_from_png(document, &r) == ERR_OK) check(&r);
    struct slice rest = document;
    if (raster_from_pnm(&rest, &r) == ERR_OK) check(&r);
    held(rest.len <= size);
    return 0;
}
