#include "tests/contract/parts_fixture.h"

#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
    struct hal hal;
    char dir[64];
    char room[HAL_SECRET_MAX + 64];
    struct buf out;
};

static void write_file(const struct place *p, const char *name, struct slice bytes, mode_t mode)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", p->dir, name);
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes.ptr, bytes.len), bytes.len);
    assert_int_equal(fchmod(fd, mode), 0);
    (void)close(fd);
}

static bool holds(const struct place *p, const char *name, const char *text)
{
    char path[128];
    char got[64];
    (void)snprintf(path, sizeof path, "%s/%s", p->dir, name);
    int fd = open(path, O_RDONLY);
    if (fd < 0) return false;
    ssize_t n = read(fd, got, sizeof got);
    (void)close(fd);
    return n >= 0 && slice_is(slice_of(got, (size_t)n), text);
}

static int set_up(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    assert_non_null(p);
    (void)snprintf(p->dir, sizeof p->dir, "/tmp/packd-files-XXXXXX");
    assert_non_null(mkdtemp(p->dir));
    char secrets[96];
    (void)snprintf(secrets, sizeof secrets, "%s/secrets", p->dir);
    assert_int_equal(mkdir(secrets, 0700), 0);
    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
    struct hal_linux_options o = {.config_dir = p->dir, .state_dir = p->dir};
    assert_int_equal(files_open(&o, &p->hal.files), ERR_OK);
    p->hal.wall = (wall_t){.ms = 1773244692040, .trusted = true};
    p->out = buf_over(p->room, sizeof p->room);
    *state = p;
    return 0;
}

static void remove_all(const char *dir)
{
    char path[512];
    DIR *d = opendir(dir);
    assert_non_null(d);
    for (struct dirent *entry; (entry = readdir(d));) {
        if (entry->d_name[0] == '.') continue;
        (void)snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
        (void)unlink(path);
    }
    (void)closedir(d);
    (void)rmdir(dir);
}

static int tear_down(void **state)
{
    struct place *p = *state;
    char secrets[96];
    (void)snprintf(secrets, sizeof secrets, "%s/secrets", p->dir);
    files_close(p->hal.files);
    remove_all(secrets);
    remove_all(p->dir);
    free(p);
    return 0;
}

static void document__is_appended_and_has_a_path(void **state)
{
    struct place *p = *state;
    char path[128];
    write_file(p, "station.json", SLICE("{\"id\":\"B1\"}\n"), 0644);
    buf_text(&p->out, "before ");
    assert_int_equal(hal_document_read(&p->hal, "station.json", &p->out), ERR_OK);
    assert_true(slice_is(buf_slice(&p->out), "before {\"id\":\"B1\"}\n"));
    (void)snprintf(path, sizeof path, "%s/station.json", p->dir);
    const char *first = hal_document_path(&p->hal, "station.json");
    assert_string_equal(first, path);
    assert_ptr_equal(hal_document_path(&p->hal, "station.json"), first);
}

static void document__unknown_or_with_a_directory_in_its_name_is_not_found(void **state)
{
    struct place *p = *state;
    static const char *const names[] = {"site.json", "",        "../etc/passwd", "/etc/passwd",
                                        "secrets/a", ".hidden", "a\nb",          ".."};
    write_file(p, "secrets/a", SLICE("x"), 0600);
    write_file(p, ".hidden", SLICE("x"), 0600);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_int_equal(hal_document_read(&p->hal, names[i], &p->out), ERR_NOTFOUND);
    assert_int_equal(p->out.len, 0);
    assert_int_equal(hal_document_read(&p->hal, "secrets", &p->out), ERR_IO);
}

static void document__larger_than_the_room_leaves_the_room_as_it_was(void **state)
{
    struct place *p = *state;
    char few[8];
    struct buf small = buf_over(few, sizeof few);
    write_file(p, "site.json", SLICE("0123456789"), 0644);
    buf_text(&small, "ab");
    assert_int_equal(hal_document_read(&p->hal, "site.json", &small), ERR_NOSPACE);
    assert_true(slice_is(buf_slice(&small), "ab"));
}

static void document__larger_than_the_limit_is_refused(void **state)
{
    struct place *p = *state;
    char path[128];
    struct buf big = buf_new((size_t)HAL_DOCUMENT_MAX * 2);
    write_file(p, "site.json", SLICE(""), 0644);
    (void)snprintf(path, sizeof path, "%s/site.json", p->dir);
    assert_int_equal(truncate(path, HAL_DOCUMENT_MAX), 0);
    assert_int_equal(hal_document_read(&p->hal, "site.json", &big), ERR_OK);
    buf_clear(&big);
    assert_int_equal(truncate(path, HAL_DOCUMENT_MAX + 1), 0);
    assert_int_equal(hal_document_read(&p->hal, "site.json", &big), ERR_NOSPACE);
    buf_deinit(&big);
}

static void secret__comes_without_its_line_end(void **state)
{
    struct place *p = *state;
    write_file(p, "secrets/clarus", SLICE("s3cret \r\n"), 0600);
    assert_int_equal(hal_secret_read(&p->hal, "clarus", &p->out), ERR_OK);
    assert_true(slice_is(buf_slice(&p->out), "s3cret "));
}

