#include "firmware/channels/definition_shape.h"

const char *condition_fault(json_node condition)
{
    bool at = json_member(condition, "at") != NULL;
    bool value = json_member(condition, "value") != NULL;
    if (at == value) return "a condition has either \"at\" or \"value\"";
    static const char *const tests[] = {"equals", "in", "contains", "exists", "empty"};
    size_t count = 0;
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
        if (json_member(condition, tests[i]) != NULL) count++;
    }
    return count == 1 ? NULL : "a condition has exactly one test";
}

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
        bool same = slice_is(json_text(json_member(r, "gives")), gives);
        if (same && lists_word(json_member(r, "for"), use)) count++;
    }
    return count;
}

static const char *reads_fault(json_node root)
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
    json_node first = json_first(json_member(root, "reads"));
    if (!slice_is(json_text(json_member(first, "gives")), "order")) {
        return "the order is read first: the guard comes before everything";
    }
    if (reads_of(root, "addresses", "check") > 0 && json_member(root, "addresses") == NULL) {
        return "addresses are read and not described";
    }
    return NULL;
}

static const char *request_fault(json_node owner)
{
    json_node request = json_member(owner, "request");
    bool get = slice_is(json_text(json_member(request, "method")), "GET");
    return get && json_member(request, "json") != NULL ? "a GET has no body" : NULL;
}

static const char *steps_fault(json_node root)
{
    size_t records = 0;
    for (json_node s = json_first(json_member(root, "steps")); s != NULL; s = json_next(s)) {
        if (slice_is(json_text(json_member(s, "per")), "record")) records++;
        const char *fault = request_fault(s);
        if (fault != NULL) return fault;
        bool finish = slice_is(json_text(json_member(s, "per")), "finish");
        if (finish && !json_bool(json_member(s, "repeatable"), false)) {
            return "a finishing step must be repeatable: it is sent again after an unclear outcome";
        }
    }
    return records == 1 ? NULL : "exactly one step writes a record";
}

const char *definition_fault_of(json_node root, const char **out_path)
{
    *out_path = "$.reads";
    const char *fault = reads_fault(root);
    for (json_node r = json_first(json_member(root, "reads")); r != NULL && fault == NULL;
         r = json_next(r)) {
        fault = request_fault(r);
    }
    if (fault != NULL) return fault;
    *out_path = "$.steps";
    fault = steps_fault(root);
    if (fault != NULL) return fault;
    *out_path = "$.lines";
    bool per_address = json_bool(json_member(json_member(root, "records"), "per_address"), false);
    if (per_address && json_member(json_member(root, "lines"), "address") == NULL) {
        return "records are per address and lines have none";
    }
    return NULL;
}
