/* session.h - inside the bench room: the session and the moves its files share. */
#ifndef PACKD_BENCH_SESSION_H
#define PACKD_BENCH_SESSION_H

#include "firmware/bench/bench.h"
#include "firmware/outbox/exceptions.h"
#include "firmware/codes/reading.h"

/* Stored as a number: never renumber. */
enum bench_phase {
    PHASE_IDLE = 0,
    PHASE_FINDING = 1, /* a reference is looked up at Clarus */
    PHASE_OPENING = 2, /* state check, then claim */
    PHASE_NOTES = 3,   /* notes to acknowledge */
    PHASE_PACKING = 4,
    PHASE_PACKAGING = 5, /* everything verified; which box? */
    PHASE_LABEL_CHECK = 6,
    PHASE_BUYING = 7,
    PHASE_PRINT_CHECK = 8, /* the state is older than 30 s: read it before the next label */
    PHASE_PRINTING = 9,
    PHASE_SCAN_BACK = 10,
    PHASE_SAVE_CHECK = 11,
    PHASE_CONFIRM_PART = 12,
    PHASE_SAVED = 13, /* shown for a moment, then idle */
};

enum block_kind {
    BLOCK_NONE,
    BLOCK_SURPLUS, /* the next right scan clears it */
    BLOCK_REFUSED,
    BLOCK_NOTE,
    BLOCK_STOP,
};

/* What an acknowledgement leads to. Stored as a number: never renumber. */
enum block_after {
    AFTER_GO_ON = 0,
    AFTER_LEAVE = 1,  /* the order is put aside: idle */
    AFTER_REOPEN = 2, /* emptied and opened again: it was edited */
    AFTER_NOTE = 3,   /* the note in view is acknowledged */
    AFTER_CARD = 4,   /* the gift card is in the box: it closes */
};

struct block {
    enum block_kind kind;
    enum block_after after;
    bool may_take_over; /* in use elsewhere: TAKE-OVER answers too */
    struct say headline;
    struct say detail;
    struct say next_step;
    char scanned[CODE_CAP];
};

enum note_bit {
    NOTE_PACKING = 1u << 0,
    NOTE_GIFT = 1u << 1,
    NOTE_CUSTOMER = 1u << 2,
    NOTE_CARD = 1u << 3, /* the gift card is in the box; asked when it closes */
    NOTE_DANGER = 1u << 4,
};
#define NOTES_AT_OPEN (NOTE_PACKING | NOTE_GIFT | NOTE_CUSTOMER | NOTE_DANGER)

struct session_line {
    struct line line;
    qty_t to_pack; /* in this dispatch, all parcels together */
    qty_t packed;
    qty_t shorted;      /* said to be short here; not in to_pack */
    qty_t outstanding;  /* of the order, whatever was picked */
    char pick_level[8]; /* largest pack of the product that what is to pack holds a whole one of */
    qty_t pick_factor;  /* base units in it */
};

/* What is shown of the order beside its lines. */
struct session_about {
    char recipient[SAY_CAP]; /* on screens only, never in a log */
    char recipient_source[24];
    char country[4];
    char danger[SAY_CAP]; /* dangerous goods in it: their numbers */
    int64_t first_at;     /* wall ms */
    int64_t cut_off;      /* of its carrier, wall ms; 0: none */
    struct view_sibling siblings[VIEW_SIBLINGS_MAX];
    size_t sibling_count;
};

struct session_parcel {
    int64_t id;
    int64_t shipment_id; /* 0: none yet */
    int number;
    enum parcel_state state;
    char packaging[ID_CAP];
    char packaging_name[NAME_CAP];
    char tracking[TRACKING_CAP];
    qty_t units;
    int64_t prints;
    bool weighed; /* as far as it can be */
};

struct session_shipment {
    int64_t id; /* 0: none */
    char key[KEY_CAP];
    enum shipment_state state;
    char service_bought[NAME_CAP];
    bool note_sent;
    char refusal[SAY_CAP];
};

enum ask_kind {
    ASK_NONE,
    ASK_QUANTITY, /* how many the next code stands for */
    ASK_SHORT,    /* why a line is short */
    ASK_RECALL,
    ASK_MANIFEST,
    ASK_WEIGHT, /* the box on the scale */
    ASK_TRACE,  /* lot, serial or expiry of the item in hand, which does not count yet */
};

struct trace {
    char lot[READING_LOT_CAP];
    char serial[READING_LOT_CAP];
    char expiry[READING_DATE_CAP];
};

#define QUANTITY_MAX 9999

