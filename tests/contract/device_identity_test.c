#include "tests/contract/parts_fixture.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hal/linux/hotplug.h"
#include "hal/linux/ieee1284.h"
#include "hal/linux/sysfs.h"

/* ------------------------------------------------------------------------------------- hot-plug --
 */

static void hotplug__reads_the_kernels_news(void **state)
{
    (void)state;
    struct hotplug_news n;
    struct slice add = SLICE("add@/devices/usb1/1-1/ttyACM0\0ACTION=add\0DEVPATH=/devices/usb1\0"
                             "SUBSYSTEM=tty\0DEVNAME=ttyACM0\0SEQNUM=42\0");
    assert_int_equal(hotplug_parse(add, &n), ERR_OK);
    assert_false(n.removed);
    assert_false(n.rescan);
    assert_string_equal(n.subsystem, "tty");
    assert_string_equal(n.node, "/dev/ttyACM0");
    struct slice gone =
        SLICE("remove@/x\0ACTION=remove\0SUBSYSTEM=usbmisc\0DEVNAME=/dev/usb/lp0\0");
    assert_int_equal(hotplug_parse(gone, &n), ERR_OK);
    assert_true(n.removed);
    assert_string_equal(n.node, "/dev/usb/lp0");
}

/* "libudev", magic, header length 40, properties at 40, their length. */
static struct slice udev_datagram(uint8_t *room, struct slice properties, uint32_t said_len)
{
    const uint32_t sizes[] = {40, 40, said_len};
    memset(room, 0, 40);
    static const uint8_t head[12] = {'l', 'i', 'b', 'u', 'd', 'e', 'v', 0, 0xfe, 0xed, 0xca, 0xfe};
    memcpy(room, head, sizeof head);
    memcpy(room + 12, sizes, sizeof sizes);
    memcpy(room + 40, properties.ptr, properties.len);
    return slice_of(room, 40 + properties.len);
}

static void hotplug__reads_udevs_news(void **state)
{
    (void)state;
    uint8_t room[256];
    struct hotplug_news n;
    struct slice p = SLICE("ACTION=bind\0SUBSYSTEM=hidraw\0DEVNAME=/dev/hidraw3\0");
    assert_int_equal(hotplug_parse(udev_datagram(room, p, (uint32_t)p.len), &n), ERR_OK);
    assert_false(n.removed);
    assert_string_equal(n.subsystem, "hidraw");
    assert_string_equal(n.node, "/dev/hidraw3");
}

static void hotplug__refuses_news_that_lie_about_their_size_or_say_nothing(void **state)
{
    (void)state;
    uint8_t room[256];
    struct hotplug_news n;
    struct slice p = SLICE("ACTION=add\0SUBSYSTEM=tty\0");
    struct slice whole = udev_datagram(room, p, (uint32_t)p.len);
    assert_int_equal(hotplug_parse(whole, &n), ERR_OK);
    assert_int_equal(hotplug_parse(udev_datagram(room, p, UINT32_MAX), &n), ERR_PROTO);
    assert_int_equal(hotplug_parse(udev_datagram(room, p, (uint32_t)p.len + 1), &n), ERR_PROTO);
    whole = udev_datagram(room, p, (uint32_t)p.len);
    for (size_t cut = 0; cut < 40; cut++)
        assert_int_equal(hotplug_parse(slice_sub(whole, 0, cut), &n), ERR_PROTO);
    room[8] = 0;
    assert_int_equal(hotplug_parse(whole, &n), ERR_PROTO);
    assert_int_equal(hotplug_parse(SLICE(""), &n), ERR_PROTO);
    assert_int_equal(hotplug_parse(SLICE("SUBSYSTEM=tty\0DEVNAME=ttyACM0\0"), &n), ERR_PROTO);
    char long_name[200];
    int len = snprintf(long_name, sizeof long_name, "ACTION=add%cDEVNAME=%0150d", 0, 7);
    assert_int_equal(hotplug_parse(slice_of(long_name, (size_t)len), &n), ERR_PROTO);
}

static void note_news(void *ctx, const struct hotplug_news *news)
{
    struct hotplug_news *out = ctx;
    if (strcmp(news->node, "/dev/null") == 0) *out = *news;
}

/* The kernel repeats the news about a device on request of root, before the request returns. Where
 * udev runs it is udev that is listened to, in its own time. */
