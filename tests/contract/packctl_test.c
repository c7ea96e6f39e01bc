/* packctl, as a program, against the console on real HTTP. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/page_world.h"

static struct page_world *world;
static char program[256];
static char said[20000]; /* standard output and error of the last run */

/* The program lies two folders above the test's own. */
static void find_program(void)
{
    ssize_t len = readlink("/proc/self/exe", program, sizeof program - 32);
    assert_true(len > 0);
    program[len] = 0;
    for (int up = 0; up < 3; up++)
        *strrchr(program, '/') = 0;
    (void)snprintf(program + strlen(program), 16, "/packctl");
}

static int group_up(void **state)
{
    (void)state;
    alarm(60);
    find_program();
    world = page_world_open();
    return 0;
}

static int group_down(void **state)
{
    (void)state;
    page_world_close(world);
    return 0;
}

/* Runs packctl with these words; returns its exit code. `words` is shell text. */
static int ctl(const char *words)
{
    char line[1024];
    (void)snprintf(line, sizeof line, "'%s' --url http://127.0.0.1:%u --who Ada %s 2>&1", program,
                   page_world_port(world), words);
    FILE *f = popen(line, "r");
    assert_non_null(f);
    size_t len = fread(said, 1, sizeof said - 1, f);
    said[len] = 0;
    int status = pclose(f);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void says(const char *text)
{
    if (!strstr(said, text)) fail_msg("'%s' is not in: %s", text, said);
}

static void raise_trouble(void *ctx, struct store *st, struct outbox *ob, wall_t now)
{
    const struct exception_spec spec = {.rule = "device.printer",
                                        .origin = "device",
                                        .owner = "packer",
                                        .object = "printer \x1b[31m",
                                        .text = "The label printer is out of paper.",
                                        .next_step = "Put in a new roll."};
    (void)ob;
    assert_int_equal(exception_raise(st, now, &spec, ctx), ERR_OK);
}

static void save_order(void *ctx, struct store *st, struct outbox *ob, wall_t now)
{
    (void)now;
    (void)page_world_save(st, ob, ctx);
}

static void packctl__tells_what_waits_and_where(void **state)
{
    (void)state;
    page_world_do(world, save_order, (void *)(uintptr_t) "WEB-1");
    assert_int_equal(ctl("status"), 0);
    says("station PB7 (Bench 7)");
    says("23 orders ready");
    assert_int_equal(ctl("outbox shop"), 0);
    says("WEB-1");
    assert_int_equal(ctl("outbox nobody"), 1);
    says("no such destination");
    assert_int_equal(ctl("order T-WEB-1"), 0);
    says("WEB-1, shop order s-WEB-1");
    says("claimed");
    assert_int_equal(ctl("order NEVER"), 1);
    says("value: NEVER");
    assert_int_equal(ctl("--json status"), 0);
    assert_int_equal(said[0], '{');
}

static void packctl__lists_and_settles_exceptions(void **state)
{
    (void)state;
    char words[64];
    int64_t id = 0;
    assert_int_equal(ctl("exceptions"), 0);
    says("Nothing is wrong since");
    page_world_do(world, raise_trouble, &id);
    assert_int_equal(ctl("exceptions"), 1);
    says("out of paper");
    says("choices: resolve");
    assert_null(strchr(said, 0x1b)); /* no terminal command reaches the terminal */
    assert_int_equal(ctl("status"), 1);
    (void)snprintf(words, sizeof words, "retry %lld", (long long)id);
    assert_int_equal(ctl(words), 1);
    (void)snprintf(words, sizeof words, "resolve %lld 'new roll'", (long long)id);
    assert_int_equal(ctl(words), 0);
    assert_int_equal(ctl(words), 1);
    assert_int_equal(ctl("exceptions"), 0);
}

static void packctl__changes_tables_and_carries_them_as_one_file(void **state)
{
    (void)state;
    char name[] = "/tmp/packctl-maps-XXXXXX", words[200];
    close(mkstemp(name));
    assert_int_equal(ctl("maps set sku - 'tee/blk \xc3\xa9' TEE-1"), 0);
    assert_int_equal(ctl("maps set unit - case 12 tested --scope MUG"), 0);
    assert_int_equal(ctl("maps set unit - case none"), 1);
    says("a factor is a whole number");
    assert_int_equal(ctl("maps set sku nowhere A B"), 1);
    says("there is no such channel");
    assert_int_equal(ctl("maps list"), 0);
    says("TEE-1");
    says("Ada");
    says("version 2");
    (void)snprintf(words, sizeof words, "maps export > %s", name);
    assert_int_equal(ctl(words), 0);
    assert_int_equal(ctl("maps drop sku - 'tee/blk \xc3\xa9'"), 0);
    (void)snprintf(words, sizeof words, "maps import %s", name);
    assert_int_equal(ctl(words), 0);
    says("1 added, 0 replaced, 1 the same");
    assert_int_equal(ctl("maps set sku - 'tee/blk \xc3\xa9' TEE-2"), 0);
    assert_int_equal(ctl(words), 1);
    says("kept: sku");
    (void)snprintf(words, sizeof words, "maps import %s --replace", name);
    assert_int_equal(ctl(words), 0);
    says("0 added, 1 replaced, 1 the same");
    (void)snprintf(words, sizeof words, "sed -i s/TEE-1/TEE-3/ %s", name);
    assert_int_equal(system(words), 0);
    (void)snprintf(words, sizeof words, "maps import %s", name);
    assert_int_equal(ctl(words), 1);
    says("changed since");
    assert_int_equal(ctl("maps words"), 0);
    assert_int_equal(ctl("rules check --worklist"), 0);
    says("would be held");
    unlink(name);
}

static void packctl__passes_scans_and_recalls_on(void **state)
{
    (void)state;
    assert_int_equal(ctl("scan 'TOTE \"1\"'"), 0);
    assert_string_equal(page_world_heard(world, 0), "scan TOTE \"1\"");
    assert_int_equal(ctl("recall PB7-x-1 'wrong box'"), 0);
    assert_string_equal(page_world_heard(world, 1), "recall PB7-x-1 Ada wrong box");
}

static void packctl__says_usage_and_unreachable_apart(void **state)
{
    (void)state;
    assert_int_equal(ctl(""), 2);
    assert_int_equal(ctl("resolve 1"), 2);
    assert_int_equal(ctl("resolve one note"), 2);
    assert_int_equal(ctl("--no-such-option status"), 2);
    assert_int_equal(ctl("--url http://127.0.0.1:1 status"), 3);
    says("cannot be reached");
    assert_int_equal(ctl("--url file:///etc/passwd status"), 3);
}

static void packctl__checks_the_day_with_a_status_for_a_job(void **state)
{
    (void)state;
    struct console_station well = {
        .station = "PB7", .clarus_reachable = true, .clock_trusted = true};
    struct console_station wrong = well;
    int64_t id = 0;
    wrong.clock_trusted = false;
    wrong.intake_warning = true;
    page_world_close(world);
    world = page_world_open();
    page_world_station(world, &well);
    assert_int_equal(ctl("daily-check"), 0);
    says("all well");
    page_world_do(world, save_order, (void *)(uintptr_t) "WEB-5");
    assert_int_equal(ctl("daily-check"), 0);
    assert_int_equal(ctl("daily-check --older 0"), 1);
    says("late\torder WEB-5, ");
    says("\t0 min\te-commerce\tnot told to shop yet.");
    says("next: packctl order WEB-5");
    page_world_do(world, raise_trouble, &id);
    assert_int_equal(ctl("daily-check"), 1);
    says("exceptions\tprinter ");
    says("\tpacker\tdevice.printer: The label printer is out of paper.\tnext: Put in a new roll.");
    assert_null(strchr(said, 0x1b));
    page_world_station(world, &wrong);
    assert_int_equal(ctl("daily-check"), 1);
    says("the clock is not trusted");
    says("the disk or the queue fills up");
    says("3 to look at");
    assert_int_equal(ctl("--json daily-check"), 1);
    assert_int_equal(ctl("daily-check --older soon"), 2);
    assert_int_equal(ctl("--url http://127.0.0.1:1 daily-check"), 2);
    says("could not be finished");
    page_world_station(world, &well);
}

static void packctl__exports_dispatches_as_csv(void **state)
{
    (void)state;
    page_world_do(world, save_order, (void *)(uintptr_t) "=HYPERLINK(\"x\"),1");
    assert_int_equal(ctl("export --from 2020-01-01 --to 2100-12-31"), 0);
    says("order,shop_order,dispatch_key,date,clock_trusted,state,sku,quantity,");
    says("\r\n\"'=HYPERLINK(\"\"x\"\"),1\",\"s-=HYPERLINK(\"\"x\"\"),1\",\"PB7-");
    says(",\"saved\",\"MUG-300\",2,\"\",\"\",1,\"T-=HYPERLINK");
    says("\"shop\",\"held\",,\"\"\r\n");
    assert_int_equal(ctl("export --from 2020-01-01 --to 2020-01-31"), 0);
    assert_null(strstr(said, "HYPERLINK"));
    assert_int_equal(ctl("export --from 2026-02-30 --to 2026-03-01"), 2);
    assert_int_equal(ctl("export --from 2026-03-02 --to 2026-03-01"), 2);
    assert_int_equal(ctl("export --from 2026-03-01"), 2);
    assert_int_equal(ctl("--url http://127.0.0.1:1 export --from 2026-03-01 --to 2026-03-01"), 3);
    assert_null(strstr(said, "order,shop_order"));
}

/* ------------------------------------------------------------------------------ without a station
 */

static const char site[] =
    "{\"name\":\"L\",\"clarus\":{\"base_url\":\"https://c.test\",\"tenant\":\"t\","
    "\"client_id_secret\":\"a\",\"client_secret_secret\":\"b\"},\"channels\":[{\"name\":\"shop\","
    "\"definition\":\"bigcommerce\",\"base_url\":\"https://s.test/x\",\"secret\":\"s\"}],"
    "\"sku_rules\":[{\"clarus_form\":{\"zeros\":\"strip\"}}],\"ship_methods\":[{\"channel\":"
    "\"shop\",\"title\":\"Next day\",\"carrier_code\":\"DPD\"}],\"carriers\":[{\"carrier_code\":"
    "\"RM\",\"tracking\":[\"s10\"]}]}";

/* Runs a check of `list` against the site above, at a port where nobody listens. */
static int check(const char *kind, const char *list)
{
    char name[] = "/tmp/packctl-site-XXXXXX", line[1024];
    int fd = mkstemp(name);
    assert_int_equal(write(fd, site, sizeof site - 1), sizeof site - 1);
    close(fd);
    (void)snprintf(line, sizeof line,
                   "printf '%s' | '%s' --url http://127.0.0.1:9 --site %s rules check %s 2>&1",
                   list, program, name, kind);
    FILE *f = popen(line, "r");
    assert_non_null(f);
    size_t len = fread(said, 1, sizeof said - 1, f);
    said[len] = 0;
    int status = pclose(f);
    unlink(name);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void packctl__checks_a_list_against_the_rules_without_a_station(void **state)
{
    (void)state;
    assert_int_equal(check("sku", "00451\\n7A\\n"), 0);
    says("00451\t451\tsku_rules[0]; does not lead back\n");
    says("7A\t7A\tsku_rules[0]\n");
    assert_int_equal(check("sku", "00451\\n451\\n"), 1);
    says("HELD: sku.collision: \"00451\" and \"451\" both become \"451\"");
    assert_int_equal(check("method", "Next day\\nNext  day\\n"), 1);
    says("Next day\tDPD\tany service\n");
    says("Next  day\tHELD: ship_method.unmapped\n");
    assert_int_equal(check("tracking", "RM\\tRB123456786GB\\n"), 1);
    says("HELD: its check digit is wrong");
    assert_int_equal(check("nonsense", ""), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packctl__changes_tables_and_carries_them_as_one_file),
        cmocka_unit_test(packctl__checks_a_list_against_the_rules_without_a_station),
        cmocka_unit_test(packctl__tells_what_waits_and_where),
        cmocka_unit_test(packctl__lists_and_settles_exceptions),
        cmocka_unit_test(packctl__passes_scans_and_recalls_on),
        cmocka_unit_test(packctl__checks_the_day_with_a_status_for_a_job),
        cmocka_unit_test(packctl__exports_dispatches_as_csv),
        cmocka_unit_test(packctl__says_usage_and_unreachable_apart),
    };
    return cmocka_run_group_tests(tests, group_up, group_down);
}
