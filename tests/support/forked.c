#include "tests/support/forked.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define TOLD_MAX 12    /* failures told in full */
#define CPU_S    60    /* a story that takes longer does not end */
#define TEXT_MAX 12000 /* bytes of a failure shown */

/* A group of its own: a failed assertion ends the child, not the loop. */
static void child(FILE *output, void (*story)(void **state))
{
    const struct CMUnitTest one[] = {{"story", story, NULL, NULL, NULL}};
    (void)alarm(CPU_S);
    (void)dup2(fileno(output), STDOUT_FILENO);
    (void)dup2(fileno(output), STDERR_FILENO);
    int failed = cmocka_run_group_tests(one, NULL, NULL);
    (void)fflush(NULL);
    _exit(failed ? 1 : 0);
}

static void tell(FILE *output)
{
    static char text[TEXT_MAX + 1];
    rewind(output);
    text[fread(text, 1, TEXT_MAX, output)] = 0;
    print_error("%s\n", text);
}

static void wait_for(struct forked *f, struct forked_job *j)
{
    int status = 0;
    if (!j->pid) return;
    assert_int_equal(waitpid(j->pid, &status, 0), j->pid);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        print_error("FAULT=\"%s\"\n", j->name);
        if (f->failures++ < TOLD_MAX) tell(j->output);
    }
    (void)fclose(j->output);
    j->pid = 0;
}

void forked_start(struct forked *f, const char *name, void (*story)(void **state))
{
    const char *only = getenv("FAULT");
    if (only && strcmp(only, name) != 0) return;
    struct forked_job *j = &f->jobs[f->started++ % FORKED_AT_ONCE];
    wait_for(f, j);
    (void)snprintf(j->name, sizeof j->name, "%s", name);
    j->output = tmpfile();
    assert_non_null(j->output);
    (void)fflush(NULL);
    j->pid = fork();
    assert_true(j->pid >= 0);
    if (j->pid == 0) child(j->output, story);
}

unsigned forked_end(struct forked *f)
{
    for (size_t i = 0; i < FORKED_AT_ONCE; i++)
        wait_for(f, &f->jobs[i]);
    return f->failures;
}
