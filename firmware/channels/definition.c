#include "firmware/channels/definition.h"

#include <string.h>

#define DEFINITIONS(X)                                                                             \
    X("adobe-commerce", adobe_commerce)                                                            \
    X("bigcommerce", bigcommerce)                                                                  \
    X("commercetools", commercetools)                                                              \
    X("medusa", medusa)                                                                            \
    X("netsuite", netsuite)                                                                        \
    X("orocommerce", orocommerce)                                                                  \
    X("shopify", shopify)                                                                          \
    X("tryton", tryton)                                                                            \
    X("vendure", vendure)                                                                          \
    X("webhook", webhook)                                                                          \
    X("woocommerce", woocommerce)

#define DECLARE(name, symbol)                                                                      \
    extern const unsigned char asset_##symbol##_json[];                                            \
    extern const size_t asset_##symbol##_json_len;
DEFINITIONS(DECLARE)

static const struct {
    const char *name;
    const unsigned char *text;
    const size_t *len;
} builtins[] = {
#define ROW(name, symbol) {name, asset_##symbol##_json, &asset_##symbol##_json_len},
    DEFINITIONS(ROW)
#undef ROW
};

struct slice definition_builtin(const char *name)
{
    for (size_t i = 0; i < sizeof builtins / sizeof builtins[0]; i++) {
        if (strcmp(builtins[i].name, name) == 0) {
            return slice_of(builtins[i].text, *builtins[i].len);
        }
    }
    return SLICE_NONE;
}

const char *definition_builtin_name(size_t index)
{
    return index < sizeof builtins / sizeof builtins[0] ? builtins[index].name : NULL;
}

static void fault_put(struct definition_fault *fault, const char *name, const char *path,
                      const char *reason)
{
    *fault = (struct definition_fault){.name = ""};
    struct buf b = buf_over(fault->name, sizeof fault->name - 1);
    buf_text(&b, name);
    b = buf_over(fault->path, sizeof fault->path - 1);
    buf_text(&b, path);
    b = buf_over(fault->reason, sizeof fault->reason - 1);
    buf_text(&b, reason);
}

err_t definition_load(const char *name, struct slice text, struct definition *out,
                      struct definition_fault *fault)
{
    if (text.len == 0 || text.len > DEFINITION_MAX) {
        fault_put(fault, name, "$", text.len == 0 ? "no such definition" : "larger than 64 KiB");
        return ERR_INVALID;
    }
    AUTO_JSON struct json_doc *doc = NULL;
    struct json_fault at = {.path = ""};
    err_t e = json_parse(text, &doc, &at);
    if (e == ERR_NOMEM) return e;
    if (e) {
        fault_put(fault, name, at.path[0] == '\0' ? "$" : at.path, at.reason);
        return ERR_INVALID;
    }
    e = definition_check(name, json_root(doc), fault);
    if (e) return e;
    *out = (struct definition){.doc = doc, .root = json_root(doc)};
    doc = NULL;
    return slice_copy(slice_text(name), out->name, sizeof out->name);
}

void definition_deinit(struct definition *d)
{
    json_free(d->doc);
    *d = (struct definition){.name = ""};
}

err_t channels_definition_check(const char *name, struct slice text, struct definition_fault *fault)
{
    struct definition d = {.name = ""};
    err_t e = definition_load(name, text, &d, fault);
    if (e == ERR_OK) definition_deinit(&d);
    return e;
}
