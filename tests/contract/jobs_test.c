#include "tests/contract/parts_fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/socket.h>
#include <unistd.h>

#define SHELL "/bin/sh"
#define SCRIPT(text)                                                                               \
    (const char *const[])                                                                          \
    {                                                                                              \
        "-c", text, NULL                                                                           \
    }

struct ended {
    struct hal_job_result result; /* slices point into the two below */
    uint8_t output[1 << 20];
    uint8_t errors[4096];
};

static struct hal_job_spec plain(const char *const *args, struct slice input)
{
    return (struct hal_job_spec){.tool = HAL_TOOL_BARCODE_READ,
                                 .args = args,
                                 .input = input,
                                 .output_max = 1 << 20,
                                 .time_limit_ms = 20000,
                                 .memory_max_mb = 512};
}

static void run_spec(struct fixture *f, const struct hal_job_spec *spec, struct ended *out)
{
    hal_job_t id;
    assert_int_equal(hal_job_start(&f->hal, spec, &id), ERR_OK);
    struct hal_event *ev = fixture_expect(f, HAL_EV_JOB_DONE);
    assert_int_equal(ev->job.id.n, id.n);
    out->result = ev->job;
    assert_true(ev->job.output.len <= sizeof out->output);
    assert_true(ev->job.errors.len <= sizeof out->errors);
    if (ev->job.output.len) memcpy(out->output, ev->job.output.ptr, ev->job.output.len);
    if (ev->job.errors.len) memcpy(out->errors, ev->job.errors.ptr, ev->job.errors.len);
    out->result.output.ptr = out->output;
    out->result.errors.ptr = out->errors;
}

/* Runs `tool` once by itself. */
static struct ended *run(const char *tool, const char *const *args, struct slice input)
{
    static struct ended ended;
    struct fixture f;
    fixture_open_jobs(&f, tool);
    struct hal_job_spec spec = plain(args, input);
    run_spec(&f, &spec, &ended);
    fixture_close(&f);
    return &ended;
}

static void expect_code(const struct ended *e, int code)
{
    assert_true(e->result.ended);
    assert_false(e->result.over_limit);
    assert_int_equal(e->result.code, code);
}

static void expect_failed(const struct ended *e)
{
    assert_false(e->result.ended && e->result.code == 0);
}

static void job__is_fed_and_read_to_the_last_byte(void **state)
{
    (void)state;
    static uint8_t input[700000];
    for (size_t i = 0; i < sizeof input; i++)
        input[i] = (uint8_t)(i * 7 + i / 251);
    const struct ended *e = run("/bin/cat", NULL, slice_of(input, sizeof input));
    expect_code(e, 0);
    assert_true(slice_eq(e->result.output, slice_of(input, sizeof input)));
    assert_int_equal(e->result.errors.len, 0);
}

static void job__reports_code_and_errors(void **state)
{
    (void)state;
    const struct ended *e = run(SHELL, SCRIPT("echo out; echo words >&2; exit 3"), SLICE_NONE);
    expect_code(e, 3);
    assert_true(slice_is(e->result.output, "out\n"));
    assert_true(slice_is(e->result.errors, "words\n"));
}

static void job__keeps_only_the_first_errors(void **state)
{
    (void)state;
    static char text[100000];
    memset(text, 'e', sizeof text);
    const struct ended *e =
        run(SHELL, SCRIPT("while read -r line; do echo $line >&2; done; echo $line >&2"),
            slice_of(text, sizeof text));
    expect_code(e, 0);
    assert_int_equal(e->result.errors.len, 4096);
}

static void job__is_killed_at_its_time_limit(void **state)
{
    (void)state;
    static struct ended e;
    struct fixture f;
    fixture_open_jobs(&f, SHELL);
    struct hal_job_spec spec = plain(SCRIPT("while :; do :; done"), SLICE_NONE);
    spec.time_limit_ms = 20;
    run_spec(&f, &spec, &e);
    assert_true(e.result.over_limit);
    assert_false(e.result.ended);
    fixture_close(&f);
}

static void job__is_killed_when_it_writes_too_much(void **state)
{
    (void)state;
    static struct ended e;
    struct fixture f;
    fixture_open_jobs(&f, "/usr/bin/yes");
    struct hal_job_spec spec = plain(NULL, SLICE_NONE);
    spec.output_max = 5000;
    run_spec(&f, &spec, &e);
    assert_true(e.result.over_limit);
    assert_false(e.result.ended);
    assert_true(e.result.output.len <= 5000);
    fixture_close(&f);
}

