/* The daily check: one line for everything a person must look at. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "firmware/base/text.h"
#include "tools/packctl/packctl.h"

enum {
    DAILY_WELL = 0,
    DAILY_PERSON = 1,
    DAILY_CANNOT_TELL = 2
};

struct daily {
    const struct ctl *ctl;
    int64_t now;
    size_t found;
};

static int64_t number(json_node row, const char *name)
{
    int64_t value = 0;
    return json_int(json_member(row, name), 0, INT64_MAX / 2, &value) == ERR_OK ? value : 0;
}

static void say_age(int64_t ms)
{
    int64_t minutes = ms > 0 ? ms / 60000 : 0;
    if (minutes < 60)
        (void)printf("%" PRId64 " min", minutes);
    else if (minutes < 2880)
        (void)printf("%" PRId64 " h", minutes / 60);
    else
        (void)printf("%" PRId64 " days", minutes / 1440);
}

/* KIND, object, age, owner, what, next step: separated by tabs. */
static void say_finding(struct daily *d, const char *kind, json_node row)
{
    (void)printf("%s\t", kind);
    print_member(row, "object");
    (void)putchar('\t');
    say_age(d->now - number(row, "since"));
    (void)putchar('\t');
    print_member(row, "owner");
    (void)putchar('\t');
    print_member(row, "text");
    (void)fputs("\tnext: ", stdout);
    print_member(row, "next_step");
    (void)putchar('\n');
    d->found++;
}

/* One of the station as a whole; since 0: not known. */
static void say_station(struct daily *d, const char *object, int64_t since, const char *owner,
                        const char *next)
{
    (void)printf("station\t%s\t", object);
    if (since > 0)
        say_age(d->now - since);
    else
        (void)putchar('-');
    (void)printf("\t%s\t\tnext: %s\n", owner, next);
    d->found++;
}

static bool call(const struct ctl *ctl, const char *path, struct answer *a)
{
    client_call(ctl, path, NULL, a);
    if (answer_check(a) != EXIT_DONE) return false;
    if (ctl->json) (void)printf("%.*s\n", (int)a->body.len, (const char *)a->body.ptr);
    return true;
}

static bool check_part(struct daily *d, const char *part, int64_t age_min)
{
    char path[80];
    struct answer a = {0};
    (void)snprintf(path, sizeof path, "/api/daily?part=%s&age_min=%" PRId64, part, age_min);
    bool ok = call(d->ctl, path, &a);
    json_node root = ok ? json_root(a.doc) : NULL;
    json_node findings = json_member(root, "findings");
    ok = ok && json_kind(findings) == JSON_ARRAY;
    d->now = number(root, "now");
    if (d->ctl->json)
        d->found += json_count(findings);
    else
        for (json_node row = json_first(findings); row; row = json_next(row))
            say_finding(d, part, row);
    if (!d->ctl->json && json_bool(json_member(root, "more"), false))
        (void)printf("%s\tthere are more\t-\tlead\t\tnext: settle these, then check again\n", part);
    answer_free(&a);
    return ok;
}

static void check_destinations(struct daily *d, json_node root)
{
    char object[120];
    for (json_node n = json_first(json_member(root, "destinations")); n; n = json_next(n)) {
        uint8_t room[80];
        struct buf name = buf_over(room, sizeof room - 1);
        text_visible(&name, json_text(json_member(n, "name")), 32);
        bool paused = json_bool(json_member(n, "paused"), false);
        if (!paused && !json_bool(json_member(n, "down"), false)) continue;
        (void)snprintf(object, sizeof object, "%s %s", buf_cstr(&name),
                       paused ? "refuses our credentials" : "is down");
        say_station(d, object, number(n, "oldest"), "integration",
                    paused ? "renew its secret and reload" : "see packctl outbox");
    }
}

static void check_devices(struct daily *d, json_node root)
{
    char object[200];
    for (json_node n = json_first(json_member(root, "devices")); n; n = json_next(n)) {
        uint8_t role[80], trouble[400];
        struct buf r = buf_over(role, sizeof role - 1), t = buf_over(trouble, sizeof trouble - 1);
        text_visible(&r, json_text(json_member(n, "role")), 16);
        text_visible(&t, json_text(json_member(n, "trouble")), 80);
        bool present = json_bool(json_member(n, "present"), false);
        (void)snprintf(object, sizeof object, "%s: %.100s", buf_cstr(&r),
                       present ? buf_cstr(&t) : "not there");
        say_station(d, object, number(n, "since"), "packer", "put the device right");
    }
}

static bool check_station(struct daily *d)
{
    struct answer a = {0};
    bool ok = call(d->ctl, "/api/status", &a);
    json_node root = ok ? json_root(a.doc) : NULL;
    d->now = number(root, "now");
    if (ok && !d->ctl->json) {
        (void)fputs("# station ", stdout);
        print_member(root, "station");
        (void)putchar('\n');
    }
    if (ok && !json_bool(json_member(root, "clock_trusted"), false))
        say_station(d, "the clock is not trusted; ages may be wrong", 0, "integration",
                    "give the station a time source");
    if (ok && json_bool(json_member(root, "intake_full"), false))
        say_station(d, "the disk is full; nothing can be saved", 0, "integration",
                    "free space on the station");
    else if (ok && json_bool(json_member(root, "intake_warning"), false))
        say_station(d, "the disk or the queue fills up", 0, "integration",
                    "free space, or see what does not drain: packctl outbox");
    if (ok && number(root, "offline_since") > 0)
        say_station(d, "Clarus is out of reach", number(root, "offline_since"), "integration",
                    "see the line and Clarus");
    if (ok) check_destinations(d, root);
    if (ok) check_devices(d, root);
    answer_free(&a);
    return ok;
}

int daily_check(const struct ctl *ctl)
{
    static const char *const parts[] = {"pull", "parked", "late", "labelled", "exceptions"};
    int64_t age_min = 60;
    struct daily d = {.ctl = ctl};
    if (ctl->older && text_int(slice_text(ctl->older), 0, 525600, &age_min) != ERR_OK) {
        (void)fputs("packctl: --older takes minutes, 0 to 525600\n", stderr);
        return DAILY_CANNOT_TELL;
    }
    bool ok = check_station(&d);
    for (size_t i = 0; ok && i < sizeof parts / sizeof parts[0]; i++)
        ok = check_part(&d, parts[i], age_min);
    if (fflush(stdout) != 0) ok = false;
    if (!ok) {
        (void)fputs("packctl: the check could not be finished\n", stderr);
        return DAILY_CANNOT_TELL;
    }
    (void)fprintf(stderr, d.found ? "%zu to look at\n" : "all well\n", d.found);
    return d.found ? DAILY_PERSON : DAILY_WELL;
}
