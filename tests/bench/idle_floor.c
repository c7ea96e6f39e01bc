/* The least a station could weigh: the same libraries linked and initialised, then nothing. */
#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <libserialport.h>
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <microhttpd.h>
#include <png.h>
#include <sqlite3.h>
#include <stdio.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

/* NOLINTNEXTLINE(readability-function-size): the library asks for these parameters */
static enum MHD_Result refuse(void *ctx, struct MHD_Connection *c, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **request)
{
    (void)ctx;
    (void)c;
    (void)url;
    (void)method;
    (void)version;
    (void)upload;
    (void)upload_size;
    (void)request;
    return MHD_NO;
}

int main(int argc, char **argv)
{
    sqlite3 *db = NULL;
    struct sp_port **ports = NULL;
    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context random;
    if (argc < 2) return 2;
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
    CURLM *multi = curl_multi_init();
    struct MHD_Daemon *console = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL,
                                                  NULL, refuse, NULL, MHD_OPTION_END);
    int rc = sqlite3_open(argv[1], &db);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db,
                          "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL;"
                          "CREATE TABLE IF NOT EXISTS t (a); INSERT INTO t VALUES (1);",
                          NULL, NULL, NULL);
    mbedtls_entropy_init(&entropy);
    mbedtls_ctr_drbg_init(&random);
    (void)mbedtls_ctr_drbg_seed(&random, mbedtls_entropy_func, &entropy, NULL, 0);
    cJSON_Delete(cJSON_Parse("{\"a\":1}"));
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_destroy_read_struct(&png, NULL, NULL);
    if (sp_list_ports(&ports) == SP_OK) sp_free_port_list(ports);
    (void)sd_notify(0, "READY=1");
    if (!multi || !console || rc != SQLITE_OK) return 1;
    (void)pause();
    return 0;
}
