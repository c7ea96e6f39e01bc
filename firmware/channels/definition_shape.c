#include "firmware/channels/definition_shape.h"

#include "firmware/channels/definition.h"
#include "firmware/channels/rules.h"

#define COUNT(a)               (sizeof(a) / sizeof((a)[0]))
#define KIND(symbol, label, m) static const struct kind symbol = {label, m, COUNT(m)}

static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE", NULL};
static const char *const ends[] = {"done", "retry",     "reread",  "reauth", "park",
                                   "look", "cancelled", "not_yet", NULL};
static const char *const states[] = {"open", "shipped", "hold", "cancelled", NULL};
static const char *const uses[] = {"push", "check", NULL};
static const char *const pers[] = {"dispatch", "record", "finish", NULL};
static const char *const eachs[] = {"lines", "parcels", "unshipped", NULL};
static const char *const pagings[] = {"page", "offset", "cursor", "link", NULL};
static const char *const units[] = {"s", "ms", "date", "epoch", NULL};
static const char *const auths[] = {"header", "login", "oauth1", "signature", NULL};
static const char *const encodings[] = {"base64", "hex", NULL};
static const char *const overs[] = {"refuse", NULL};
static const char *const numbers[] = {"digits", "word", "text", NULL};
static const char *const roles[] = {"storefront", "inventory", NULL};
static const char *const origins[] = {"origin", NULL};
static const char *const record_pers[] = {"parcel", "dispatch", NULL};

static const struct member condition_members[] = {
    {.name = "at", .shape = SHAPE_POINTER},    {.name = "value", .shape = SHAPE_VALUE},
    {.name = "equals", .shape = SHAPE_SCALAR}, {.name = "in", .shape = SHAPE_SCALARS},
    {.name = "contains", .shape = SHAPE_TEXT}, {.name = "exists", .shape = SHAPE_BOOL},
    {.name = "empty", .shape = SHAPE_BOOL},    {.name = "not", .shape = SHAPE_BOOL},
};
KIND(condition, "condition", condition_members);
#define CONDITIONS(label)                                                                          \
    {                                                                                              \
        .name = (label), .shape = SHAPE_LIST, .kind = &condition, .high = 8                        \
    }

static const struct member request_members[] = {
    {.name = "method", .shape = SHAPE_WORD, .words = methods, .required = true},
    {.name = "path", .shape = SHAPE_PATH},
    {.name = "url", .shape = SHAPE_URL},
    {.name = "base", .shape = SHAPE_WORD, .words = origins},
    {.name = "query", .shape = SHAPE_QUERY},
    {.name = "json", .shape = SHAPE_TEMPLATE},
    {.name = "form", .shape = SHAPE_FORM},
    {.name = "headers", .shape = SHAPE_HEADERS},
    {.name = "basic", .shape = SHAPE_PHRASE},
};
KIND(request, "request", request_members);

static const struct member ok_members[] = {
    {.name = "status", .shape = SHAPE_STATUSES, .required = true},
    CONDITIONS("if"),
};
KIND(ok, "ok", ok_members);

static const struct member error_members[] = {
    {.name = "status", .shape = SHAPE_STATUSES},
    CONDITIONS("if"),
    {.name = "then", .shape = SHAPE_WORD, .words = ends, .required = true},
    {.name = "rule", .shape = SHAPE_TEXT},
    {.name = "times", .shape = SHAPE_INT, .low = 1, .high = REREADS_MAX},
};
KIND(error, "error rule", error_members);

static const struct member source_members[] = {
    {.name = "header", .shape = SHAPE_TEXT},  {.name = "last_part", .shape = SHAPE_BOOL},
    {.name = "each", .shape = SHAPE_POINTER}, CONDITIONS("where"),
    {.name = "at", .shape = SHAPE_POINTER},
};
KIND(source, "source", source_members);
#define TAKES(label)                                                                               \
    {                                                                                              \
        .name = (label), .shape = SHAPE_TAKES, .kind = &source                                     \
    }

static const struct member auth_members[] = {
    {.name = "kind", .shape = SHAPE_WORD, .words = auths, .required = true},
    {.name = "header", .shape = SHAPE_TEXT},
    {.name = "value", .shape = SHAPE_PHRASE},
    {.name = "base64", .shape = SHAPE_PHRASE},
    {.name = "request", .shape = SHAPE_OBJECT, .kind = &request},
    {.name = "ok", .shape = SHAPE_OBJECT, .kind = &ok},
    {.name = "errors", .shape = SHAPE_LIST, .kind = &error, .high = 16},
    TAKES("take"),
    {.name = "lives_s", .shape = SHAPE_POINTER},
    {.name = "realm", .shape = SHAPE_PHRASE},
    {.name = "signs", .shape = SHAPE_PHRASE},
    {.name = "encoding", .shape = SHAPE_WORD, .words = encodings},
};
KIND(auth, "auth", auth_members);

