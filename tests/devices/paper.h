/* paper.h - the printer behind /dev/g_printer0: a ZPL printer of packvirtual in a process of its
 * own. */
#ifndef PACKD_TESTS_DEVICES_PAPER_H
#define PACKD_TESTS_DEVICES_PAPER_H

#include <stdbool.h>

struct paper;

/* The device must be plugged in. Ends the test when its side cannot be opened. */
struct paper *paper_open(void);
void paper_close(struct paper *p); /* NULL is fine */
/* By status query and by the port's own status lines. */
void paper_out(struct paper *p, bool out);
/* Waits for the next label; the text of its barcode. */
void paper_take(struct paper *p, char out[64]);
/* Nothing has come out that was not taken. */
bool paper_none(struct paper *p);

#endif