/* A question the packer raised. Nothing is decided until it is answered, so an end forgets it. */
struct ask {
    enum ask_kind kind;
    int64_t number;       /* QUANTITY: typed so far. MANIFEST: dispatches that wait. TRACE: milli.
                             WEIGHT: 1 when another box follows */
    int64_t id;           /* SHORT, TRACE: line. RECALL: dispatch */
    int64_t weight_g;     /* WEIGHT: that was refused; 0: none */
    struct trace trace;   /* TRACE: known so far */
    char about[NAME_CAP]; /* RECALL: order reference. MANIFEST: carrier */
};

#define UNDO_MAX 32 /* steps back within a box; an end forgets them */
struct undo {
    int64_t line_id;
    qty_t quantity;
    int64_t trace_id; /* 0: nothing captured */
    int64_t kit_part; /* 0: not a part of a kit */
};

struct bench {
    struct store *store;
    struct effects *fx;
    struct outbox *outbox;
    const struct log *log;
    const struct config *config;
    struct bench_orders orders;

    enum bench_phase phase;
    char packer[NAME_CAP];
    unsigned acknowledged; /* note_bit */
    struct block block;
    bool changed; /* the bench row must be written, the screen drawn */

    bool open; /* an order is on the bench: the members below hold it */
    struct consignment order;
    struct session_line lines[LINES_MAX];
    size_t line_count;
    struct session_parcel parcels[PARCELS_MAX];
    size_t parcel_count;
    struct session_shipment shipment;
    struct session_about about;
    char carrier_code[ID_CAP];

    uint32_t next_ticket;
    uint32_t ticket;       /* the answer awaited; 0: none */
    char asked[CODE_CAP];  /* the code a find or product order is about */
    mono_t deadline;       /* of the wait in this phase; MONO_NEVER: none */
    mono_t checked_at;     /* last fresh GO for this order; MONO_NEVER: never in this run */
    uint32_t ahead_ticket; /* a save check begun while the last label was being stuck on */
    bool ahead_asked;      /* the label was asked for while items are scanned */
    bool buy_on_go;        /* ahead_ticket's answer decides it */
    bool ahead_ready;      /* the label is here */
    bool ahead_off;        /* not again for this order */
    bool working_offline;  /* going on by the last known state */
    struct say notice;     /* said beside the work */
    size_t current_line;   /* index; line_count: none */
    size_t pulse_line;
    struct undo undo[UNDO_MAX]; /* counts of the open parcel, newest last */
    size_t undo_count;
    struct ask ask;
    bool help, helped;  /* the commands are shown; were when this scan came */
    bool print_refused; /* provably not printed: print when the printer is ready */
    bool part_confirmed;
    bool claim_asked;      /* and not refused */
    uint32_t claim_ticket; /* asked and not answered; 0: none */
    bool awaits_void;      /* in PHASE_BUYING: the label before is not void yet */

    struct reading reading;       /* what the scan at hand says by itself; `rest` is not kept */
    struct reading asked_reading; /* of the code a product order is about */
    struct reading half; /* one of the two codes of a pallet's label, until the next scan */
    bool traced;         /* the order has captured items */
    bool scale_used;     /* not emptied since the last box was weighed */

    int64_t kit_part; /* being counted; 0: none */
    mono_t nag_at;    /* trouble that lasts is said again */

    bool papers_wanted;
    int64_t paper_printing;         /* 0: none */
    struct consignment paper_order; /* of the paper in work */

    char list[CODE_CAP]; /* pick list or tote of several orders in work; "": none */
    int64_t list_left;
    bool list_is_batch;       /* each order that is left is one unit */
    char list_item[CODE_CAP]; /* opened its order, and counts when that is open */
    struct reading list_reading;

    uint32_t hold_ticket; /* the state check of a tagged box; 0: none */
    int64_t hold_order;   /* whose; the round goes on behind it */
    int64_t holds_waiting, holds_ready;

    char last_reference[REFERENCE_CAP];
    int64_t last_saved_at;
    size_t last_parcels;
    char last_service[NAME_CAP];

    struct view_scan scans[VIEW_SCANS_MAX];
    size_t scan_count;
    enum hal_tone tone;
    uint32_t tone_serial;
};

/* ---- say, signal, log -------------------------------------------------------------------------
 */
struct say say(const char *key);
struct say say1(const char *key, const char *a);
struct say say2(const char *key, const char *a, const char *b);
struct say say3(const char *key, const char *a, const char *b, const char *c);
/* A cause and what to do about it as one text; next_step "" when there is nothing to do. */
struct say say_reason(const char *text, const char *next_step);
void bench_tone(struct bench *b, enum hal_light light, enum hal_tone tone);
void bench_story(struct bench *b, const char *event, const char *detail);
/* Remembers a scan and its outcome for the screen and support. */
void bench_note_scan(struct bench *b, const char *source, struct slice text, const char *outcome);

