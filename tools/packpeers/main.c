/* packpeers - serves the stand-ins for Clarus and the storefront on loopback until SIGTERM. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "firmware/base/text.h"
#include "tools/packpeers/server.h"

static volatile sig_atomic_t stop_asked;

static void on_signal(int number)
{
    (void)number;
    stop_asked = 1;
}

static const char help[] =
    "packpeers - stand-ins for Clarus and a BigCommerce shop on 127.0.0.1\n"
    "\n"
    "  --port-clarus N     port of the Clarus stand-in (default: any free one)\n"
    "  --port-shop N       port of the shop\n"
    "  --port-control N    port to break things and read the ledger\n"
    "  --seed N            chance (default 1)\n"
    "  --demo              start with the demonstration shop, orders WEB-10427 to WEB-10439\n"
    "  --documented-only   Clarus knows no inferred field\n"
    "  --lag MS            GraphQL reads see the state of MS ago\n"
    "  --document-delay MS time from submit to an available label\n"
    "  --token-life S      life of an access token\n"
    "  --help              this text\n"
    "\n"
    "Prints one JSON line with its addresses and the demonstration credentials when ready.\n"
    "\n"
    "Control port, JSON in and out:\n"
    "  GET  /ledger            labels, dispatches, shop shipments, orders, requests, violations\n"
    "  GET  /violations        what must never happen and did\n"
    "  GET  /orders/<ref>      one order on both sides\n"
    "  POST /orders            "
    "{\"reference\",\"tote\",\"method\",\"packing_notes\",\"delivery_notes\",\n"
    "                          "
    "\"gift_message\",\"addresses\":[..],\"lines\":[{\"sku\",\"quantity\",..}]}\n"
    "  POST /products          "
    "{\"sku\",\"name\",\"barcode\",\"case_barcode\",\"units_per_case\",..}\n"
    "  POST /changes           {\"kind\",\"reference\",\"sku\",\"text\",\"number\"}\n"
    "       kinds: clarus_cancel clarus_vanish clarus_release clarus_status clarus_quantity\n"
    "              clarus_note clarus_delivery_note clarus_address clarus_claim clarus_unclaim\n"
    "              clarus_pick_rest shop_cancel shop_vanish shop_archive shop_status shop_hold\n"
    "              shop_quantity shop_address shop_shipped_elsewhere\n"
    "  POST /faults            "
    "{\"peer\":\"clarus\"|\"shop\",\"kind\",\"method\",\"match\",\"skip\",\"times\",\n"
    "                          \"status\",\"wait_ms\",\"words\"}; times -1: until cleared\n"
    "       kinds: lose_reply drop reset delay rate_limit error_before error_after expire_token\n"
    "              refuse html truncate garbage document_late\n"
    "  GET  /faults/<id>       {\"hits\":n}          DELETE /faults clears them\n"
    "  POST /label             {\"kind\"}: pdf_100x150 pdf_4x6 png zpl not_pdf html truncated\n"
    "                          extra_page a4 wrong_code; for labels bought from now on\n"
    "  POST /demo              adds the demonstration shop\n";

enum option_code {
    OPTION_CLARUS = 256,
    OPTION_SHOP,
    OPTION_CONTROL,
    OPTION_SEED,
    OPTION_DEMO,
    OPTION_DOCUMENTED,
    OPTION_LAG,
    OPTION_DELAY,
    OPTION_LIFE,
    OPTION_HELP,
};

static const struct option options[] = {
    {"port-clarus", required_argument, NULL, OPTION_CLARUS},
    {"port-shop", required_argument, NULL, OPTION_SHOP},
    {"port-control", required_argument, NULL, OPTION_CONTROL},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"demo", no_argument, NULL, OPTION_DEMO},
    {"documented-only", no_argument, NULL, OPTION_DOCUMENTED},
    {"lag", required_argument, NULL, OPTION_LAG},
    {"document-delay", required_argument, NULL, OPTION_DELAY},
    {"token-life", required_argument, NULL, OPTION_LIFE},
    {"help", no_argument, NULL, OPTION_HELP},
    {NULL, 0, NULL, 0},
};

struct settings {
    struct peers_options peers;
    struct peer_ports ports;
    bool demo;
};

static int64_t number_or_exit(const char *text, int64_t max)
{
    int64_t n;
    if (!text_int(slice_text(text), 0, max, &n)) return n;
    (void)fprintf(stderr, "packpeers: %s is not a number from 0 to %lld\n", text, (long long)max);
    exit(2);
}

static void take_option(struct settings *s, int code)
{
    switch (code) {
    case OPTION_CLARUS:
    case OPTION_SHOP:
    case OPTION_CONTROL:
        s->ports.of[code - OPTION_CLARUS] = (uint16_t)number_or_exit(optarg, UINT16_MAX);
        break;
    case OPTION_SEED:
        s->peers.seed = (uint64_t)number_or_exit(optarg, INT64_MAX);
        break;
    case OPTION_DEMO:
        s->demo = true;
        break;
    case OPTION_DOCUMENTED:
        s->peers.inferred_off = PEER_INFER_ALL;
        break;
    case OPTION_LAG:
        s->peers.read_lag_ms = (uint32_t)number_or_exit(optarg, 3600000);
        break;
    case OPTION_DELAY:
        s->peers.document_delay_ms = (uint32_t)number_or_exit(optarg, 3600000);
        break;
    case OPTION_LIFE:
        s->peers.token_life_s = (uint32_t)number_or_exit(optarg, 1000000);
        break;
    case OPTION_HELP:
        (void)fputs(help, stdout);
        exit(0);
    default:
        (void)fputs("packpeers: try --help\n", stderr);
        exit(2);
    }
}

static void print_addresses(const struct peer_server *s)
{
    (void)printf(
        "{\"clarus\":\"http://127.0.0.1:%u\",\"shop\":\"http://127.0.0.1:%u/stores/demo\","
        "\"control\":\"http://127.0.0.1:%u\",\"tenant\":\"acme\",\"client_id\":\"bench-1\","
        "\"client_secret\":\"secret-1\",\"shop_token\":\"shop-token\"}\n",
        (unsigned)peer_server_port(s, PEER_CLARUS), (unsigned)peer_server_port(s, PEER_SHOP),
        (unsigned)peer_server_port(s, PEER_CONTROL));
    (void)fflush(stdout);
}

int main(int argc, char **argv)
{
    struct settings settings = {.peers = {.seed = 1}};
    int code;
    while ((code = getopt_long(argc, argv, "", options, NULL)) != -1)
        take_option(&settings, code);
    int64_t now_ms = (int64_t)time(NULL) * 1000;
    settings.peers.start_ms = now_ms;
    const struct sigaction action = {.sa_handler = on_signal};
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    struct peers *peers = peers_new(&settings.peers);
    struct peer_server *server = peer_server_open(peers, &settings.ports);
    if (!server) {
        peers_free(peers);
        return 1;
    }
    if (settings.demo) peers_seed_demo(peers, now_ms);
    print_addresses(server);
    while (!stop_asked)
        peer_server_step(server, 200);
    peer_server_close(server);
    peers_free(peers);
    return 0;
}
