/* command_list.h - every command barcode, as data: what a printed sheet, a help page and touch
 * buttons are made of. Words and help are the messages "command.NAME" and "help.NAME". */
#ifndef PACKD_BENCH_COMMAND_LIST_H
#define PACKD_BENCH_COMMAND_LIST_H

#include <stddef.h>

enum command_group {
    COMMANDS_ALWAYS, /* on every sheet, large */
    COMMANDS_BOX,
    COMMANDS_LABEL,
    COMMANDS_SHORT, /* reasons */
    COMMANDS_BENCH,
    COMMANDS_DIGITS, /* after QTY; no help of their own */
};

struct command_entry {
    const char *name; /* without the site's prefix */
    enum command_group group;
};
/* In the order of a sheet; returns how many there are, which may exceed cap. */
size_t command_list(struct command_entry *out, size_t cap);

#endif
