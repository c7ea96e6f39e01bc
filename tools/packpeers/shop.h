/* shop.h - the BigCommerce stand-in: orders, lines, addresses, shipments, statuses, metafields.
 *
 * What is refused, restated from the public reference:
 *   - no or wrong X-Auth-Token (401), another store (404); more than the quota in 30 s (429)
 *   - shipments: order_address_id and items required; the address and every line must be the
 * order's; items[].product_id and unknown members cannot be written; quantity positive and not more
 * than is left; tracking_number at most 50 characters, tracking_link 500, comments 65535;
 *     shipping_provider from the published list; PUT takes no items
 *   - order status: a known status_id
 *   - metafields: permission_set, namespace, key, value required and bounded; 409 when they exist
 * v2 errors are arrays of {status,message}, v3 errors objects {status,title,type,errors}. */
#ifndef PACKPEERS_SHOP_H
#define PACKPEERS_SHOP_H

#include "tools/packpeers/exchange.h"

void shop_handle(struct exchange *x);
void shop_refuse(struct exchange *x, int status, const char *message); /* v2 */
void shop_refuse_v3(struct exchange *x, int status, const char *title);

void shop_shipments_list(struct exchange *x);
void shop_shipments_get(struct exchange *x);
void shop_shipments_create(struct exchange *x);
void shop_shipments_change(struct exchange *x);
void shop_metafields_list(struct exchange *x);
void shop_metafields_create(struct exchange *x);

/* The order of the exchange's id, archived ones too; NULL after a 404 was written. */
struct shop_order *shop_order_here(struct exchange *x);
/* Page of v2 lists: first row to show and how many. */
struct shop_page {
    uint32_t skip;
    uint32_t limit;
};
struct shop_page shop_page_of(const struct exchange *x);
void shop_put_address(struct json_writer *w, const struct address *a, const char *company);
void shop_put_date(struct json_writer *w, const char *name, int64_t ms); /* RFC 2822 */
const char *shop_status_name(int status_id);                             /* NULL: unknown */

void shop_touch(struct peers *p, struct shop_order *o);
/* Counts of physical lines. */
void shop_totals(const struct peers *p, uint32_t number, uint32_t *out_ordered,
                 uint32_t *out_shipped);
/* Ships what is left of every line, as another hand would. */
void shop_ship_rest(struct peers *p, struct shop_order *o, const char *tracking);
/* Sets 2 or 3 after a shipment unless the shop is told to leave the status. */
void shop_follow_status(struct peers *p, struct shop_order *o);

#endif
