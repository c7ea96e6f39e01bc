#include "firmware/channels/definition_shape.h"

#include "firmware/channels/values.h"

static bool has(json_node n, const char *name)
{
    return json_member(n, name) != NULL;
}

static bool says(json_node n, const char *name, const char *word)
{
    return slice_is(json_text(json_member(n, name)), word);
}

const char *condition_fault(json_node condition)
{
    if (has(condition, "at") == has(condition, "value")) {
        return "a condition has either \"at\" or \"value\"";
    }
    static const char *const tests[] = {"equals", "in", "contains", "exists", "empty"};
    size_t count = 0;
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
        if (has(condition, tests[i])) count++;
    }
    return count == 1 ? NULL : "a condition has exactly one test";
}

/* --------------------------------------------------------------------------------------- reads --
 */

static bool lists_word(json_node list, const char *word)
{
    for (json_node n = json_first(list); n != NULL; n = json_next(n)) {
        if (slice_is(json_text(n), word)) return true;
    }
    return false;
}

static size_t reads_of(json_node root, const char *gives, const char *use)
{
    size_t count = 0;
    for (json_node r = json_first(json_member(root, "reads")); r != NULL; r = json_next(r)) {
        bool same = has(json_member(r, "gives"), gives);
        if (same && lists_word(json_member(r, "for"), use)) count++;
    }
    return count;
}

/* What is not about the order that was asked for must be noticed. */
static bool is_matched(json_node read)
{
    json_node gives = json_member(read, "gives");
    json_node order = json_member(gives, "order");
    if (order == NULL) order = json_member(gives, "found");
    if (order != NULL) return json_count(json_member(order, "must_match")) > 0;
    for (json_node g = json_first(gives); g != NULL; g = json_next(g)) {
        if (json_count(json_member(g, "must_match")) == 0) return false;
    }
    return json_count(gives) > 0;
}

static const char *needed_reads(json_node root)
{
    static const struct {
        const char *gives, *use, *reason;
    } needed[] = {
        {"order", "push", "exactly one read gives the order to push"},
        {"order", "check", "exactly one read gives the order to check"},
        {"lines", "push", "exactly one read gives the lines to push"},
        {"lines", "check", "exactly one read gives the lines to check"},
        {"records", "push", "exactly one read gives the records to push: never write blind"},
    };
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        if (reads_of(root, needed[i].gives, needed[i].use) != 1) return needed[i].reason;
    }
    json_node gives = json_member(json_first(json_member(root, "reads")), "gives");
    if (!has(gives, "order") && !has(gives, "found")) {
        return "the order is read first: the guard comes before everything";
    }
    return NULL;
}

static const char *request_fault(json_node owner, bool login)
{
    json_node r = json_member(owner, "request");
    if (says(r, "method", "GET") && (has(r, "json") || has(r, "form"))) return "a GET has no body";
    if (has(r, "json") && has(r, "form")) return "a body is either json or form";
    if (has(r, "path") == has(r, "url")) return "a request has a path";
    if (!login && (has(r, "url") || has(r, "basic"))) return "url and basic belong to a login";
    return NULL;
}

static const char *pages_fault(json_node read)
{
    json_node pages = json_member(read, "pages");
    bool cursor = says(pages, "kind", "cursor");
    if (cursor && !has(pages, "next")) return "pages by cursor need \"next\"";
    if (!cursor && has(pages, "next")) return "only pages by cursor have \"next\"";
    return NULL;
}

static const char *reads_fault(json_node root)
{
    const char *fault = needed_reads(root);
    for (json_node r = json_first(json_member(root, "reads")); r != NULL && fault == NULL;
         r = json_next(r)) {
        fault = request_fault(r, false);
        if (fault == NULL) fault = pages_fault(r);
        if (fault == NULL && !is_matched(r)) {
            fault = "what a read gives must match the order: must_match is missing";
        }
    }
    if (fault != NULL) return fault;
    if (!has(root, "order") || !has(root, "lines"))
        return "order and lines are read: describe them";
    if (reads_of(root, "addresses", "check") > 0 && !has(root, "addresses")) {
        return "addresses are read and not described";
    }
    if (reads_of(root, "parcels", "push") > 0 && !has(root, "parcels")) {
        return "parcels are read and not described";
    }
    return NULL;
}

/* --------------------------------------------------------------------------------------- steps --
 */

static const char *step_fault(json_node step, bool blind)
{
    bool repeatable = json_bool(json_member(step, "repeatable"), false);
    const char *fault = request_fault(step, false);
    if (fault != NULL) return fault;
    if (says(step, "per", "finish") && !repeatable) {
        return "a finishing step must be repeatable: it is sent again after an unclear outcome";
    }
    if (blind && !repeatable) {
        return "without reads every step must be repeatable: the key tells a repeat";
    }
    if (has(step, "each") && !says(step, "per", "record")) return "only a record has an each";
    return NULL;
}

static const char *steps_fault(json_node root, bool blind)
{
    size_t records = 0;
    for (json_node s = json_first(json_member(root, "steps")); s != NULL; s = json_next(s)) {
        if (says(s, "per", "record")) records++;
        const char *fault = step_fault(s, blind);
        if (fault != NULL) return fault;
    }
    return records > 0 ? NULL : "at least one step writes a record";
}

static const char *records_fault(json_node root, bool blind)
{
    json_node records = json_member(root, "records");
    bool per_address = json_bool(json_member(records, "per_address"), false);
    bool per_dispatch = says(records, "per", "dispatch");
    if (blind) return per_dispatch ? NULL : "without reads there is one record per dispatch";
    if (!has(records, "id")) return "records have an id";
    if (!has(records, "key") && (per_dispatch || !has(records, "tracking"))) {
        return "records are found again by key, or by tracking where each is one parcel";
    }
    bool items = has(records, "items");
    if (items != has(records, "item_line") || items != has(records, "item_quantity")) {
        return "items, item_line and item_quantity belong together";
    }
    if (per_address && per_dispatch) return "records are per address and per dispatch";
    return NULL;
}

static const char *auth_fault(json_node root)
{
    json_node auth = json_member(root, "auth");
    bool sends = has(auth, "header") && (has(auth, "value") || has(auth, "base64"));
    if (says(auth, "kind", "oauth1")) return NULL;
    if (says(auth, "kind", "signature")) {
        return has(auth, "header") && has(auth, "signs") ? NULL
                                                         : "a signature has header and signs";
    }
    if (!sends) return "what is sent: header, and value or base64";
    if (!says(auth, "kind", "login")) return NULL;
    if (!has(auth, "request") || json_count(json_member(auth, "take")) == 0) {
        return "a login has a request and takes something from its answer";
    }
    return request_fault(auth, true);
}

static const char *lines_fault(json_node root)
{
    bool per_address = json_bool(json_member(json_member(root, "records"), "per_address"), false);
    if (per_address && !has(json_member(root, "lines"), "address")) {
        return "records are per address and lines have none";
    }
    return NULL;
}

const char *definition_fault_of(json_node root, const char **out_path)
{
    bool blind = json_count(json_member(root, "reads")) == 0;
    *out_path = "$.auth";
    const char *fault = auth_fault(root);
    if (fault != NULL) return fault;
    *out_path = "$.reads";
    fault = blind ? NULL : reads_fault(root);
    if (fault != NULL) return fault;
    *out_path = "$.steps";
    fault = steps_fault(root, blind);
    if (fault != NULL) return fault;
    *out_path = "$.lines";
    fault = lines_fault(root);
    if (fault != NULL) return fault;
    *out_path = "$.records";
    return records_fault(root, blind);
}
