/* clarus.h - the Clarus stand-in: token, GraphQL reads, REST writes, files.
 *
 * What is refused, restated from the public reference:
 *   - every call but /oauth/token and /files needs a live bearer token (401, {"error":text}) and
 *     X-Clarus-Subdomain naming the tenant (403)
 *   - bodies are {"data":{"type":..,"attributes":{..}}} with the published type (422)
 *   - shipments: goods_out_id of a known, not cancelled order; carrier and service both or neither,
 *     the service one of the carrier; address lengths. Submit wants a carrier and at least one
 * package with sizes and weight; once only. Cancel wants a submitted shipment; DELETE one never
 * submitted
 *   - packages: storage_unit_type_id of a type that leaves the warehouse, dimensions with a known
 *     unit_of_measure, numbers not negative; not on a submitted shipment
 *   - tasks: a task held by another user cannot be entered, left or completed; a completed one
 * neither entered nor completed; only DISP tasks of subtype SHIPMENT are completed here
 *   - goods_outs: the four header attributes also on PATCH; cancel refused once completed
 * Unknown attributes are dropped and remarked upon. */
#ifndef PACKPEERS_CLARUS_H
#define PACKPEERS_CLARUS_H

#include "tools/packpeers/exchange.h"

void clarus_handle(struct exchange *x);
/* Lets labels become available that are due. */
void clarus_let_time_pass(struct peers *p);
/* Ends every token of the bearer of this request. */
void clarus_expire(struct exchange *x);

/* {"errors":[{"code","symbol","details","source":null,"context":{}}]} */
void clarus_refuse(struct exchange *x, int status, const char *symbol, const char *details);
void clarus_not_found(struct exchange *x);

/* Opens {"data":{"id":..,"type":..,"attributes":{ - to be closed by clarus_close. */
struct json_writer clarus_open(struct exchange *x, const char *type, uint32_t id, bool id_as_text);
void clarus_close(struct json_writer *w);

/* Address attributes of data.relationships.address, checked. ERR_NOTFOUND when not given,
 * ERR_INVALID after a 422 was written. */
MUST_CHECK err_t clarus_address(struct exchange *x, struct address *out);

void shipments_create(struct exchange *x);
void shipments_change(struct exchange *x);
void shipments_delete(struct exchange *x);
void shipments_submit(struct exchange *x);
void shipments_cancel(struct exchange *x);
void packages_create(struct exchange *x);
void packages_change(struct exchange *x);
void packages_delete(struct exchange *x);
void tasks_enter(struct exchange *x);
void tasks_exit(struct exchange *x);
void tasks_allocate(struct exchange *x);
void tasks_unallocate(struct exchange *x);
void tasks_change(struct exchange *x);
void documents_download(struct exchange *x);
void files_get(struct exchange *x);
void goods_outs_change(struct exchange *x);
void goods_outs_cancel(struct exchange *x);
void goods_outs_delete(struct exchange *x);
void short_order_lines(struct exchange *x);

/* Order state, also for the control port. */
void order_set_status(struct peers *p, uint32_t goods_out_id, const char *code);
/* Open DISP tasks vanish. */
void order_drop_tasks(struct peers *p, uint32_t goods_out_id);
/* ERR_REFUSED when completed. Draft and pending orders vanish. */
MUST_CHECK err_t order_cancel(struct peers *p, uint32_t goods_out_id);
void order_vanish(struct peers *p, uint32_t goods_out_id);
uint32_t order_add_dispatch_task(struct peers *p, uint32_t line_id, int64_t quantity);

/* Adds a package of this type with the type's own sizes; keeps the shipment's count. */
uint32_t package_add(struct peers *p, uint32_t shipment_id, uint32_t unit_type_id);

#endif
