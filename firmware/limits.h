/* limits.h - every bound of the station in one place, with the reason for the number. */
#ifndef PACKD_LIMITS_H
#define PACKD_LIMITS_H

#define ID_CAP        40  /* Clarus and shop ids as text; the longest known is 36 (UUID) */
#define KEY_CAP       37  /* dispatch and shipment keys: 36 characters fit every system served */
#define REFERENCE_CAP 64  /* Clarus order reference is at most 50 */
#define SKU_CAP       64  /* Clarus product code is at most 50 */
#define CODE_CAP      128 /* barcode text kept for comparison and screens */
#define NAME_CAP      80  /* carrier, service, product and person names for screens */
#define NOTE_CAP                                                                                   \
    4096 /* a note on screen; longer ones are cut there and reported, never in the store */
#define TRACKING_CAP 64 /* 6..40 characters by configuration; BigCommerce takes 50 */
#define RULE_CAP     48 /* rule and exception kind names */
#define OWNER_CAP    16
#define SAY_CAP      160 /* one sentence for a person */

#define SCAN_MAX           8192 /* bytes of one scan; a QR code reaches 7,089 digits */
#define LINES_MAX          200  /* order lines packed at one bench; more are held for the lead */
#define PARCELS_MAX        32   /* parcels of one consignment at the bench */
#define REPLY_MAX          (4u << 20)   /* one HTTP reply from Clarus or a channel */
#define LABEL_DOCUMENT_MAX (4u << 20)   /* one label document; a page is normally under 200 KB */
#define LABEL_JOB_MAX      (512u << 10) /* printer bytes of one label after compression */
#define NOTE_STORE_MAX     65536        /* longest note kept; beyond it the order is held */

#define EFFECTS_MAX                                                                                \
    64 /* acknowledgements and sends of one round; stepping pauses at EFFECTS_LOW                  \
        */
#define EFFECTS_LOW      16    /* room one event may need at most */
#define CHECK_WAIT_MS    2000  /* a state check without an answer by then is unknown */
#define LABEL_WAIT_MS    5000  /* a label still unknown by then is set aside with a hold tag */
#define PRINT_RECHECK_MS 30000 /* a state older than this is read again before the next label */

#define STORE_PAGE_SIZE      1024 /* 4 KiB pages write about three times the bytes for one dispatch */
#define STORE_PAGES_MAX      1048576 /* 1 GiB: a million waiting messages with their facts */
#define STORE_PAGES_RESERVE  64      /* least pages kept for delivery marks when intake is full */
#define STORE_SLACK_PAGES    64 /* room behind the last page: 3,000 marks need 7 on a full disk */
#define STORE_DISK_RESERVE   (16u << 20) /* free bytes below which new dispatches are refused */
#define STORE_WAL_PAGES      4096 /* preallocated, so that a full disk still takes delivery marks */
#define STORE_WAL_FORCE      3072 /* checkpoint inside a commit: leaves room for one large round */
#define STORE_WAL_IDLE       512  /* checkpoint when idle; fewer would cost more syncs per order */
#define STORE_STATEMENTS_MAX 512  /* distinct statements of the whole station: about 330 now */
#define STORE_CHECK_ROWS     64   /* rows read by one slice of the idle check */
#define STORE_CHECK_PAGES    4096 /* a file up to this size is checked whole when it is opened */

#define OUTBOX_TICK_MAX         16 /* attempts begun by one tick: a round stays short */
#define OUTBOX_FLIGHTS_MAX      64 /* attempts under way: every destination at its widest */
#define OUTBOX_BATCH_MAX        16 /* messages of one request */
#define OUTBOX_AHEAD_MAX        32 /* messages marked ahead: half of the flights */
#define OUTBOX_THROTTLED        3  /* times asked to wait within a minute: several go together */
#define OUTBOX_THROTTLED_MS     60000
#define OUTBOX_BATCH_MS         600000 /* for so long */
#define OUTBOX_PROGRESS_MAX     4096
#define OUTBOX_BACKOFF_FIRST_MS 1000
#define OUTBOX_BACKOFF_MAX_MS   300000
#define OUTBOX_SERVER_WAIT_MAX_MS                                                                  \
    900000                            /* a server that asks for more is asked again all the same */
#define OUTBOX_NOT_YET_FIRST_MS 60000 /* an order that is not there yet: minutes, not seconds */
#define OUTBOX_NOT_YET_MAX_MS   1800000
#define OUTBOX_ALERT_ATTEMPTS   8
#define OUTBOX_ALERT_AGE_MS     1800000
#define OUTBOX_ATTEMPT_REQUESTS                                                                    \
    8 /* what one attempt may ask of a server's budget: reads, two records, status, read-back */
#define OUTBOX_GATES_EVERY_MS   60000 /* a cut-off is noticed within a minute */
#define OUTBOX_SERVICE_EVERY_MS 60000 /* a broken service level is noticed within a minute */
#define ALERTS_EVERY_MS         15000 /* a new exception is told within that */
#define OUTBOX_GATES_BATCH      16    /* dispatches let go by one tick */
#define OUTBOX_NEWEST_EVERY                                                                        \
    4 /* every fourth attempt takes the newest: a backlog starves nobody                           \
       */
#define OUTBOX_LIST_WINDOW 10000 /* newest messages searched for a list of one destination */

#endif