static void job__cannot_take_more_memory_than_given(void **state)
{
    (void)state;
    static struct ended e;
    struct fixture f;
    fixture_open_jobs(&f, SHELL);
    struct hal_job_spec spec =
        plain(SCRIPT("x=abcdefgh; n=0; while [ $n -lt 24 ]; do x=$x$x; n=$((n+1)); done; echo big"),
              SLICE_NONE);
    spec.memory_max_mb = 64;
    run_spec(&f, &spec, &e);
    expect_failed(&e);
    assert_int_equal(e.result.output.len, 0);
    spec.memory_max_mb = 1024;
    run_spec(&f, &spec, &e);
    expect_code(&e, 0);
    fixture_close(&f);
}

static void job__has_an_empty_environment_and_stands_in_the_root(void **state)
{
    (void)state;
    assert_int_equal(setenv("PACKD_SECRET", "hidden", 1), 0);
    const struct ended *e = run("/usr/bin/env", NULL, SLICE_NONE);
    expect_code(e, 0);
    assert_int_equal(e->result.output.len, 0);
    e = run(SHELL, SCRIPT("pwd"), SLICE_NONE);
    assert_true(slice_is(e->result.output, "/\n"));
}

static void job__inherits_no_descriptor(void **state)
{
    (void)state;
    int leak = dup2(STDERR_FILENO, 9);
    assert_int_equal(leak, 9);
    const struct ended *e =
        run(SHELL, SCRIPT("for i in 3 4 5 6 7 8 9; do true >&$i && echo open $i; done; true"),
            SLICE_NONE);
    expect_code(e, 0);
    assert_int_equal(e->result.output.len, 0);
    (void)close(leak);
}

static void job__can_start_no_other_process(void **state)
{
    (void)state;
    const struct ended *e = run(SHELL, SCRIPT("/bin/cat </dev/null & echo started"), SLICE_NONE);
    expect_failed(e);
    assert_int_equal(e->result.output.len, 0);
}

/* The store and a careless copy of a secret, both readable by everyone as far as modes go. */
static void job__reads_neither_store_nor_secrets_and_writes_nothing(void **state)
{
    (void)state;
    char dir[] = "/tmp/packd-jobs-XXXXXX";
    char path[64];
    struct fixture f;
    assert_non_null(mkdtemp(dir));
    assert_int_equal(chmod(dir, 0777), 0);
    (void)snprintf(path, sizeof path, "%s/packd.db", dir);
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    assert_int_equal(write(fd, "secret", 6), 6);
    assert_int_equal(fchmod(fd, 0644), 0);
    (void)close(fd);
    fixture_open_jobs(&f, NULL);
    bool walled = !strstr(jobs_capabilities(f.hal.jobs), "landlock=0");
    fixture_close(&f);
    const struct ended *e = run("/bin/cat", (const char *const[]){path, NULL}, SLICE_NONE);
    if (walled) {
        expect_failed(e);
        assert_int_equal(e->result.output.len, 0);
    }
    char script[128];
    (void)snprintf(script, sizeof script, "echo more >> %s", path);
    e = run(SHELL, SCRIPT(script), SLICE_NONE);
    expect_failed(e);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(dir), 0);
    if (!walled) skip();
}

static void job__has_no_network(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open_jobs(&f, NULL);
    bool apart = !strstr(jobs_capabilities(f.hal.jobs), "network_apart=0");
    fixture_close(&f);
    if (!apart) skip();
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    char script[96];
    (void)snprintf(script, sizeof script, "echo hello > /dev/tcp/127.0.0.1/%u",
                   (unsigned)ntohs(a.sin_port));
    const struct ended *e = run("/bin/bash", SCRIPT(script), SLICE_NONE);
    expect_failed(e);
    assert_int_equal(accept(fd, NULL, NULL), -1);
    assert_int_equal(errno, EAGAIN);
    (void)close(fd);
}

static void jobs__are_few_and_a_cancelled_one_is_silent(void **state)
{
    (void)state;
    struct fixture f;
    hal_job_t id[HAL_JOBS_MAX + 1];
    fixture_open_jobs(&f, SHELL);
    struct hal_job_spec spec = plain(SCRIPT("while :; do :; done"), SLICE_NONE);
    for (size_t i = 0; i < HAL_JOBS_MAX; i++)
        assert_int_equal(hal_job_start(&f.hal, &spec, &id[i]), ERR_OK);
    assert_int_equal(hal_job_start(&f.hal, &spec, &id[HAL_JOBS_MAX]), ERR_NOSPACE);
    for (size_t i = 0; i < HAL_JOBS_MAX; i++)
        hal_job_cancel(&f.hal, id[i]);
    fixture_expect_quiet(&f);
    spec.args = SCRIPT("echo next");
    assert_int_equal(hal_job_start(&f.hal, &spec, &id[0]), ERR_OK);
    assert_true(slice_is(fixture_expect(&f, HAL_EV_JOB_DONE)->job.output, "next\n"));
    fixture_close(&f);
}

