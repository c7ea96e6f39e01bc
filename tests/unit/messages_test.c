/* Every message that the station can show has its words: the keys in the sources of firmware/ are
 * looked up in the pages' message file. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/json.h"
#include "firmware/base/text.h"
#include "firmware/codes/fault.h"

#define SOURCE_MAX (1u << 20)
#define PATH_ROOM  600
#define KEY_CAP    80

extern const unsigned char asset_en_json[];
extern const size_t asset_en_json_len;

/* Names of rules, which no screen shows as a message. */
static const char *const no_message[] = {"bench.parked", "bench.recalled", "bench.scan_not_kept"};

/* Calls that write an order's story, and which of their arguments (from 0) is the event. */
static const struct {
    const char *call;
    size_t argument;
} tellers[] = {
    {"bench_story(", 1}, {"clarus_story(", 2}, {"story_add(", 4}, {"tell_story(", 3},
    {"put_aside(", 2},   {"created(", 2},      {"refused(", 2},
};
/* Events that reach their call in a variable. */
static const char *const more_events[] = {"pulled", "gone"};

struct look {
    json_node messages;
    size_t found;
    size_t missing;
};

static bool is_key(struct slice s)
{
    if (s.len == 0 || s.len >= KEY_CAP) return false;
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.'))
            return false;
    }
    return true;
}

static void want(struct look *k, const char *prefix, struct slice name, const char *where)
{
    char key[KEY_CAP * 2];
    (void)snprintf(key, sizeof key, "%s%.*s", prefix, SLICE_ARGS(name));
    k->found++;
    if (json_text(json_member(k->messages, key)).len > 0) return;
    k->missing++;
    print_error("%s: no words for %s\n", where, key);
}

/* The text literal that begins at s[at]; *at moves behind it. Empty when it does not end. */
static struct slice literal(struct slice s, size_t *at)
{
    size_t from = ++*at;
    while (*at < s.len && s.ptr[*at] != '"')
        *at += s.ptr[*at] == '\\' ? 2 : 1;
    size_t end = *at < s.len ? (*at)++ : from;
    return slice_sub(s, from, end);
}

static bool shown_nowhere(struct slice key)
{
    for (size_t i = 0; i < sizeof no_message / sizeof *no_message; i++)
        if (slice_is(key, no_message[i])) return true;
    return false;
}

/* The statement that reaches up to s[at] is a line for the log. */
static bool is_logged(struct slice s, size_t at)
{
    size_t from = at;
    while (from > 0 && s.ptr[from - 1] != ';' && s.ptr[from - 1] != '{' && s.ptr[from - 1] != '}')
        from--;
    struct slice statement = slice_sub(s, from, at);
    return slice_find(statement, SLICE("log_event(")) < statement.len;
}

static void bench_keys(struct look *k, struct slice source, const char *where)
{
    static const char opening[] = "\"bench.";
    size_t from = 0;
    for (;;) {
        size_t begin = from + slice_find(slice_sub(source, from, source.len), slice_text(opening));
        if (begin >= source.len) return;
        from = begin;
        struct slice key = literal(source, &from);
        if (is_key(key) && !shown_nowhere(key) && !is_logged(source, begin))
            want(k, "", key, where);
    }
}

/* Literals of one argument of a call whose arguments begin at s. */
static void events_of(struct look *k, struct slice s, size_t argument, const char *where)
{
    size_t nth = 0;
    size_t depth = 1;
    for (size_t at = 0; at < s.len && depth > 0;) {
        uint8_t c = s.ptr[at];
        if (c == '"') {
            struct slice name = literal(s, &at);
            if (nth == argument && is_key(name)) want(k, "story.", name, where);
            continue;
        }
        if (c == '(') depth++;
        if (c == ')') depth--;
        if (c == ',' && depth == 1) nth++;
        at++;
    }
}

/* "refused(" does not stand in "bench_refused(". */
static bool is_whole_name(struct slice s, size_t at)
{
    uint8_t before = at > 0 ? s.ptr[at - 1] : ' ';
    return before == ' ' || before == '\n' || before == '\t' || before == '(' || before == '!';
}

static void story_keys(struct look *k, struct slice source, const char *where)
{
    for (size_t i = 0; i < sizeof tellers / sizeof *tellers; i++) {
        struct slice name = slice_text(tellers[i].call);
        size_t from = 0;
        for (;;) {
            size_t at = from + slice_find(slice_sub(source, from, source.len), name);
            if (at >= source.len) break;
            from = at + name.len;
            if (is_whole_name(source, at))
                events_of(k, slice_sub(source, from, source.len), tellers[i].argument, where);
        }
    }
}

static void look_into(struct look *k, const char *path)
{
    struct buf b = buf_new(SOURCE_MAX);
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    uint8_t bytes[4096];
    for (size_t n; (n = fread(bytes, 1, sizeof bytes, f)) > 0;)
        buf_put(&b, slice_of(bytes, n));
    (void)fclose(f);
    assert_false(b.overflow);
    bench_keys(k, buf_slice(&b), path);
    story_keys(k, buf_slice(&b), path);
    buf_deinit(&b);
}

static void look_through(struct look *k, const char *folder)
{
    DIR *d = opendir(folder);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));) {
        char path[PATH_ROOM];
        int n = snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        assert_in_range(n, 1, PATH_ROOM - 1);
        struct slice name = slice_text(e->d_name);
        if (name.len > 2 && slice_is(slice_sub(name, name.len - 2, name.len), ".c"))
            look_into(k, path);
    }
    (void)closedir(d);
}

/* The sources lie four folders above build/<variant>/tests/unit/messages_test. */
static void source_folder(char out[PATH_ROOM], const char *below)
{
    char path[PATH_ROOM - 64];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    assert_true(n > 0);
    path[n] = '\0';
    for (int i = 0; i < 5; i++) {
        char *slash = strrchr(path, '/');
        assert_non_null(slash);
        *slash = '\0';
    }
    assert_in_range(snprintf(out, PATH_ROOM, "%s/%s", path, below), 1, PATH_ROOM - 1);
}

static void messages__have_words_for_every_key_of_the_firmware(void **state)
{
    (void)state;
    static const char *const rooms[] = {"firmware/bench", "firmware/clarus", "firmware/channels",
                                        "firmware/outbox", "firmware/station"};
    struct json_doc *doc = NULL;
    assert_int_equal(json_parse(slice_of(asset_en_json, asset_en_json_len), &doc, NULL), ERR_OK);
    struct look k = {.messages = json_root(doc)};
    for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
        char folder[PATH_ROOM];
        source_folder(folder, rooms[i]);
        look_through(&k, folder);
    }
    for (size_t i = 0; i < sizeof more_events / sizeof *more_events; i++)
        want(&k, "story.", slice_text(more_events[i]), "more_events");
    for (int fault = CODE_OK + 1; fault < CODE_FAULT_COUNT; fault++)
        want(&k, "code.", slice_text(code_fault_name((enum code_fault)fault)), "fault.h");
    json_free(doc);
    assert_true(k.found > 150);
    assert_int_equal(k.missing, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages__have_words_for_every_key_of_the_firmware),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
