#include "drivers/scanner/feedback.h"

#include <string.h>

/* Honeywell: "host ACK" commands, ESC letter comma. Zebra: one beep a BEL ("beep on BEL").
 * Datalogic: good-read beep, and the long tones of "not on file". */
static const struct feedback MAKERS[] = {
    {"none", "", ""},
    {"honeywell",
     "\x1B"
     "7,",
     "\x1B"
     "8,"},
    {"zebra", "", "\x07\x07\x07"},
    {"datalogic", "B", "F"},
};

const struct feedback *feedback_by_name(const char *name)
{
    for (size_t i = 0; i < sizeof MAKERS / sizeof *MAKERS; i++)
        if (strcmp(MAKERS[i].name, name) == 0) return &MAKERS[i];
    return NULL;
}
