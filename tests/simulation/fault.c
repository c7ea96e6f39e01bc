#include "tests/simulation/fault.h"

#include <string.h>

static const char *const names[FAULT_CLASSES] = {
    [FAULT_LOSE_REPLY] = "net.lose_reply",
    [FAULT_DROP] = "net.drop",
    [FAULT_LATE_EFFECT] = "net.late_effect",
    [FAULT_SLOW] = "net.slow",
    [FAULT_BUSY] = "net.busy",
    [FAULT_ERROR_BEFORE] = "net.error_before",
    [FAULT_ERROR_AFTER] = "net.error_after",
    [FAULT_EXPIRE] = "net.expire",
    [FAULT_HTML] = "net.html",
    [FAULT_TRUNCATE] = "net.truncate",
    [FAULT_GARBAGE] = "net.garbage",
    [FAULT_DOCUMENT_LATE] = "net.document_late",
    [FAULT_OUTAGE] = "net.outage",
    [FAULT_POWER] = "power.cut",
    [FAULT_POWER_AGAIN] = "power.cut_again",
    [FAULT_DISK_ERROR] = "disk.error",
    [FAULT_DISK_FORGET] = "disk.forget",
    [FAULT_DISK_FULL] = "disk.full",
    [FAULT_KILL] = "process.kill",
    [FAULT_PAPER_OUT] = "printer.paper_out",
    [FAULT_PRINTER_POWER] = "printer.power",
    [FAULT_PRINTER_GONE] = "printer.gone",
    [FAULT_PRINTER_SILENT] = "printer.silent",
    [FAULT_SCAN_TWICE] = "scan.twice",
    [FAULT_SCAN_SPLIT] = "scan.split",
    [FAULT_SCAN_NOISE] = "scan.noise",
    [FAULT_SCAN_LOST] = "scan.lost",
    [FAULT_WRONG_ITEM] = "packer.wrong_item",
    [FAULT_REPRINT] = "packer.reprint",
    [FAULT_VOID] = "packer.void",
    [FAULT_PARK] = "packer.park",
    [FAULT_AWAY] = "packer.away",
    [FAULT_CANCEL_CLARUS] = "order.cancel_clarus",
    [FAULT_CANCEL_SHOP] = "order.cancel_shop",
    [FAULT_CLOCK] = "clock.step",
    [FAULT_DENIED] = "net.denied",
    [FAULT_REFLASH] = "board.reflash",
    [FAULT_IMPATIENT] = "packer.impatient",
    [FAULT_LEAD] = "lead.decides",
    [FAULT_RECALL] = "lead.recalls",
    [FAULT_ROT] = "disk.rot",
};

const char *fault_name(enum fault_class class)
{
    return names[class];
}

err_t fault_class_of(struct slice name, enum fault_class *out)
{
    for (int i = 0; i < FAULT_CLASSES; i++) {
        if (!slice_is(name, names[i])) continue;
        *out = (enum fault_class)i;
        return ERR_OK;
    }
    return ERR_NOTFOUND;
}

uint64_t fault_mix(uint64_t a, uint64_t b)
{
    uint64_t x = a + UINT64_C(0x9E3779B97F4A7C15) * (b + 1);
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

uint64_t fault_key(const char *text)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (const char *c = text; *c; c++)
        hash = (hash ^ (uint8_t)*c) * UINT64_C(1099511628211);
    return hash;
}

#define HALVINGS 6 /* classes differ in strength by up to 2 to the power of this, less one */

#define ROT_EVERY 40 /* worlds whose medium rots are of a kind of their own */

