/* JSON: what is read, is written and read alike. */
#include "firmware/base/json.h"
#include "firmware/base/text.h"
#include "tests/fuzz/fuzz.h"

#define ROOM (1u << 20)

int fuzz_input(const uint8_t *data, size_t size)
{
    static uint8_t first_room[ROOM], second_room[ROOM];
    struct json_doc *doc = NULL, *again = NULL;
    struct json_fault fault = {.reason = ""};
    struct slice text = slice_of(data, size);
    if (json_parse(text, &doc, &fault) != ERR_OK) {
        held(fault.reason[0] != '\0' && fault.offset <= size);
        return 0;
    }
    held(text_is_utf8(text));
    struct buf first = buf_over(first_room, ROOM), second = buf_over(second_room, ROOM);
    json_render(json_root(doc), &first);
    if (!first.overflow) {
        held(json_parse(buf_slice(&first), &again, NULL) == ERR_OK);
        json_render(json_root(again), &second);
        held(slice_eq(buf_slice(&first), buf_slice(&second)));
        json_free(again);
    }
    json_free(doc);
    return 0;
}
