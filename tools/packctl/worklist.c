/* What of the station's work would be held. */
#include <stdio.h>

#include "tools/packctl/packctl.h"

struct totals {
    int64_t orders, held, asked;
};

static int64_t number(json_node root, const char *name)
{
    int64_t n = 0;
    return json_int(json_member(root, name), 0, INT64_MAX / 2, &n) == ERR_OK ? n : 0;
}

/* One page from *after on, which is moved; 0: that was the last. */
static int page(const struct ctl *ctl, int64_t *after, struct totals *t)
{
    char path[64];
    struct answer a = {0};
    (void)snprintf(path, sizeof path, "/api/rules/worklist?after=%lld", (long long)*after);
    client_call(ctl, path, NULL, &a);
    int code = answer_check(&a);
    if (code == EXIT_DONE) {
        json_node root = json_root(a.doc);
        if (ctl->json)
            (void)printf("%.*s\n", (int)a.body.len, (const char *)a.body.ptr);
        else
            print_findings(root);
        t->orders += number(root, "orders");
        t->held += number(root, "held");
        t->asked += number(root, "asked");
        *after = number(root, "next");
    }
    answer_free(&a);
    return code;
}

int rules_worklist(const struct ctl *ctl)
{
    struct totals t = {0};
    int64_t after = 0;
    do {
        int code = page(ctl, &after, &t);
        if (code != EXIT_DONE) return code;
    } while (after > 0);
    (void)fprintf(stderr, "%lld orders, %lld would be held; the shop was asked about %lld\n",
                  (long long)t.orders, (long long)t.held, (long long)t.asked);
    return t.held > 0 ? EXIT_REFUSED : EXIT_DONE;
}