/* ---- blocks (block.c) -------------------------------------------------------------------------
 */
void block_refuse(struct bench *b, struct say headline, struct say detail, struct slice scanned);
void block_surplus(struct bench *b, struct say headline, struct say detail, struct slice scanned);
void block_stop(struct bench *b, struct say headline, struct say detail, struct say next_step,
                enum block_after after);
void block_note(struct bench *b);
void block_card(struct bench *b); /* the gift card must be in the box that closes */
void block_clear(struct bench *b);
/* The acknowledging scan arrived. */
void block_acknowledge(struct bench *b);
/* The face and words for a verdict that is not GO; decides what the acknowledgement leads to. */
void block_verdict(struct bench *b, const struct verdict *v);

/* ---- the store's side (rows.c) ----------------------------------------------------------------
 */
/* Each returns the store's error; the caller hands it to session_failed. */
err_t rows_save_bench(struct bench *b);
err_t rows_load_bench(struct bench *b);
err_t rows_load_order(struct bench *b,
                      int64_t consignment_id); /* lines, parcels, shipment; sets open */
err_t rows_load_parcels(struct bench *b);
err_t rows_add_parcel(struct bench *b);
err_t rows_set_parcel_state(struct bench *b, struct session_parcel *p, enum parcel_state state);
err_t rows_set_packaging(struct bench *b, struct session_parcel *p,
                         const struct packaging *packaging);
err_t rows_set_weight(struct bench *b, struct session_parcel *p, int64_t weight_g);
err_t rows_count(struct bench *b, const struct session_parcel *p, int64_t line_id, qty_t quantity);
err_t rows_empty_parcel(struct bench *b, const struct session_parcel *p);
err_t rows_printing(struct bench *b, struct session_parcel *p);
err_t rows_labelled(struct bench *b,
                    int64_t shipment_id);   /* its parcels carry a stored label now */
err_t rows_void_parcels(struct bench *b);   /* what is in them counts no more */
err_t rows_unbind_parcels(struct bench *b); /* contents stay, the label is gone */
err_t rows_drop_parcel(struct bench *b, const struct session_parcel *p); /* an empty one */
err_t rows_opened(struct bench *b, const char *digest, bool claimed);
/* Binds the parcels to a new shipment with a fresh key. */
err_t rows_new_shipment(struct bench *b);
err_t rows_bind_parcels(struct bench *b);
/* rows_trace.c */
err_t rows_trace_add(struct bench *b, const struct session_parcel *p, int64_t line_id,
                     qty_t quantity, const struct trace *t, int64_t *out_id);
err_t rows_trace_forget(struct bench *b, int64_t trace_id);
err_t rows_trace_empty(struct bench *b, const struct session_parcel *p);
err_t rows_trace_dispatch(struct bench *b, int64_t dispatch_id);
err_t rows_trace_any(struct bench *b);
/* rows_about.c */
err_t rows_load_about(struct bench *b);
err_t rows_load_packs(struct bench *b); /* pick_level and pick_factor of each line */
/* rows_short.c */
/* Of each line, what was said to be short since the order came to the bench: not to be packed now.
 */
err_t rows_load_shorts(struct bench *b);
err_t rows_short(struct bench *b, const struct session_line *l, qty_t quantity, const char *reason);
/* The object of a short line's exception. */
void rows_short_object(const struct bench *b, const struct session_line *l, char out[OBJECT_CAP]);
err_t rows_forget_shorts(struct bench *b);
/* rows_label.c */
/* Whose shipment it is. ERR_NOTFOUND. */
struct shipment_owner {
    int64_t consignment_id;
    char reference[REFERENCE_CAP];
    bool wanted; /* a box is bound to it */
};
err_t rows_shipment_owner(struct bench *b, int64_t shipment_id, struct shipment_owner *out);
/* A label bought for this order before, with no box left, is not void yet. */
err_t rows_void_open(struct bench *b, bool *out);
/* Who has this tracking number: writes the order reference. ERR_NOTFOUND. */
err_t rows_tracking_owner(struct bench *b, struct slice scan, char reference[REFERENCE_CAP]);
/* The order whose saved dispatch holds the parcel with this tracking number, and when it was saved.
 * ERR_NOTFOUND: none that stands. */