static void job__of_a_program_not_installed_is_refused(void **state)
{
    (void)state;
    struct fixture f;
    hal_job_t id;
    fixture_open_jobs(&f, "/nowhere/packd-barcodes");
    struct hal_job_spec spec = plain(NULL, SLICE_NONE);
    assert_int_equal(hal_job_start(&f.hal, &spec, &id), ERR_NOTFOUND);
    fixture_close(&f);
}

/* ---------------------------------------------------------------------------- the real programs --
 */

/* One 100 x 50 point page; with `text`, a word in a font that is not embedded. */
static struct slice tiny_pdf(bool text)
{
    static char pdf[2048];
    size_t at[6];
    struct buf b = buf_over(pdf, sizeof pdf);
    const char *content = text ? "BT /F 20 Tf 10 20 Td (LABEL) Tj ET\n" : "0 0 50 25 re f\n";
    buf_text(&b, "%PDF-1.4\n");
    at[1] = b.len;
    buf_text(&b, "1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n");
    at[2] = b.len;
    buf_text(&b, "2 0 obj\n<</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj\n");
    at[3] = b.len;
    buf_text(&b, "3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 50]/Contents 4 0 R"
                 "/Resources<</Font<</F 5 0 R>>>>>>\nendobj\n");
    at[4] = b.len;
    buf_printf(&b, "4 0 obj\n<</Length %zu>>\nstream\n%sendstream\nendobj\n", strlen(content),
               content);
    at[5] = b.len;
    buf_text(&b, "5 0 obj\n<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>\nendobj\n");
    size_t xref = b.len;
    buf_text(&b, "xref\n0 6\n0000000000 65535 f \n");
    for (size_t i = 1; i < 6; i++)
        buf_printf(&b, "%010zu 00000 n \n", at[i]);
    buf_printf(&b, "trailer\n<</Size 6/Root 1 0 R>>\nstartxref\n%zu\n%%%%EOF\n", xref);
    assert_false(b.overflow);
    return buf_slice(&b);
}

static const struct ended *rasterise(struct slice pdf)
{
    static struct ended e;
    struct fixture f;
    fixture_open_jobs(&f, NULL);
    struct hal_job_spec spec =
        plain((const char *const[]){"-r", "72", "-gray", "-aa", "no", "-", NULL}, pdf);
    spec.tool = HAL_TOOL_PDF_RASTER;
    run_spec(&f, &spec, &e);
    fixture_close(&f);
    return &e;
}

static size_t dark_pixels(struct slice pgm)
{
    struct slice head = SLICE("P5\n100 50\n255\n");
    assert_int_equal(pgm.len, head.len + 5000);
    assert_true(slice_eq(slice_sub(pgm, 0, head.len), head));
    size_t n = 0;
    for (size_t i = head.len; i < pgm.len; i++)
        n += pgm.ptr[i] < 128;
    return n;
}

static void pdf__becomes_a_picture_without_a_word_on_errors(void **state)
{
    (void)state;
    const struct ended *e = rasterise(tiny_pdf(false));
    expect_code(e, 0);
    assert_true(slice_is(e->result.errors, ""));
    assert_int_equal(dark_pixels(e->result.output), 50 * 25);
    e = rasterise(tiny_pdf(true));
    expect_code(e, 0);
    assert_true(slice_is(e->result.errors, ""));
    assert_true(dark_pixels(e->result.output) > 100);
}

static void pdf__that_is_none_fails_with_words(void **state)
{
    (void)state;
    const struct ended *e = rasterise(SLICE("<html>503</html>"));
    expect_failed(e);
    assert_true(e->result.errors.len > 0);
}

/* "*PACK1*" in Code 39: nine bars and spaces a character, n narrow, w wide. */
static struct slice barcode_picture(void)
{
    static const char *const chars[] = {"nwnnwnwnn", "nnwnwnnwn", "wnnnnwnnw", "wnwnnwnnn",
                                        "wnnnnnnww", "wnnwnnnnw", "nwnnwnwnn"};
    static uint8_t pgm[400 * 60 + 64];
    struct buf b = buf_over(pgm, sizeof pgm);
    buf_text(&b, "P5\n# drawn by the test\n400 60\n255\n");
    for (size_t row = 0; row < 60; row++) {
        size_t x = 20;
        uint8_t line[400];
        memset(line, 255, sizeof line);
        for (size_t c = 0; c < sizeof chars / sizeof *chars; c++, x += 2)
            for (size_t i = 0; i < 9; i++) {
                size_t width = chars[c][i] == 'w' ? 6 : 2;
                if (i % 2 == 0) memset(line + x, 0, width);
                x += width;
            }
        buf_put(&b, slice_of(line, sizeof line));
    }
    assert_false(b.overflow);
    return buf_slice(&b);
}

