/* feedback.h - how a scanner on a byte line is told that its scan was accepted or refused.
 *
 * The scanner's own beep only says "decoded". Facts: devices.md section 8. */
#ifndef PACKD_DRIVERS_FEEDBACK_H
#define PACKD_DRIVERS_FEEDBACK_H

struct feedback {
    const char *name;
    const char *accepted; /* bytes to send; may be empty */
    const char *refused;
};

/* "none", "honeywell", "zebra", "datalogic". NULL: unknown name. */
const struct feedback *feedback_by_name(const char *name);

#endif
