/* Configuration files. The first byte chooses which. */
#include <stdlib.h>
#include <string.h>

#include "firmware/config/config.h"
#include "tests/fuzz/fuzz.h"

static struct config_site site;
static struct config_station station;

int fuzz_input(const uint8_t *data, size_t size)
{
    static struct config_faults faults;
    if (size == 0) return 0;
    struct slice text = slice_of(data + 1, size - 1);
    faults.count = 0;
    err_t e = data[0] & 1 ? config_parse_site(text, "site.json", &site, &faults)
                          : config_parse_station(text, "station.json", &station, &faults);
    held((e == ERR_OK) == (faults.count == 0));
    for (size_t i = 0; i < faults.count && i < CONFIG_FAULTS_MAX; i++) {
        held(faults.items[i].reason[0] != '\0');
        held(memchr(faults.items[i].value, '\0', sizeof faults.items[i].value) != NULL);
    }
    return 0;
}
