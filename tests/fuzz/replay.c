/* The corpus of one target and its neighbours, without libFuzzer: every file as it is, cut short at
 * each place, and with each byte changed. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/fuzz/fuzz.h"

#define PATH_ROOM     600
#define INPUT_MAX     65536
#define NEIGHBOUR_MAX 600 /* bytes of a file whose neighbours are tried */

static uint8_t input[INPUT_MAX];

/* build/<variant>/tests/fuzz/<target>_replay reads tests/fuzz/corpus/<target>. */
static void corpus_folder(char out[PATH_ROOM])
{
    char path[PATH_ROOM - 96];
    char target[48];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    assert_true(n > 0);
    path[n] = '\0';
    char *name = strrchr(path, '/') + 1;
    size_t len = strlen(name) - strlen("_replay");
    assert_in_range(len, 1, sizeof target - 1);
    memcpy(target, name, len);
    target[len] = '\0';
    for (int up = 0; up < 5; up++)
        *strrchr(path, '/') = '\0';
    (void)snprintf(out, PATH_ROOM, "%s/tests/fuzz/corpus/%s", path, target);
}

/* A copy of its own size, so that reading past the end is seen. */
static void run(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    assert_non_null(copy);
    if (size) memcpy(copy, data, size);
    (void)fuzz_input(copy, size);
    free(copy);
}

static void run_neighbours(size_t size)
{
    static const uint8_t changes[] = {0x01, 0x20, 0x80, 0xFF};
    for (size_t i = 0; i < size && i < NEIGHBOUR_MAX; i++) {
        uint8_t was = input[i];
        run(input, i);
        for (size_t k = 0; k < sizeof changes; k++) {
            input[i] = was ^ changes[k];
            run(input, size);
        }
        input[i] = was;
    }
}

static void corpus__is_survived_with_its_neighbours(void **state)
{
    (void)state;
    char folder[PATH_ROOM], path[PATH_ROOM * 2];
    size_t files = 0;
    corpus_folder(folder);
    DIR *d = opendir(folder);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));) {
        if (e->d_name[0] == '.') continue;
        (void)snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        FILE *f = fopen(path, "re");
        assert_non_null(f);
        size_t size = fread(input, 1, sizeof input, f);
        (void)fclose(f);
        run(input, size);
        run_neighbours(size);
        files++;
    }
    (void)closedir(d);
    assert_true(files >= 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(corpus__is_survived_with_its_neighbours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
