#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/text.h"
#include "tools/packctl/packctl.h"

#define PATH_ROOM 2048

static const char usage[] =
    "packctl - asks the pack station and gives it orders\n"
    "\n"
    "  packctl status                what the station is, and what waits\n"
    "  packctl outbox [DESTINATION]  undelivered messages\n"
    "  packctl exceptions            what is not right, worst first\n"
    "  packctl daily-check           all that needs a person, one a line; ends with 0 all well,\n"
    "                                1 something needs a person, 2 cannot tell\n"
    "  packctl export --from DATE --to DATE    dispatches with items, tracking and who was told,\n"
    "                                as CSV; both days included\n"
    "  packctl order REF             one order by reference, shop order, tracking, SKU, tote or "
    "key\n"
    "  packctl retry ID              send an exception's message again\n"
    "  packctl retry-rule RULE       the same for every exception of one rule\n"
    "  packctl resolve ID NOTE       it was settled by hand\n"
    "  packctl pulled ID [NOTE]      find-and-pull: the goods are back\n"
    "  packctl gone ID [NOTE]        find-and-pull: it left all the same\n"
    "  packctl manifest CARRIER      the carrier's list is closed: its shops may be told\n"
    "  packctl recall KEY REASON     take back a saved dispatch\n"
    "  packctl maps list | words     what leads changed of the tables; words no table knows\n"
    "  packctl maps set KIND CHANNEL KEY VALUE [VALUE2]\n"
    "                                KIND: sku, method, state, unit; CHANNEL - : every one\n"
    "  packctl maps remove KIND CHANNEL KEY    nothing is mapped, whatever site.json says\n"
    "  packctl maps drop KIND CHANNEL KEY      site.json counts again\n"
    "  packctl maps export           all changes as one file, signed off by --who\n"
    "  packctl maps import FILE      takes such a file; later changes here are kept\n"
    "  packctl rules check KIND      a list, line by line, against the rules of site.json; no "
    "station\n"
    "                                needed. KIND: sku, code, unit, method, state, tracking,\n"
    "                                address, reference (see docs/integrator.md)\n"
    "  packctl rules check --worklist    what of the station's work would be held\n"
    "  packctl channel try CHANNEL ORDER [SKU=QUANTITY]...\n"
    "                                the requests that would report it, secrets masked; nothing "
    "is\n"
    "                                sent, no station needed\n"
    "  packctl scan TEXT             type a scan (demonstration mode only)\n"
    "  packctl scan explain          scans from standard input, one a line (<GS>, \\xHH): what "
    "each\n"
    "                                is taken for, as JSON; no station needed\n"
    "\n"
    "  --url URL          the station; default $PACKD_URL, else http://127.0.0.1:8480\n"
    "  --token-file FILE  its console token; default $PACKD_TOKEN_FILE, else, on the station\n"
    "                     itself, the one of its page\n"
    "  --site FILE        site.json for rules check and channel try; default $PACKD_SITE, else "
    "/etc/packd/site.json\n"
    "  --scope CODE       Clarus code a unit belongs to; default: every product\n"
    "  --replace          an import wins over later changes of the station\n"
    "  --channel NAME     channel for rules check; default: the only one\n"
    "  --older MINUTES    what waits may wait this long; default 60 (daily-check)\n"
    "  --ca FILE          certificate authority of an https station\n"
    "  --who NAME         acts are recorded under this name; default $USER\n"
    "  --json             print answers as they came\n"
    "\n"
    "Exit: 0 done, 1 refused or something is wrong, 2 wrong usage, 3 not reached\n";

static int wrong_usage(const char *why)
{
    (void)fprintf(stderr, "packctl: %s\n\n%s", why, usage);
    return EXIT_USAGE;
}

/* ------------------------------------------------------------------------------------- reads -- */

typedef void print_fn(json_node root);

