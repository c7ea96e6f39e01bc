/* shipment.h - one Clarus shipment from its creation to its label or its void. For
 * firmware/clarus/shipment*.c only.
 *
 * Every durable change ends in SHIP_LOAD, which reads the rows and decides what comes next: a
 * restart resumes the same way. `shipment.intent` names the write that was sent and not answered;
 * it is stored before the write and decides what is asked first. */
#ifndef PACKD_CLARUS_SHIPMENT_H
#define PACKD_CLARUS_SHIPMENT_H

#include "firmware/clarus/inner.h"

enum ship_step {
    SHIP_LOAD,
    SHIP_CREATE,
    SHIP_LOOK,
    SHIP_ADOPT,
    SHIP_PACKAGE,
    SHIP_PACKAGE_LOOK,
    SHIP_READ,
    SHIP_READ_PACKAGES,
    SHIP_DELETE_EXTRA,
    SHIP_DELETE_PACKAGE,
    SHIP_SUBMIT,
    SHIP_TRACK,
    SHIP_TRACK_LABEL,
    SHIP_DOCUMENT,
    SHIP_DOWNLOAD,
    SHIP_FILE,
    SHIP_VOID_READ,
    SHIP_VOID_PACKAGES,
    SHIP_CANCEL,
    SHIP_DELETE,
};

enum ship_goal {
    GOAL_MAKE,
    GOAL_BUY,
    GOAL_VOID,
};

struct ship_parcel {
    int64_t id;
    char clarus_id[ID_CAP];
    char packaging[ID_CAP];
    char tracking[TRACKING_CAP];
    int64_t weight_g;
    bool seen; /* its package is in the last reading */
};

struct ship {
    enum ship_goal goal;
    /* the rows, as SHIP_LOAD read them */
    int64_t id;
    int64_t consignment_id;
    enum shipment_state state;
    char key[KEY_CAP];
    char clarus_id[ID_CAP];
    char intent[16];
    char document[CODE_CAP];
    char order_id[ID_CAP];
    char carrier_id[ID_CAP];
    char service_id[ID_CAP];
    struct ship_parcel parcels[PARCELS_MAX];
    size_t parcel_count;
    /* the last reading */
    struct shipment_seen ours;
    bool found;
    bool note_there;
    char extra[ID_CAP]; /* another shipment with our key */
    bool extra_bought;
    char stranger[ID_CAP];
    unsigned strangers;
    char package[ID_CAP]; /* a package that is not bound to a parcel */
    unsigned packages_tracked;
    /* waiting */
    unsigned looks;
    mono_t looks_from;
    mono_t deadline; /* of a request of an earlier life, at the latest */
    mono_t since;    /* of the present wait for tracking and label */
    unsigned polls;
    bool late_told;
    bool bought_told;
    bool offline_told;
    char document_id[ID_CAP];
    char document_at[48];
    bool document_failed;
    char file_url[CALL_URL_CAP];
};

/* shipment.c */
void ship_set(struct clarus_flow *f, enum shipment_state state, const char *intent);
void ship_say(struct clarus_flow *f, enum label_step step, const char *text);
void ship_finish(struct clarus_flow *f, enum label_step step, const char *text,
                 struct slice document);
bool ship_diverted(struct clarus_flow *f);
void ship_alarm(struct clarus_flow *f, const char *rule, const char *text, const char *next_step);
/* One more look that found nothing: waits and looks again at `step`, or true when it was looked
 * often and long enough. */
bool ship_looked(struct clarus_flow *f, unsigned step);
void ship_path(struct clarus_flow *f, const char *collection, const char *id, const char *act,
               char *out, size_t cap);
/* An answer that changes nothing: offline, busy, credentials. True: handled. */
bool ship_not_done(struct clarus_flow *f, const struct answer *a, enum shipment_state back);

/* shipment_read.c */
void ship_list_shipments(struct clarus_flow *f);
void ship_shipment_row(struct clarus_flow *f, json_node node);
void ship_list_packages(struct clarus_flow *f);
void ship_package_row(struct clarus_flow *f, json_node node);
bool ship_all_tracked(const struct ship *s);
void ship_read_begin(struct clarus_flow *f);
void ship_read_end(struct clarus_flow *f, const struct answer *a);
void ship_read_packages_end(struct clarus_flow *f, const struct answer *a);
void ship_delete_extra_begin(struct clarus_flow *f);
void ship_delete_package_begin(struct clarus_flow *f);
void ship_delete_end(struct clarus_flow *f, const struct answer *a);

/* shipment_make.c */
void ship_create_begin(struct clarus_flow *f);
void ship_create_end(struct clarus_flow *f, const struct answer *a);
void ship_look_begin(struct clarus_flow *f);
void ship_look_end(struct clarus_flow *f, const struct answer *a);
void ship_adopt_begin(struct clarus_flow *f);
void ship_adopt_end(struct clarus_flow *f, const struct answer *a);
void ship_package_begin(struct clarus_flow *f);
void ship_package_end(struct clarus_flow *f, const struct answer *a);
void ship_package_look_end(struct clarus_flow *f, const struct answer *a);

/* shipment_buy.c */
void ship_submit_begin(struct clarus_flow *f);
void ship_submit_end(struct clarus_flow *f, const struct answer *a);
void ship_track_begin(struct clarus_flow *f);
void ship_track_end(struct clarus_flow *f, const struct answer *a);
void ship_track_label_begin(struct clarus_flow *f);
void ship_track_label_end(struct clarus_flow *f, const struct answer *a);
void ship_document_begin(struct clarus_flow *f);
void ship_document_row(struct clarus_flow *f, json_node node);
void ship_document_end(struct clarus_flow *f, const struct answer *a);
void ship_download_begin(struct clarus_flow *f);
void ship_download_end(struct clarus_flow *f, const struct answer *a);
void ship_file_begin(struct clarus_flow *f);
void ship_file_end(struct clarus_flow *f, const struct answer *a);

/* shipment_void.c */
void ship_void_decide(struct clarus_flow *f);
void ship_void_read_begin(struct clarus_flow *f);
void ship_void_read_end(struct clarus_flow *f, const struct answer *a);
void ship_void_packages_begin(struct clarus_flow *f);
void ship_void_packages_end(struct clarus_flow *f, const struct answer *a);
void ship_cancel_begin(struct clarus_flow *f);
void ship_cancel_end(struct clarus_flow *f, const struct answer *a);
void ship_delete_begin(struct clarus_flow *f);
void ship_remove_end(struct clarus_flow *f, const struct answer *a);

#endif