static void secret__readable_by_others_is_denied(void **state)
{
    struct place *p = *state;
    static const mode_t open_modes[] = {0644, 0640, 0604, 0620, 0602, 0601};
    for (size_t i = 0; i < sizeof open_modes / sizeof *open_modes; i++) {
        write_file(p, "secrets/clarus", SLICE("s3cret"), open_modes[i]);
        assert_int_equal(hal_secret_read(&p->hal, "clarus", &p->out), ERR_DENIED);
    }
    assert_int_equal(p->out.len, 0);
    write_file(p, "secrets/clarus", SLICE("s3cret"), 0400);
    assert_int_equal(hal_secret_read(&p->hal, "clarus", &p->out), ERR_OK);
}

static void secret__too_large_or_absent_is_named(void **state)
{
    struct place *p = *state;
    static uint8_t big[HAL_SECRET_MAX + 1];
    write_file(p, "secrets/key", slice_of(big, sizeof big), 0600);
    assert_int_equal(hal_secret_read(&p->hal, "key", &p->out), ERR_NOSPACE);
    assert_int_equal(hal_secret_read(&p->hal, "absent", &p->out), ERR_NOTFOUND);
    assert_int_equal(p->out.len, 0);
}

static void secret__comes_from_the_supervisor_when_it_gives_a_place(void **state)
{
    struct place *p = *state;
    struct hal under = {0};
    struct hal_linux_options o = {.config_dir = "/nowhere", .state_dir = "/nowhere"};
    write_file(p, "clarus", SLICE("given"), 0440);
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", p->dir, 1), 0);
    assert_int_equal(files_open(&o, &under.files), ERR_OK);
    assert_int_equal(hal_secret_read(&under, "clarus", &p->out), ERR_OK);
    assert_true(slice_is(buf_slice(&p->out), "given"));
    write_file(p, "clarus", SLICE("given"), 0444);
    assert_int_equal(hal_secret_read(&under, "clarus", &p->out), ERR_DENIED);
    files_close(under.files);
}

static void store__lies_in_the_state_directory_and_knows_the_free_space(void **state)
{
    struct place *p = *state;
    char path[128];
    uint64_t bytes = 0;
    (void)snprintf(path, sizeof path, "%s/packd.db", p->dir);
    assert_string_equal(hal_store_path(&p->hal), path);
    assert_null(hal_store_vfs(&p->hal));
    assert_int_equal(hal_store_free(&p->hal, &bytes), ERR_OK);
    assert_true(bytes > 0);
}

static void store__set_aside_keeps_the_log_beside_the_database(void **state)
{
    struct place *p = *state;
    char name[64];
    write_file(p, "packd.db", SLICE("damaged"), 0600);
    write_file(p, "packd.db-wal", SLICE("last dispatch"), 0600);
    assert_int_equal(hal_store_set_aside(&p->hal, name, sizeof name), ERR_OK);
    assert_string_equal(name, "packd.db.damaged-20260311T155812Z");
    assert_true(holds(p, name, "damaged"));
    assert_true(holds(p, "packd.db.damaged-20260311T155812Z-wal", "last dispatch"));
    assert_false(holds(p, "packd.db", "damaged"));
    assert_false(holds(p, "packd.db-wal", "last dispatch"));
}

static void store__set_aside_never_overwrites_an_earlier_one(void **state)
{
    struct place *p = *state;
    char name[64];
    write_file(p, "packd.db", SLICE("first"), 0600);
    write_file(p, "packd.db-wal", SLICE("first log"), 0600);
    assert_int_equal(hal_store_set_aside(&p->hal, name, sizeof name), ERR_OK);
    write_file(p, "packd.db", SLICE("second"), 0600);
    assert_int_equal(hal_store_set_aside(&p->hal, name, sizeof name), ERR_OK);
    assert_string_equal(name, "packd.db.damaged-20260311T155812Z-1");
    assert_true(holds(p, "packd.db.damaged-20260311T155812Z", "first"));
    assert_true(holds(p, "packd.db.damaged-20260311T155812Z-wal", "first log"));
    assert_true(holds(p, name, "second"));
    assert_int_equal(hal_store_set_aside(&p->hal, name, sizeof name), ERR_NOTFOUND);
}

static void store__set_aside_last_is_found_again(void **state)
{
    struct place *p = *state;
    char name[64], found[64];
    assert_int_equal(hal_store_aside(&p->hal, found, sizeof found), ERR_NOTFOUND);
    for (int i = 0; i < 2; i++) {
        write_file(p, "packd.db", SLICE("damaged"), 0600);
        write_file(p, "packd.db-wal", SLICE("its log"), 0600);
        assert_int_equal(hal_store_set_aside(&p->hal, name, sizeof name), ERR_OK);
        assert_int_equal(hal_store_aside(&p->hal, found, sizeof found), ERR_OK);
        assert_string_equal(found, name);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(document__is_appended_and_has_a_path),
        CASE(document__unknown_or_with_a_directory_in_its_name_is_not_found),
        CASE(document__larger_than_the_room_leaves_the_room_as_it_was),
        CASE(document__larger_than_the_limit_is_refused),
        CASE(secret__comes_without_its_line_end),
        CASE(secret__readable_by_others_is_denied),
        CASE(secret__too_large_or_absent_is_named),
        CASE(secret__comes_from_the_supervisor_when_it_gives_a_place),
        CASE(store__lies_in_the_state_directory_and_knows_the_free_space),
        CASE(store__set_aside_keeps_the_log_beside_the_database),
        CASE(store__set_aside_never_overwrites_an_earlier_one),
        CASE(store__set_aside_last_is_found_again),
    };
    return cmocka_run_group_tests_name("files", tests, NULL, NULL);
}
