#include "firmware/base/err.h"

#define ERR_TEXT(name, text) text,
static const char *const TEXTS[] = {ERR_LIST(ERR_TEXT)};
#undef ERR_TEXT

#define ERR_NAME(name, text) #name,
static const char *const NAMES[] = {ERR_LIST(ERR_NAME)};
#undef ERR_NAME

const char *err_text(err_t e)
{
    unsigned i = (unsigned)e;
    return i < ERR_COUNT ? TEXTS[i] : "an error value that does not exist";
}

const char *err_name(err_t e)
{
    unsigned i = (unsigned)e;
    return i < ERR_COUNT ? NAMES[i] : "ERR_?";
}