/* Of 65536 tries of one key, at the most. Disk operations are many, orders few. */
static uint16_t strong(enum fault_class class)
{
    switch (class) {
    case FAULT_POWER:
    case FAULT_DISK_ERROR:
        return 80;
    case FAULT_DISK_FORGET: /* syncs alone */
        return 600;
    case FAULT_KILL:
    case FAULT_PRINTER_POWER:
    case FAULT_PRINTER_GONE:
    case FAULT_CLOCK:
        return 1200;
    case FAULT_PAPER_OUT:
    case FAULT_PRINTER_SILENT:
        return 800;
    case FAULT_EXPIRE:
    case FAULT_CANCEL_CLARUS:
    case FAULT_CANCEL_SHOP:
        return 2000;
    case FAULT_REFLASH:
        return 9000;
    case FAULT_DENIED:
    case FAULT_OUTAGE:
    case FAULT_DISK_FULL:
    case FAULT_AWAY:
        return 4000;
    case FAULT_POWER_AGAIN:
    case FAULT_LEAD:
        return 30000;
    case FAULT_LOSE_REPLY:
    case FAULT_DROP:
    case FAULT_LATE_EFFECT:
    case FAULT_SLOW:
    case FAULT_BUSY:
    case FAULT_ERROR_BEFORE:
    case FAULT_ERROR_AFTER:
    case FAULT_HTML:
    case FAULT_TRUNCATE:
    case FAULT_GARBAGE:
    case FAULT_DOCUMENT_LATE:
    case FAULT_SCAN_TWICE:
    case FAULT_SCAN_SPLIT:
    case FAULT_SCAN_NOISE:
    case FAULT_SCAN_LOST:
    case FAULT_WRONG_ITEM:
    case FAULT_REPRINT:
    case FAULT_VOID:
    case FAULT_PARK:
    case FAULT_IMPATIENT:
    case FAULT_RECALL:
    case FAULT_ROT:
    case FAULT_CLASSES:
        break;
    }
    return 4000;
}

void fault_plan_none(struct fault_plan *p)
{
    memset(p, 0, sizeof *p);
    p->by_list = true;
}

void fault_plan_swarm(struct fault_plan *p, uint64_t seed)
{
    memset(p, 0, sizeof *p);
    p->seed = seed;
    for (int i = 0; i < FAULT_CLASSES; i++) {
        uint64_t r = fault_mix(seed, 1000 + (uint64_t)i);
        if (r % 3 != 0) continue; /* a third of the classes */
        uint16_t most = strong((enum fault_class)i);
        p->strength[i] = (uint16_t)(most >> ((r >> 8) % HALVINGS));
    }
    p->strength[FAULT_ROT] = fault_mix(seed, 999) % ROT_EVERY == 0 ? strong(FAULT_ROT) : 0;
}

/* Which try of this key it is, from 0. */
static uint32_t count_try(struct fault_plan *p, enum fault_class class, uint64_t key)
{
    uint64_t id = fault_mix(key, class) | 1;
    for (size_t i = 0; i < 32; i++) {
        size_t at = (size_t)((id + i) % FAULT_KEYS_MAX);
        if (p->seen[at].key == id) return p->seen[at].n++;
        if (p->seen[at].key) continue;
        p->seen[at].key = id;
        p->seen[at].n = 1;
        return 0;
    }
    p->seen[id % FAULT_KEYS_MAX].key = id;
    p->seen[id % FAULT_KEYS_MAX].n = 1;
    return 0;
}

static bool listed(const struct fault_plan *p, enum fault_class class, uint64_t key, uint32_t n)
{
    for (size_t i = 0; i < p->list_count; i++)
        if (p->list[i].class == class && p->list[i].key == key && p->list[i].n == n) return true;
    return false;
}

static bool decided(const struct fault_plan *p, enum fault_class class, uint64_t key, uint32_t n,
                    uint64_t *out)
{
    uint64_t r = fault_mix(fault_mix(p->seed, class), fault_mix(key, n));
    if (out) *out = r >> 16;
    if (p->by_list) return listed(p, class, key, n);
    return (r & 0xffff) < p->strength[class];
}

bool fault_happens(struct fault_plan *p, enum fault_class class, uint64_t key, uint64_t *out)
{
    if (!p || p->quiet || (p->by_list ? p->list_count == 0 : p->strength[class] == 0)) return false;
    uint32_t n = count_try(p, class, key);
    if (!decided(p, class, key, n, out)) return false;
    p->counts[class]++;
    if (p->fired_count < FAULT_FIRED_MAX)
        p->fired[p->fired_count++] = (struct fault_fired){class, key, n};
    return true;
}
