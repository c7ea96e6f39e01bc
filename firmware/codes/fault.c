#include "firmware/codes/fault.h"

struct words {
    const char *name;
    const char *text;
};

#define CODE_FAULT_WORDS(id, name, text) [id] = {name, text},
static const struct words words[] = {CODE_FAULT_LIST(CODE_FAULT_WORDS)};
#undef CODE_FAULT_WORDS

static const struct words *words_of(enum code_fault f)
{
    static const struct words unknown = {"unknown", "an unknown fault"};
    return (unsigned)f < CODE_FAULT_COUNT ? &words[f] : &unknown;
}

const char *code_fault_name(enum code_fault f)
{
    return words_of(f)->name;
}

const char *code_fault_text(enum code_fault f)
{
    return words_of(f)->text;
}