err_t rows_saved_label(struct bench *b, struct slice scan, char reference[REFERENCE_CAP],
                       int64_t *out_at);

/* ---- moves ------------------------------------------------------------------------------------
 */
void session_enter(struct bench *b, enum bench_phase phase);
uint32_t session_ask(struct bench *b, int64_t wait_ms);
void session_open(struct bench *b, int64_t consignment_id); /* open.c */
bool session_reload(struct bench *b); /* lines and parcels from the store; false: failed */
void session_opened(struct bench *b); /* claim is ours (or not needed) */
void session_claim(struct bench *b, bool take_over);
void session_next_note(struct bench *b);
void session_leave(struct bench *b, bool release); /* to idle; counts stay in the store */
void session_park(struct bench *b, const char *rule, const char *text, const char *owner);
/* Takes up an order where the store says it stands. */
void session_resume(struct bench *b);
void session_verdict(struct bench *b, uint32_t ticket, const struct verdict *v);
void session_claim_answer(struct bench *b, uint32_t ticket, err_t error, const char *text);
/* True when the last known state is young enough to go on without an answer. */
bool session_state_is_fresh(const struct bench *b);
/* A store error inside a step: says so and lets the loop rebuild. */
void session_failed(struct bench *b, err_t e);

struct session_parcel *session_open_parcel(const struct bench *b); /* NULL: none */
bool session_all_verified(const struct bench *b);
bool session_anything_packed(const struct bench *b);
bool session_anything_to_pack(const struct bench *b);

/* papers.c */
void papers_want(struct bench *b, enum paper_kind kind, int64_t parcel_id);
/* The code on the tag of a box. */
void papers_box_tag(const struct bench *b, int64_t parcel_id, char out[CODE_CAP]);
/* The order has papers to print again; prints them. */
bool papers_any(const struct bench *b);
void papers_again(struct bench *b);
void papers_restore(struct bench *b);
void papers_print(struct bench *b);
void papers_printed(struct bench *b, int64_t paper_id, enum print_outcome outcome);
void papers_forget_order(struct bench *b, int64_t consignment_id, bool tags_too);

/* hold.c: boxes that wait for their label with a tag of ours */
void hold_begin(struct bench *b); /* the order on the bench */
bool hold_has(struct bench *b, int64_t consignment_id);
void hold_end(struct bench *b, int64_t consignment_id);
void hold_label(struct bench *b, const struct shipment_owner *of, bool ready);
void hold_next(struct bench *b);
/* True: the answer was about a tagged box. */
bool hold_verdict(struct bench *b, uint32_t ticket, const struct verdict *v);
void hold_count(struct bench *b);

/* ask.c */
bool ask_takes_confirm(const struct bench *b);
void ask_confirm(struct bench *b);
void ask_drop(struct bench *b);
/* A code scanned while something is asked. False: not for the question. */
bool ask_scan(struct bench *b, struct slice text);
void ask_quantity(struct bench *b, int64_t number); /* 0: digits follow */
void ask_digit(struct bench *b, int64_t digit);
/* How many the code in hand stands for; ends the question. 0: asked, and no number said. */
int64_t ask_take_quantity(struct bench *b);
void ask_short(struct bench *b);
void ask_short_missing(struct bench *b);
void ask_short_damaged(struct bench *b);
void ask_short_wrong(struct bench *b);
struct session_line *ask_line(const struct bench *b); /* that is asked about; NULL: gone */
void ask_trace(struct bench *b, int64_t line_id, qty_t quantity, const struct trace *t);
void ask_weight(struct bench *b, bool more);
void ask_recall(struct bench *b);
void ask_manifest(struct bench *b);
void ask_words(struct bench *b, struct say *headline, struct say *detail, struct say *next_step);

/* rows_unit.c */
/* A unit that was counted whole and whose goods still lie in a box: of which order. ERR_NOTFOUND.
 */
err_t rows_unit_counted(struct bench *b, const char *sscc, char reference[REFERENCE_CAP]);
err_t rows_unit_add(struct bench *b, const char *sscc, const struct session_parcel *p,
                    int64_t line_id, qty_t quantity);
/* The newest unit that counted so much of the line in this parcel may be counted again. */
err_t rows_unit_undo(struct bench *b, const struct session_parcel *p, int64_t line_id,
                     qty_t quantity);

/* unit.c */
/* A pallet's number and its content may stand in two codes: the second, scanned next, joins the
 * first. */
void unit_join(struct bench *b);
/* b->reading says what is on a pallet, and no number: kept for the next scan. */
void unit_ask_number(struct bench *b, struct slice text);
/* b->reading names a logistic unit: asked about at Clarus, then counted whole or refused. */
void unit_scan(struct bench *b, struct slice text, bool may_ask);
void unit_known(struct bench *b, err_t error, const struct unit_reading *seen);

