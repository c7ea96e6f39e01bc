/* What a USB printer says it is. */
#include <string.h>

#include "firmware/base/text.h"
#include "hal/linux/ieee1284.h"
#include "tests/fuzz/fuzz.h"

static void check(const char *text, size_t cap)
{
    held(memchr(text, '\0', cap) != NULL);
    held(text[0] == '\0' || text_is_print(slice_text(text)));
}

int fuzz_input(const uint8_t *data, size_t size)
{
    struct ieee1284 id;
    ieee1284_parse(slice_of(data, size), &id);
    check(id.maker, sizeof id.maker);
    check(id.model, sizeof id.model);
    check(id.commands, sizeof id.commands);
    check(id.serial, sizeof id.serial);
    return 0;
}
