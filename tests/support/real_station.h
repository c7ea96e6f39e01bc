/* real_station.h - the station as it is installed: packd, the stand-ins of packpeers and the label
 * printer of packvirtual as processes of their own, on free ports and in a folder of their own. The
 * test scans on the link of the scanner and reads the paper with zbarimg. Every call ends the test
 * with a message when a process does not do as asked; no process outlives the test program. */
#ifndef PACKD_TESTS_REAL_STATION_H
#define PACKD_TESTS_REAL_STATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct real_station;
struct json_doc;

/* Started, with the demonstration orders placed; its pages answer. */
struct real_station *real_station_open(void);
/* The same where nothing comes late over there: what was not answered is looked for soon. */
struct real_station *real_station_open_settled(void);
/* The same with a label printer of another language: "epl", "tspl", "escpos". */
struct real_station *real_station_open_speaking(const char *language);
/* The same on other devices: each a "port" of station.json. No printer is started; the caller is
 * it. */
struct real_devices {
    const char *scanner;
    const char *printer;
};
struct real_station *real_station_open_on(const struct real_devices *devices);
/* The same with another shop in place of packpeers' own. */
struct real_shop {
    char definition[24];
    char base_url[128];
    char secret[128];
    char options[400]; /* a JSON list; "": none */
};
/* Called once packpeers runs; `own` is the address of its shop. */
typedef void real_shop_fn(void *ctx, const char *own, struct real_shop *out);
struct real_station *real_station_open_shop(real_shop_fn *shop, void *ctx);
void real_station_close(struct real_station *s); /* ends all in order; NULL is fine */
/* The end of the station's log, to standard error. */
void real_station_tell(const struct real_station *s);

/* "http://127.0.0.1:PORT<path>"; valid until the next call. */
const char *real_station_url(struct real_station *s, const char *path);
/* "build/<variant>/<below>" of the running test program; valid until the next call. */
const char *real_station_beside(struct real_station *s, const char *below);

/* The scanner is plugged in; the station needs a moment to notice. A killed station loses it. */
void real_station_plug(struct real_station *s);
/* One code and Enter at the scanner. */
void real_station_scan(struct real_station *s, const char *code);
/* The same where a station may be on its way up or down: false when nobody took it. */
bool real_station_try_scan(struct real_station *s, const char *code);
/* The number under the bars of the next label that came out, from what the printer was sent; false
 * when none came. For labels in ZPL. */
bool real_station_printed(struct real_station *s, char out[64]);
/* Waits for the next label to come out and reads the number under its bars. */
void real_station_paper(struct real_station *s, char out[64]);

/* SIGKILL for packd, and a new one on the same store and address. */
void real_station_kill(struct real_station *s);
void real_station_start(struct real_station *s);
/* The same without waiting until it takes scans. */
void real_station_launch(struct real_station *s);
/* False when packd ended by itself. */
bool real_station_runs(struct real_station *s);

/* A fault of the stand-ins, as the control port of packpeers takes it. */
void real_station_fault(struct real_station *s, const char *json);

/* What labels the carrier makes from now on: "pdf_4x6", "zpl" and so on. */
void real_station_labels_as(struct real_station *s, const char *kind);
/* Waits until every device of the station is there. */
void real_station_sees_devices(struct real_station *s);
/* Waits until the work list was read. */
void real_station_sees_orders(struct real_station *s);
/* Waits until the bench shows this face and, when not NULL, this headline ("bench.printing"). */
void real_station_shows(struct real_station *s, const char *face, const char *headline);
/* One call of the control port of packpeers (GET without a body), or of the station's pages. The
 * answer is owned by the caller. The station's is NULL when it does not answer. */
struct json_doc *real_station_ask(struct real_station *s, const char *path, const char *body);
struct json_doc *real_station_look(struct real_station *s, const char *path);

/* What Clarus and the shop hold about one order, and what they saw that must never be. */
struct real_order {
    size_t labels; /* bought, with those voided later */
    size_t voided;
    size_t ordered;
    size_t dispatched;
    size_t shop_shipments;
    size_t shop_shipped;
    char status[32];
    char tracking[64];      /* of the first label */
    char shop_tracking[64]; /* of the first shop shipment */
    size_t violations;
};
struct real_order real_station_order(struct real_station *s, const char *reference);

#endif