/* read.c */
/* Reads the scan into b->reading. What the session looks it up by: GS1 data by its number, anything
 * else by its text; a label that is awaited by its text, whatever it says. */
struct slice read_scan(struct bench *b, const struct scan *scan);
/* True: the code is wrong or too long, and refused. A label that is awaited never is wrong. */
bool read_refuse(struct bench *b, const struct scan *scan, struct slice key);

/* kit.c */
bool kit_is(const struct bench *b, const struct session_line *l);
/* True: a part of a kit with room for it; counted. */
bool kit_scan(struct bench *b, const struct product_hit *hit);
bool kit_has_loose_parts(struct bench *b);
err_t kit_forget(struct bench *b, int64_t kit_part);
err_t kit_empty(struct bench *b, const struct session_parcel *p);
void kit_words(struct bench *b, struct say *next_step);
void pack_counted_part(struct bench *b, struct session_line *l); /* pack.c */

/* list.c */
/* False: the code is no list of several orders that are open. */
bool list_begin(struct bench *b, struct slice code);
void list_leave(struct bench *b);
void list_restore(struct bench *b);
void list_look(struct bench *b); /* between orders: the next one opens */
/* True: an item of a batch; its order opens, or none needs it. */
bool list_item(struct bench *b, struct slice text);
void list_count_item(struct bench *b);
void list_words(const struct bench *b, struct say *headline, struct say *next_step);

/* ahead.c */
void ahead_look(struct bench *b);
void ahead_checked(struct bench *b, bool go);
void ahead_news(struct bench *b, enum bench_label_news news);
bool ahead_print(struct bench *b); /* false: there is none to print */
void ahead_drop(struct bench *b, const char *why);

/* open_check.c */
/* True: what is in the order may not go like this; said and recorded. */
bool open_is_held(struct bench *b);
void open_find_danger(struct bench *b);
void session_hold(struct bench *b, const struct verdict *v); /* open.c */

/* weigh.c */
/* True: the box must be weighed first. `more`: another box follows. */
bool weigh_wants(struct bench *b, const struct session_parcel *p, bool more);
void weigh_look(struct bench *b);
void weigh_override(struct bench *b);

/* trace.c */
/* True: the product asks for more than its code; counted, asked for or refused. */
bool trace_begin(struct bench *b, struct session_line *l, qty_t quantity, struct slice text);
void trace_scan(struct bench *b, struct slice text);
const char *trace_question(struct bench *b, const struct session_line *l);

/* pack.c */
/* Into the open parcel; t may be NULL. */
void pack_count(struct bench *b, struct session_line *l, qty_t quantity, const struct trace *t);
struct session_line *pack_line_in_view(struct bench *b); /* NULL: nothing is left to pack */
/* One unit of the line, without its code; recorded. */
void pack_by_hand(struct bench *b, struct session_line *l, struct slice text);
/* The line of this order that a product code is of; NULL: none, or several. */
struct session_line *pack_line_of(struct bench *b, struct slice text);
void pack_scan(struct bench *b, struct slice text, bool may_ask);
void pack_packaging(struct bench *b, const struct packaging *packaging);
void pack_next_parcel(struct bench *b);
void pack_close(struct bench *b);
void pack_undo(struct bench *b);
void pack_empty(struct bench *b);

/* label.c */
void label_begin(struct bench *b);
void label_buy(struct bench *b);
void label_late(struct bench *b); /* set aside with a hold tag */
void label_print_next(struct bench *b);
void label_print(struct bench *b);
void label_print_waiting(struct bench *b); /* what the printer could not take before */
void label_scan(struct bench *b, struct slice text);
void label_reprint(struct bench *b);
void label_void(struct bench *b, const char *why);
void label_news(struct bench *b, int64_t shipment_id, enum bench_label_news news, const char *text);
void label_void_answer(struct bench *b, int64_t shipment_id, err_t error, const char *text);
void label_print_answer(struct bench *b, int64_t parcel_id, enum print_outcome outcome,
                        const char *text);
struct session_parcel *
label_awaited(struct bench *b); /* first parcel not scanned back; NULL: none */

/* save.c */
void save_begin(struct bench *b);
void save_confirm(struct bench *b);
void save_now(struct bench *b);

/* commands.c */
bool command_run(struct bench *b, struct slice command); /* false: unknown command */
void command_show(struct bench *b, struct bench_view *out);

#endif
