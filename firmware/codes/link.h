/* link.h - GS1 Digital Link: element strings written as a web address. Nothing is ever fetched. */
#ifndef PACKD_CODES_LINK_H
#define PACKD_CODES_LINK_H

#include "firmware/codes/gs1.h"

/* An http or https address, whatever it leads to. */
bool link_is_address(struct slice text);

/* Takes a link apart. The right-most key in the path counts; what stands before it is ignored, and
 * so are the host, the fragment and parameters whose names are not digits. Percent signs are
 * decoded after splitting. A GTIN of 8, 12 or 13 digits is padded. CODE_LINK_NO_KEY: an address
 * like any other, also when it is a compressed link. */
MUST_CHECK bool link_read(struct gs1 *g, struct slice address);

#endif
