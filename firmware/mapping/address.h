/* address.h - whether a delivery address can be sent to: members that must be there, the country
 * code, the shape of the postcode where the country's is known, lengths carriers take. Pure. */
#ifndef PACKD_MAPPING_ADDRESS_H
#define PACKD_MAPPING_ADDRESS_H

#include "firmware/base/json.h"
#include "firmware/config/config.h"

struct address_fault {
    char member[24]; /* "postcode" */
    char reason[64]; /* "is missing"; never the value: it is personal */
};
/* The first fault. `address`: an object with the members Clarus has. `carrier` may be NULL.
 * ERR_INVALID: *out says what; ERR_OK: complete. */
MUST_CHECK err_t address_check(const struct config_address *rules,
                               const struct config_carrier *carrier, json_node address,
                               struct address_fault *out);

#endif