static const struct member pages_members[] = {
    {.name = "kind", .shape = SHAPE_WORD, .words = pagings, .required = true},
    {.name = "size", .shape = SHAPE_INT, .required = true, .low = 1, .high = PAGE_SIZE_MAX},
    {.name = "max", .shape = SHAPE_INT, .required = true, .low = 1, .high = PAGES_MAX},
    {.name = "next", .shape = SHAPE_POINTER},
    {.name = "more", .shape = SHAPE_POINTER},
};
KIND(pages, "pages", pages_members);

static const struct member select_members[] = {
    {.name = "at", .shape = SHAPE_POINTER},
    {.name = "within", .shape = SHAPE_POINTER},
    CONDITIONS("where"),
    CONDITIONS("must_match"),
    TAKES("take"),
};
KIND(selection, "selection", select_members);
#define GIVES(label)                                                                               \
    {                                                                                              \
        .name = (label), .shape = SHAPE_OBJECT, .kind = &selection                                 \
    }

static const struct member gives_members[] = {
    GIVES("found"),     GIVES("order"),   GIVES("lines"),
    GIVES("addresses"), GIVES("records"), GIVES("parcels"),
};
KIND(gives, "gives", gives_members);

static const struct member read_members[] = {
    {.name = "id", .shape = SHAPE_TEXT, .required = true},
    {.name = "for", .shape = SHAPE_WORDS, .words = uses, .required = true},
    CONDITIONS("when"),
    {.name = "request", .shape = SHAPE_OBJECT, .kind = &request, .required = true},
    {.name = "pages", .shape = SHAPE_OBJECT, .kind = &pages},
    {.name = "ok", .shape = SHAPE_OBJECT, .kind = &ok},
    {.name = "errors", .shape = SHAPE_LIST, .kind = &error, .high = 16},
    {.name = "gives", .shape = SHAPE_OBJECT, .kind = &gives, .required = true},
};
KIND(read, "read", read_members);

static const struct member guard_members[] = {
    {.name = "if", .shape = SHAPE_LIST, .kind = &condition, .high = 8, .low = 1, .required = true},
    {.name = "state", .shape = SHAPE_WORD, .words = states, .required = true},
    {.name = "rule", .shape = SHAPE_TEXT},
};
KIND(guard, "guard rule", guard_members);

static const struct member order_members[] = {
    {.name = "status", .shape = SHAPE_POINTER, .required = true},
    {.name = "guard", .shape = SHAPE_LIST, .kind = &guard, .high = 24, .low = 1, .required = true},
    {.name = "customer_note", .shape = SHAPE_POINTER},
    {.name = "staff_note", .shape = SHAPE_POINTER},
};
KIND(order, "order", order_members);

static const struct member lines_members[] = {
    {.name = "id", .shape = SHAPE_POINTER, .required = true},
    {.name = "sku", .shape = SHAPE_POINTER, .required = true},
    {.name = "ordered", .shape = SHAPE_POINTER, .required = true},
    {.name = "shipped", .shape = SHAPE_POINTER},
    CONDITIONS("shipped_if"),
    {.name = "left", .shape = SHAPE_POINTER},
    {.name = "record_line", .shape = SHAPE_POINTER},
    {.name = "address", .shape = SHAPE_POINTER},
    {.name = "gift_message", .shape = SHAPE_POINTER},
    CONDITIONS("ship_if"),
};
KIND(lines, "lines", lines_members);

static const struct member addresses_members[] = {
    {.name = "id", .shape = SHAPE_POINTER, .required = true},
    {.name = "method", .shape = SHAPE_POINTER},
    {.name = "digest", .shape = SHAPE_POINTERS, .required = true},
};
KIND(addresses, "addresses", addresses_members);

static const struct member records_members[] = {
    {.name = "per", .shape = SHAPE_WORD, .words = record_pers, .required = true},
    {.name = "id", .shape = SHAPE_POINTER},
    {.name = "key", .shape = SHAPE_POINTER},
    {.name = "tracking", .shape = SHAPE_POINTER},
    {.name = "items", .shape = SHAPE_POINTER},
    {.name = "item_line", .shape = SHAPE_POINTER},
    {.name = "item_quantity", .shape = SHAPE_POINTER},
    {.name = "per_address", .shape = SHAPE_BOOL},
    CONDITIONS("counts_if"),
    CONDITIONS("finished_if"),
    TAKES("take"),
};
KIND(records, "records", records_members);

static const struct member parcels_members[] = {
    {.name = "tracking", .shape = SHAPE_POINTER, .required = true},
};
KIND(parcels, "parcels", parcels_members);