static int ask(const struct ctl *ctl, const char *path, print_fn *print, json_node *out_root,
               struct answer *a)
{
    client_call(ctl, path, NULL, a);
    int code = answer_check(a);
    if (ctl->json && a->body.len) {
        (void)fwrite(a->body.ptr, 1, a->body.len, stdout);
        (void)fputs("\n", stdout);
    } else if (code == EXIT_DONE) {
        print(json_root(a->doc));
    }
    *out_root = code == EXIT_DONE ? json_root(a->doc) : NULL;
    return code;
}

static int64_t int_of(json_node root, const char *name)
{
    int64_t n = 0;
    return json_int(json_member(root, name), 0, INT64_MAX / 2, &n) == ERR_OK ? n : 0;
}

static int run_status(const struct ctl *ctl, char **args)
{
    struct answer a = {0};
    json_node root = NULL;
    (void)args;
    int code = ask(ctl, "/api/status", print_status, &root, &a);
    if (code == EXIT_DONE && int_of(root, "exceptions") > 0) code = EXIT_REFUSED;
    answer_free(&a);
    return code;
}

static int run_outbox(const struct ctl *ctl, char **args)
{
    char room[PATH_ROOM];
    struct buf path = buf_over(room, sizeof room - 1);
    struct answer a = {0};
    json_node root = NULL;
    buf_text(&path, "/api/outbox");
    if (args[0]) {
        buf_text(&path, "?destination=");
        path_add_escaped(&path, args[0]);
    }
    int code = ask(ctl, buf_cstr(&path), print_outbox, &root, &a);
    answer_free(&a);
    return code;
}

static int run_exceptions(const struct ctl *ctl, char **args)
{
    struct answer a = {0};
    json_node root = NULL;
    (void)args;
    int code = ask(ctl, "/api/exceptions", print_exceptions, &root, &a);
    if (code == EXIT_DONE && json_count(json_member(root, "exceptions")) > 0) code = EXIT_REFUSED;
    answer_free(&a);
    return code;
}

static int run_order(const struct ctl *ctl, char **args)
{
    char room[PATH_ROOM];
    struct buf path = buf_over(room, sizeof room - 1);
    struct answer a = {0};
    json_node root = NULL;
    buf_text(&path, "/api/order?ref=");
    path_add_escaped(&path, args[0]);
    if (path.overflow) return wrong_usage("that is too long");
    int code = ask(ctl, buf_cstr(&path), print_order, &root, &a);
    answer_free(&a);
    return code;
}

/* -------------------------------------------------------------------------------------- acts -- */

struct pair {
    const char *name;
    const char *value;
};

static int send_act(const struct ctl *ctl, const char *path, const struct pair *pairs, size_t count)
{
    struct buf body = buf_new(65536);
    struct json_writer w = json_write(&body);
    struct answer a = {0};
    json_open_object(&w, NULL);
    for (size_t i = 0; i < count; i++)
        json_put_text(&w, pairs[i].name, pairs[i].value);
    json_close_object(&w);
    if (body.overflow) {
        buf_deinit(&body);
        return wrong_usage("that is too long");
    }
    client_call(ctl, path, buf_cstr(&body), &a);
    int code = answer_check(&a);
    if (ctl->json && a.body.len)
        (void)printf("%.*s\n", (int)a.body.len, (const char *)a.body.ptr);
    else if (code == EXIT_DONE)
        (void)puts("done");
    answer_free(&a);
    buf_deinit(&body);
    return code;
}

static int act_on(const struct ctl *ctl, const char *act, const char *id, const char *note)
{
    char path[80];
    int64_t number = 0;
    if (text_int(slice_text(id), 1, INT64_MAX, &number) != ERR_OK)
        return wrong_usage("an exception is named by its number");
    (void)snprintf(path, sizeof path, "/api/exceptions/%lld/%s", (long long)number, act);
    const struct pair pairs[] = {{"who", ctl->who}, {"note", note ? note : ""}};
    return send_act(ctl, path, pairs, 2);
}

static int run_retry(const struct ctl *ctl, char **args)
{
    return act_on(ctl, "retry", args[0], "");
}

static int run_resolve(const struct ctl *ctl, char **args)
{
    return act_on(ctl, "resolve", args[0], args[1]);
}