static void hotplug__hears_the_kernel(void **state)
{
    (void)state;
    struct reactor *r;
    struct hotplug *h;
    struct hal_event ev[1];
    size_t n;
    struct hotplug_news heard = {0};
    if (access("/run/udev/control", F_OK) == 0) skip();
    assert_int_equal(reactor_open(&r), ERR_OK);
    if (hotplug_open(r, note_news, &heard, &h)) {
        reactor_close(r);
        skip();
    }
    int fd = open("/sys/class/mem/null/uevent", O_WRONLY | O_CLOEXEC);
    bool asked = fd >= 0 && write(fd, "change", 6) == 6;
    if (fd >= 0) (void)close(fd);
    if (asked) assert_int_equal(reactor_wait(r, reactor_clock(), ev, 1, &n), ERR_OK);
    hotplug_close(h);
    reactor_close(r);
    if (!asked) skip();
    assert_string_equal(heard.node, "/dev/null");
    assert_string_equal(heard.subsystem, "mem");
}

/* ------------------------------------------------------------------------------------- IEEE 1284
 * -- */

static const char zebra[] = "MFG:Zebra;CMD:ZPL;MDL:GK420t;CLS:PRINTER;SN:28J1;";

static void expect_zebra(struct slice id)
{
    struct ieee1284 said;
    ieee1284_parse(id, &said);
    assert_string_equal(said.maker, "Zebra");
    assert_string_equal(said.model, "GK420t");
    assert_string_equal(said.commands, "ZPL");
    assert_string_equal(said.serial, "28J1");
}

static void ieee1284__is_read_with_the_length_either_way_wrong_or_absent(void **state)
{
    (void)state;
    uint8_t id[128] = {0};
    size_t len = sizeof zebra - 1;
    memcpy(id + 2, zebra, len);
    expect_zebra(slice_text(zebra));
    id[1] = (uint8_t)(len + 2);
    expect_zebra(slice_of(id, len + 2));
    id[0] = (uint8_t)(len + 2);
    id[1] = 0;
    expect_zebra(slice_of(id, len + 2));
    id[0] = 0x03;
    id[1] = 0xff;
    expect_zebra(slice_of(id, len + 2));
}

static void ieee1284__keeps_complete_pairs_of_a_short_answer_only(void **state)
{
    (void)state;
    struct ieee1284 said;
    ieee1284_parse(SLICE("MANUFACTURER:TSC ;COMMAND SET:TSPL;MODEL:TE2"), &said);
    assert_string_equal(said.maker, "TSC");
    assert_string_equal(said.commands, "TSPL");
    assert_string_equal(said.model, "");
    ieee1284_parse(SLICE("MFG:a\x01"
                         "b;MDL:;nonsense;:;;SN:1;SN:2;"),
                   &said);
    assert_string_equal(said.maker, "");
    assert_string_equal(said.serial, "1");
    ieee1284_parse(SLICE_NONE, &said);
    assert_string_equal(said.model, "");
    char longer[200];
    (void)snprintf(longer, sizeof longer, "MDL:%0100d;", 1);
    ieee1284_parse(slice_text(longer), &said);
    assert_string_equal(said.model, "");
}

/* ----------------------------------------------------------------------------------------- sysfs
 * -- */

struct tree {
    char root[64];
    char class_dir[96];
};

static void make_dir(const struct tree *t, const char *path)
{
    char full[256];
    (void)snprintf(full, sizeof full, "%s/%s", t->root, path);
    assert_int_equal(mkdir(full, 0700), 0);
}

static void put(const struct tree *t, const char *path, const char *text)
{
    char full[256];
    (void)snprintf(full, sizeof full, "%s/%s", t->root, path);
    FILE *f = fopen(full, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

/* usb1/1-1.2 is a device with interface 1-1.2:1.0 and ttyACM0 below it; ttyS9 is no USB device. */
static int plant(void **state)
{
    static const char *const dirs[] = {"usb1",
                                       "usb1/1-1.2",
                                       "usb1/1-1.2/1-1.2:1.0",
                                       "usb1/1-1.2/1-1.2:1.0/ttyACM0",
                                       "board",
                                       "board/ttyS9",
                                       "class"};
    struct tree *t = calloc(1, sizeof *t);
    char link[128];
    assert_non_null(t);
    (void)snprintf(t->root, sizeof t->root, "/tmp/packd-sysfs-XXXXXX");
    assert_non_null(mkdtemp(t->root));
    (void)snprintf(t->class_dir, sizeof t->class_dir, "%s/class", t->root);
    for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++)
        make_dir(t, dirs[i]);
    put(t, "usb1/1-1.2/idVendor", "0c2e\n");
    put(t, "usb1/1-1.2/idProduct", "0b6a\n");
    put(t, "usb1/1-1.2/serial", "15022B\n");
    put(t, "usb1/1-1.2/product", "Voyager 1450g\n");
    (void)snprintf(link, sizeof link, "%s/ttyACM0", t->class_dir);
    assert_int_equal(symlink("../usb1/1-1.2/1-1.2:1.0/ttyACM0", link), 0);
    (void)snprintf(link, sizeof link, "%s/ttyS9", t->class_dir);
    assert_int_equal(symlink("../board/ttyS9", link), 0);
    *state = t;
    return 0;
}

static int uproot(void **state)
{
    static const char *const paths[] = {"class/ttyACM0",
                                        "class/ttyS9",
                                        "usb1/1-1.2/idVendor",
                                        "usb1/1-1.2/idProduct",
                                        "usb1/1-1.2/serial",
                                        "usb1/1-1.2/product",
                                        "usb1/1-1.2/1-1.2:1.0/ttyACM0",
                                        "usb1/1-1.2/1-1.2:1.0",
                                        "usb1/1-1.2",
                                        "usb1",
                                        "board/ttyS9",
                                        "board",
                                        "class",
                                        ""};
    struct tree *t = *state;
    char full[256];
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        (void)snprintf(full, sizeof full, "%s/%s", t->root, paths[i]);
        assert_int_equal(remove(full), 0);
    }
    free(t);
    return 0;
}