/* packd-barcodes lies two directories above the tests. */
static const struct ended *read_barcodes(struct slice picture)
{
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 32);
    assert_true(n > 0);
    path[n] = 0;
    for (int up = 0; up < 3; up++)
        *strrchr(path, '/') = 0;
    size_t end = strlen(path);
    (void)snprintf(path + end, sizeof path - end, "/packd-barcodes");
    return run(path, NULL, picture);
}

static void barcodes__are_read_from_a_picture(void **state)
{
    (void)state;
    const struct ended *e = read_barcodes(barcode_picture());
    expect_code(e, 0);
    assert_true(slice_is(e->result.output, "CODE-39\t5041434b31\n"));
    assert_true(slice_is(e->result.errors, ""));
}

static void barcodes__none_is_no_failure_and_a_bad_picture_is(void **state)
{
    (void)state;
    static uint8_t blank[15 + 100 * 100];
    memset(blank, 255, sizeof blank);
    struct buf head = buf_over(blank, sizeof blank);
    buf_text(&head, "P5\n100 100 255\n");
    const struct ended *e = read_barcodes(slice_of(blank, sizeof blank));
    expect_code(e, 0);
    assert_int_equal(e->result.output.len, 0);
    static const char *const bad[] = {"",
                                      "P6\n1 1\n255\n\xff",
                                      "P5\n0 1\n255\n",
                                      "P5\n9000 1\n255\n",
                                      "P5\n8192 8192\n255\n",
                                      "P5\n2 2\n255\n\xff",
                                      "P5\n1 1\n65535\n\xff\xff",
                                      "P5\n1 1\n255\n\xff\xff",
                                      "P5\n99999999999999999999 1\n255\n\xff"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        e = read_barcodes(slice_text(bad[i]));
        expect_code(e, 1);
        assert_true(e->result.errors.len > 0);
    }
}

/* Last of all: this process sees no fonts from here on. */
static void pdf__whose_font_is_missing_leaves_words_on_errors(void **state)
{
    (void)state;
    static const char *const fonts[] = {"/usr/share/fonts", "/usr/local/share/fonts",
                                        "/usr/share/ghostscript", "/var/cache/fontconfig"};
    if (geteuid() != 0 || unshare(CLONE_NEWNS) != 0) skip();
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) skip();
    for (size_t i = 0; i < sizeof fonts / sizeof *fonts; i++)
        if (access(fonts[i], F_OK) == 0 && mount("none", fonts[i], "tmpfs", 0, NULL) != 0) skip();
    const struct ended *e = rasterise(tiny_pdf(true));
    expect_code(e, 0);
    assert_int_equal(dark_pixels(e->result.output), 0);
    assert_true(e->result.errors.len > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(job__is_fed_and_read_to_the_last_byte),
        cmocka_unit_test(job__reports_code_and_errors),
        cmocka_unit_test(job__keeps_only_the_first_errors),
        cmocka_unit_test(job__is_killed_at_its_time_limit),
        cmocka_unit_test(job__is_killed_when_it_writes_too_much),
        cmocka_unit_test(job__cannot_take_more_memory_than_given),
        cmocka_unit_test(job__has_an_empty_environment_and_stands_in_the_root),
        cmocka_unit_test(job__inherits_no_descriptor),
        cmocka_unit_test(job__can_start_no_other_process),
        cmocka_unit_test(job__reads_neither_store_nor_secrets_and_writes_nothing),
        cmocka_unit_test(job__has_no_network),
        cmocka_unit_test(jobs__are_few_and_a_cancelled_one_is_silent),
        cmocka_unit_test(job__of_a_program_not_installed_is_refused),
        cmocka_unit_test(pdf__becomes_a_picture_without_a_word_on_errors),
        cmocka_unit_test(pdf__that_is_none_fails_with_words),
        cmocka_unit_test(barcodes__are_read_from_a_picture),
        cmocka_unit_test(barcodes__none_is_no_failure_and_a_bad_picture_is),
        cmocka_unit_test(pdf__whose_font_is_missing_leaves_words_on_errors),
    };
    return cmocka_run_group_tests_name("jobs", tests, NULL, NULL);
}