static const struct member limit_members[] = {
    {.name = "max", .shape = SHAPE_INT, .required = true, .low = 1, .high = LIMIT_VALUE_MAX},
    {.name = "required", .shape = SHAPE_BOOL},
    {.name = "over", .shape = SHAPE_WORD, .words = overs, .required = true},
};
KIND(limit, "limit", limit_members);

static const struct member option_members[] = {
    {.name = "required", .shape = SHAPE_BOOL},
    {.name = "otherwise", .shape = SHAPE_TEXT},
};
KIND(option, "option", option_members);

static const struct member step_members[] = {
    {.name = "id", .shape = SHAPE_TEXT, .required = true},
    {.name = "per", .shape = SHAPE_WORD, .words = pers, .required = true},
    {.name = "each", .shape = SHAPE_WORD, .words = eachs},
    {.name = "repeatable", .shape = SHAPE_BOOL},
    CONDITIONS("when"),
    {.name = "request", .shape = SHAPE_OBJECT, .kind = &request, .required = true},
    {.name = "ok", .shape = SHAPE_OBJECT, .kind = &ok, .required = true},
    TAKES("take"),
    {.name = "errors", .shape = SHAPE_LIST, .kind = &error, .high = 16},
};
KIND(step, "step", step_members);

static const struct member throttle_members[] = {
    {.name = "requested", .shape = SHAPE_POINTER, .required = true},
    {.name = "available", .shape = SHAPE_POINTER, .required = true},
    {.name = "per_s", .shape = SHAPE_POINTER, .required = true},
};
KIND(throttle, "throttle", throttle_members);

static const struct member wait_members[] = {
    {.name = "header", .shape = SHAPE_TEXT},
    {.name = "at", .shape = SHAPE_POINTER},
    {.name = "unit", .shape = SHAPE_WORD, .words = units},
    {.name = "throttle", .shape = SHAPE_OBJECT, .kind = &throttle},
    {.name = "status", .shape = SHAPE_STATUSES},
    {.name = "otherwise_ms", .shape = SHAPE_INT, .low = 0, .high = 86400000},
};
KIND(wait, "wait hint", wait_members);

static const struct member budget_members[] = {
    {.name = "left", .shape = SHAPE_TEXT, .required = true},
    {.name = "reset", .shape = SHAPE_TEXT, .required = true},
    {.name = "unit", .shape = SHAPE_WORD, .words = units, .required = true},
};
KIND(budget, "budget", budget_members);

static const struct member definition_members[] = {
    {.name = "name", .shape = SHAPE_TEXT, .required = true},
    {.name = "format", .shape = SHAPE_INT, .required = true, .low = 1, .high = 1},
    {.name = "role", .shape = SHAPE_WORD, .words = roles},
    {.name = "options", .shape = SHAPE_OPTIONS, .kind = &option},
    {.name = "auth", .shape = SHAPE_OBJECT, .kind = &auth, .required = true},
    {.name = "headers", .shape = SHAPE_HEADERS},
    {.name = "order_number", .shape = SHAPE_WORD, .words = numbers, .required = true},
    {.name = "reply_max", .shape = SHAPE_INT, .required = true, .low = 1024, .high = REPLY_MAX},
    {.name = "not_yet_s", .shape = SHAPE_INT, .required = true, .low = 0, .high = 604800},
    {.name = "ok", .shape = SHAPE_OBJECT, .kind = &ok},
    {.name = "reads", .shape = SHAPE_LIST, .kind = &read, .high = READS_MAX},
    {.name = "order", .shape = SHAPE_OBJECT, .kind = &order},
    {.name = "lines", .shape = SHAPE_OBJECT, .kind = &lines},
    {.name = "addresses", .shape = SHAPE_OBJECT, .kind = &addresses},
    {.name = "records", .shape = SHAPE_OBJECT, .kind = &records, .required = true},
    {.name = "parcels", .shape = SHAPE_OBJECT, .kind = &parcels},
    {.name = "limits", .shape = SHAPE_LIMITS, .kind = &limit},
    {.name = "steps",
     .shape = SHAPE_LIST,
     .kind = &step,
     .required = true,
     .low = 1,
     .high = STEPS_MAX},
    {.name = "errors", .shape = SHAPE_LIST, .kind = &error, .required = true, .low = 1, .high = 16},
    {.name = "message", .shape = SHAPE_POINTER},
    {.name = "waits", .shape = SHAPE_LIST, .kind = &wait, .high = 8},
    {.name = "budget", .shape = SHAPE_OBJECT, .kind = &budget},
};
const struct kind definition_kind = {"definition", definition_members, COUNT(definition_members)};
const struct kind *const condition_kind = &condition;
const struct kind *const step_kind = &step;
const struct kind *const auth_kind = &auth;