static void sysfs__finds_the_usb_device_above_a_node(void **state)
{
    const struct tree *t = *state;
    struct usb_identity usb;
    assert_int_equal(usb_identity_read(t->class_dir, "ttyACM0", &usb), ERR_OK);
    assert_true(usb.usb);
    assert_int_equal(usb.vendor, 0x0c2e);
    assert_int_equal(usb.product, 0x0b6a);
    assert_string_equal(usb.serial, "15022B");
    assert_string_equal(usb.bus_path, "1-1.2");
    assert_string_equal(usb.model, "Voyager 1450g");
    assert_int_equal(usb_identity_read(t->class_dir, "ttyS9", &usb), ERR_OK);
    assert_false(usb.usb);
    assert_int_equal(usb_identity_read(t->class_dir, "ttyACM1", &usb), ERR_NOTFOUND);
}

static void sysfs__drops_what_a_device_says_in_control_bytes(void **state)
{
    const struct tree *t = *state;
    struct usb_identity usb;
    put(t, "usb1/1-1.2/serial", "15\x1b[2J\n");
    put(t, "usb1/1-1.2/idProduct", "zz\n");
    assert_int_equal(usb_identity_read(t->class_dir, "ttyACM0", &usb), ERR_OK);
    assert_false(usb.usb);
    put(t, "usb1/1-1.2/idProduct", "0b6a\n");
    assert_int_equal(usb_identity_read(t->class_dir, "ttyACM0", &usb), ERR_OK);
    assert_string_equal(usb.serial, "");
}

static void role__fits_by_ids_serial_and_physical_port(void **state)
{
    (void)state;
    const struct usb_identity usb = {
        .usb = true, .vendor = 0x0c2e, .product = 0x0b6a, .serial = "15022B", .bus_path = "1-1.2"};
    const struct hal_port_spec fits[] = {
        {.role = "any"},
        {.usb_vendor = 0x0c2e},
        {.usb_vendor = 0x0c2e, .usb_product = 0x0b6a, .usb_serial = "15022B"},
        {.usb_port_path = "1.2"},
        {.usb_port_path = "1-1.2"},
        {.usb_port_path = "usb-1.2"},
        {.usb_port_path = "platform-fd500000.pcie-pci-0000:01:00.0-usb-0:1.2:1.0"},
    };
    const struct hal_port_spec others[] = {
        {.usb_vendor = 0x05e0},
        {.usb_vendor = 0x0c2e, .usb_product = 0x0b01},
        {.usb_serial = "15022"},
        {.usb_port_path = "1.3"},
        {.usb_port_path = "2-1.2"},
        {.usb_port_path = "1.2.1"},
        {.usb_port_path = "pci-0000:00:14.0-usb-0:2:1.0"},
    };
    for (size_t i = 0; i < sizeof fits / sizeof *fits; i++)
        assert_true(usb_identity_fits(&usb, &fits[i]));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(usb_identity_fits(&usb, &others[i]));
    assert_false(usb_identity_fits(&(struct usb_identity){0}, &fits[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hotplug__reads_the_kernels_news),
        cmocka_unit_test(hotplug__reads_udevs_news),
        cmocka_unit_test(hotplug__refuses_news_that_lie_about_their_size_or_say_nothing),
        cmocka_unit_test(hotplug__hears_the_kernel),
        cmocka_unit_test(ieee1284__is_read_with_the_length_either_way_wrong_or_absent),
        cmocka_unit_test(ieee1284__keeps_complete_pairs_of_a_short_answer_only),
        cmocka_unit_test_setup_teardown(sysfs__finds_the_usb_device_above_a_node, plant, uproot),
        cmocka_unit_test_setup_teardown(sysfs__drops_what_a_device_says_in_control_bytes, plant,
                                        uproot),
        cmocka_unit_test(role__fits_by_ids_serial_and_physical_port),
    };
    return cmocka_run_group_tests_name("device_identity", tests, NULL, NULL);
}