static int run_pulled(const struct ctl *ctl, char **args)
{
    return act_on(ctl, "pulled", args[0], args[1]);
}

static int run_gone(const struct ctl *ctl, char **args)
{
    return act_on(ctl, "gone", args[0], args[1]);
}

static int run_recall(const struct ctl *ctl, char **args)
{
    const struct pair pairs[] = {{"key", args[0]}, {"who", ctl->who}, {"reason", args[1]}};
    return send_act(ctl, "/api/recall", pairs, 3);
}

static int run_retry_rule(const struct ctl *ctl, char **args)
{
    const struct pair pairs[] = {{"rule", args[0]}, {"act", "retry"}, {"who", ctl->who}};
    return send_act(ctl, "/api/exceptions/rule", pairs, 3);
}

static int run_manifest(const struct ctl *ctl, char **args)
{
    const struct pair pairs[] = {{"carrier", args[0]}, {"who", ctl->who}};
    return send_act(ctl, "/api/manifest", pairs, 2);
}

static int run_scan(const struct ctl *ctl, char **args)
{
    if (strcmp(args[0], "explain") == 0) return explain_scans();
    const struct pair pair = {"text", args[0]};
    return send_act(ctl, "/api/demo/scan", &pair, 1);
}

static int read_maps(const struct ctl *ctl, const char *path, print_fn *print)
{
    struct answer a = {0};
    json_node root = NULL;
    int code = ask(ctl, path, print, &root, &a);
    answer_free(&a);
    return code;
}

/* set, remove or drop, KIND, CHANNEL, KEY, VALUE, VALUE2 */
static int change_map(const struct ctl *ctl, char **args)
{
    char path[40];
    const struct pair pairs[] = {{"who", ctl->who},
                                 {"kind", args[1]},
                                 {"channel", strcmp(args[2], "-") == 0 ? "" : args[2]},
                                 {"key", args[3]},
                                 {"scope", ctl->scope ? ctl->scope : ""},
                                 {"value", args[4] ? args[4] : ""},
                                 {"value2", args[4] && args[5] ? args[5] : ""}};
    (void)snprintf(path, sizeof path, "/api/maps/%s", args[0]);
    return send_act(ctl, path, pairs, sizeof pairs / sizeof pairs[0]);
}

static int run_maps(const struct ctl *ctl, char **args)
{
    int count = 1;
    while (args[count])
        count++;
    const char *what = args[0];
    if (strcmp(what, "list") == 0 && count == 1) return read_maps(ctl, "/api/maps", print_maps);
    if (strcmp(what, "words") == 0 && count == 1)
        return read_maps(ctl, "/api/maps/words", print_words);
    if (strcmp(what, "export") == 0 && count == 1) return maps_export(ctl);
    if (strcmp(what, "import") == 0 && count == 2) return maps_import(ctl, args[1]);
    bool set = strcmp(what, "set") == 0 && (count == 5 || count == 6);
    bool off = (strcmp(what, "remove") == 0 || strcmp(what, "drop") == 0) && count == 4;
    return set || off ? change_map(ctl, args) : wrong_usage("wrong arguments for maps");
}

static int run_rules(const struct ctl *ctl, char **args)
{
    if (strcmp(args[0], "check") != 0) return wrong_usage("rules can be checked: rules check KIND");
    if (ctl->worklist) return args[1] ? wrong_usage("KIND or --worklist") : rules_worklist(ctl);
    if (!args[1]) return wrong_usage("say what the list holds: rules check KIND");
    return rules_check(ctl, args[1], stdin);
}

/* --------------------------------------------------------------------------------- arguments -- */

static int run_channel(const struct ctl *ctl, char **args)
{
    if (strcmp(args[0], "try") != 0) return wrong_usage("channels can be tried: channel try");
    return channel_try(ctl, args[1], args[2], args + 3);
}

static int run_daily(const struct ctl *ctl, char **args)
{
    (void)args;
    return daily_check(ctl);
}

