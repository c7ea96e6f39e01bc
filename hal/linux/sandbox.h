/* sandbox.h - what a child process of the station may do: read its input, write its output, nothing
 * else. Each wall is put up where the kernel and our rights allow; sandbox_probe says which stand.
 */
#ifndef PACKD_HAL_LINUX_SANDBOX_H
#define PACKD_HAL_LINUX_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>

struct sandbox {
    int landlock_abi;     /* 0: none. Files outside the system's programs and fonts are closed */
    bool network_apart;   /* own, empty network namespace */
    bool network_by_user; /* that needs a user namespace, because we are not root */
    bool drops_user;      /* we are root and become nobody */
};

struct sandbox_limits {
    uint32_t memory_mb;
    uint32_t cpu_s;
};

/* Finds out by trying in a child. */
void sandbox_probe(struct sandbox *out);
/* In the child between fork and exec: async-signal-safe only. `tool_fd` stays executable. False: a
 * wall that sandbox_probe promised did not come up; do not exec. */
bool sandbox_enter(const struct sandbox *s, const struct sandbox_limits *limits, int tool_fd);

#endif
