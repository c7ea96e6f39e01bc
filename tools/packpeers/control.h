/* control.h - the control port: orders, changes, faults, time and the ledger as JSON over HTTP.
 *
 * All bodies are JSON objects. Answers: 200 {"ok":true,..}, 400, 404, 409, 422 {"error":words}.
 *
 *   GET  /ledger               everything the peers accepted, see peers_ledger_json
 *   GET  /violations           {"violations":[words]}: what must never happen and did
 *   GET  /orders/<reference>   one order on both sides, with its labels, dispatches and shipments
 *   POST /orders               place: {"reference","status","shop_status","method","packing_notes",
 *                              "delivery_notes","order_notes","gift_message","customer_message",
 *                              "staff_notes","tote","pick_list","clarus_only","shop_only",
 *                              "addresses":[{"name","company","street1","street2","town","county",
 *                              "postcode","country","email","phone"}],
 *                              "lines":[{"sku","quantity","configuration","configurations",
 *                              "not_allocated","address"}]}
 *   POST /changes              {"kind","reference","sku","text","number"}; kinds: clarus_cancel,
 *                              clarus_vanish, clarus_release, clarus_status, clarus_quantity,
 *                              clarus_note, clarus_delivery_note, clarus_address, clarus_claim,
 *                              clarus_unclaim, clarus_pick_rest, shop_cancel, shop_vanish,
 *                              shop_archive, shop_status, shop_hold, shop_quantity, shop_address,
 *                              shop_shipped_elsewhere
 *   POST /products             {"sku","name","barcode","case_barcode","inner_barcode",
 *                              "outer_barcode","units_per_case","units_per_inner",
 *                              "units_per_outer","weight_g"}
 *   POST /faults               {"peer":"clarus"|"shop","kind","method","match","skip","times",
 *                              "status","wait_ms","words"} -> {"ok":true,"id":n}; times -1: until
 *                              cleared; kinds: lose_reply, drop, reset, delay, rate_limit,
 *                              error_before, error_after, expire_token, refuse, html, truncate,
 *                              garbage, document_late
 *   GET  /faults/<id>          {"hits":n}
 *   DELETE /faults             clears them all
 *   POST /label                {"kind":"pdf_100x150"|"pdf_4x6"|"png"|"zpl"|"not_pdf"|"html"|
 *                              "truncated"|"extra_page"|"a4"|"wrong_code"} for labels bought from
 * now POST /demo                 seeds the demonstration shop */
#ifndef PACKPEERS_CONTROL_H
#define PACKPEERS_CONTROL_H

#include "tools/packpeers/exchange.h"

void control_handle(struct exchange *x);

/* Places, carriers, packaging and people every tenant has. */
void seed_reference_data(struct peers *p);

/* One order's labels, dispatches and shop shipments as members of an open object. */
void ledger_put_order(const struct peers *p, struct json_writer *w, const char *reference);

#endif