static int run_export(const struct ctl *ctl, char **args)
{
    (void)args;
    return export_dispatches(ctl);
}

static const struct verb {
    const char *name;
    int least, most; /* arguments */
    int (*run)(const struct ctl *ctl, char **args);
} verbs[] = {
    {"status", 0, 0, run_status},     {"outbox", 0, 1, run_outbox},
    {"order", 1, 1, run_order},       {"exceptions", 0, 0, run_exceptions},
    {"retry", 1, 1, run_retry},       {"resolve", 2, 2, run_resolve},
    {"pulled", 1, 2, run_pulled},     {"gone", 1, 2, run_gone},
    {"recall", 2, 2, run_recall},     {"scan", 1, 1, run_scan},
    {"manifest", 1, 1, run_manifest}, {"retry-rule", 1, 1, run_retry_rule},
    {"rules", 1, 2, run_rules},       {"maps", 1, 6, run_maps},
    {"channel", 3, 6, run_channel},   {"daily-check", 0, 0, run_daily},
    {"export", 0, 0, run_export},
};

static bool take(const char *name, char **argv, int *i, const char **out)
{
    if (strcmp(argv[*i], name) != 0 || !argv[*i + 1]) return false;
    *out = argv[++*i];
    return true;
}

static const char *setting(const char *name, const char *otherwise)
{
    const char *value = getenv(name);
    return value && value[0] ? value : otherwise;
}

#define WORDS_MAX 7

/* An option with its value; moves *i over both. */
static bool take_value(char **argv, int *i, struct ctl *ctl)
{
    const struct {
        const char *name;
        const char **out;
    } options[] = {
        {"--url", &ctl->url},     {"--ca", &ctl->ca},     {"--token-file", &ctl->token_file},
        {"--who", &ctl->who},     {"--site", &ctl->site}, {"--channel", &ctl->channel},
        {"--scope", &ctl->scope}, {"--from", &ctl->from}, {"--to", &ctl->to},
        {"--older", &ctl->older},
    };
    for (size_t n = 0; n < sizeof options / sizeof options[0]; n++)
        if (take(options[n].name, argv, i, options[n].out)) return true;
    return false;
}

static bool take_switch(const char *word, struct ctl *ctl)
{
    bool *out = strcmp(word, "--worklist") == 0  ? &ctl->worklist
                : strcmp(word, "--replace") == 0 ? &ctl->replace
                : strcmp(word, "--json") == 0    ? &ctl->json
                                                 : NULL;
    if (out) *out = true;
    return out != NULL;
}

/* Words of the command line without the options; -1 when there is something else. */
static int read_words(char **argv, struct ctl *ctl, char **words)
{
    int count = 0;
    for (int i = 1; argv[i]; i++) {
        if (take_value(argv, &i, ctl) || take_switch(argv[i], ctl)) continue;
        if (strncmp(argv[i], "--", 2) == 0 || count == WORDS_MAX) return -1;
        words[count++] = argv[i];
    }
    return count;
}

int main(int argc, char **argv)
{
    char *words[WORDS_MAX + 1] = {NULL};
    struct ctl ctl = {.url = setting("PACKD_URL", "http://127.0.0.1:8480"),
                      .token_file = setting("PACKD_TOKEN_FILE", NULL),
                      .site = setting("PACKD_SITE", "/etc/packd/site.json"),
                      .who = setting("USER", "packctl")};
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        (void)fputs(usage, stdout);
        return EXIT_DONE;
    }
    int count = read_words(argv, &ctl, words);
    if (count < 1) return wrong_usage(count < 0 ? "unknown option" : "say what to do");
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        const struct verb *v = &verbs[i];
        if (strcmp(words[0], v->name) != 0) continue;
        if (count - 1 < v->least || count - 1 > v->most) return wrong_usage("wrong arguments");
        (void)curl_global_init(CURL_GLOBAL_DEFAULT);
        int code = v->run(&ctl, words + 1);
        curl_global_cleanup();
        return code;
    }
    return wrong_usage("unknown command");
}
