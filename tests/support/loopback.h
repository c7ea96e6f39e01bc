/* loopback.h - one HTTP exchange with a server on this machine, JSON in the answer. */
#ifndef PACKD_TESTS_LOOPBACK_H
#define PACKD_TESTS_LOOPBACK_H

#include "firmware/base/json.h"

/* GET without a body, else POST; `token` (may be NULL) is the station's. The status is 0 without an
 * answer. The document is owned by the caller; NULL when the answer is no JSON. */
struct json_doc *loopback_json(const char *url, const char *token, const char *body,
                               long *out_status);

#endif
