/* console_access.c - who may read and who may act.
 *
 * Against a hostile web page in the same browser: a name that an attacker's DNS points at us is not
 * our Host; a foreign page's Origin is not our own; and it cannot read the token. Beyond loopback
 * everything needs the token, as a header or as the password a browser asks for. */
#include <string.h>

#include "firmware/base/text.h"
#include "firmware/console/console_parts.h"

static bool same(struct slice given, const char *token)
{
    size_t len = strlen(token);
    unsigned differ = given.len != len;
    for (size_t i = 0; i < len; i++)
        differ |= (unsigned)(i < given.len ? given.ptr[i] : 0) ^ (unsigned)(uint8_t)token[i];
    return differ == 0;
}

/* Host without its port. */
static struct slice host_name(struct slice host)
{
    if (host.len > 0 && host.ptr[0] == '[') {
        size_t end = slice_find_byte(host, ']');
        return slice_sub(host, 0, end < host.len ? end + 1 : end);
    }
    return slice_sub(host, 0, slice_find_byte(host, ':'));
}

/* An address cannot be rebound by a name server; of names only our own are taken. */
static bool is_address(struct slice name)
{
    bool v6 = name.len > 2 && name.ptr[0] == '[' && name.ptr[name.len - 1] == ']';
    struct slice inner = v6 ? slice_sub(name, 1, name.len - 1) : name;
    if (inner.len == 0) return false;
    for (size_t i = 0; i < inner.len; i++) {
        uint8_t b = inner.ptr[i];
        bool digit = b >= '0' && b <= '9';
        bool hex = digit || (b >= 'a' && b <= 'f') || (b >= 'A' && b <= 'F');
        if (v6 ? !(hex || b == ':' || b == '.') : !(digit || b == '.')) return false;
    }
    return true;
}

static bool host_is_ours(const struct ask *a)
{
    struct slice name = host_name(a->r->host);
    if (slice_is_nocase(name, "localhost") || is_address(name)) return true;
    const struct config *config = a->c->o.config;
    return config && name.len > 0 && slice_is_nocase(name, config->station.console_bind);
}

static bool origin_is_ours(const struct ask *a)
{
    struct slice origin = a->r->origin;
    if (origin.len == 0) return true;
    size_t scheme = slice_starts(origin, "http://")    ? strlen("http://")
                    : slice_starts(origin, "https://") ? strlen("https://")
                                                       : 0;
    return scheme > 0 && slice_eq(slice_sub(origin, scheme, origin.len), a->r->host);
}

static bool site_is_ours(const struct ask *a)
{
    struct slice site = a->r->fetch_site;
    return site.len == 0 || slice_is(site, "same-origin") || slice_is(site, "none");
}

static int base64_value(uint8_t b)
{
    if (b >= 'A' && b <= 'Z') return b - 'A';
    if (b >= 'a' && b <= 'z') return b - 'a' + 26;
    if (b >= '0' && b <= '9') return b - '0' + 52;
    if (b == '+') return 62;
    return b == '/' ? 63 : -1;
}

static void base64_read(struct buf *out, struct slice text)
{
    uint32_t bits = 0;
    unsigned have = 0;
    for (size_t i = 0; i < text.len && text.ptr[i] != '='; i++) {
        int value = base64_value(text.ptr[i]);
        if (value < 0) return;
        bits = (bits << 6 | (uint32_t)value) & 0xFFFFFF;
        have += 6;
        if (have < 8) continue;
        have -= 8;
        buf_byte(out, (uint8_t)(bits >> have));
    }
}

static bool password_is_token(const struct ask *a)
{
    struct slice given = a->r->authorization;
    if (slice_starts(given, "Bearer "))
        return same(slice_sub(given, strlen("Bearer "), given.len), a->c->token);
    if (!slice_starts(given, "Basic ")) return false;
    uint8_t room[CONSOLE_TOKEN_CAP + 64];
    struct buf decoded = buf_over(room, sizeof room);
    base64_read(&decoded, slice_sub(given, strlen("Basic "), given.len));
    struct slice pair = buf_slice(&decoded);
    size_t colon = slice_find_byte(pair, ':');
    return colon < pair.len && same(slice_sub(pair, colon + 1, pair.len), a->c->token);
}

bool console_may_read(struct ask *a)
{
    if (!host_is_ours(a)) {
        console_fail(a, &(struct console_error){400, "this station does not go by that name",
                                                a->r->host, "host_must_be_ours",
                                                "use the station's address or localhost"});
        return false;
    }
    bool page = !slice_starts(a->r->path, "/api/") && !slice_starts(a->r->path, "/events/");
    if (!page && !site_is_ours(a)) {
        console_fail(a,
                     &(struct console_error){403, "another site may not ask this", a->r->fetch_site,
                                             "site_must_be_ours", "open the station's own page"});
        return false;
    }
    if (a->r->loopback || same(a->r->token, a->c->token) || password_is_token(a)) return true;
    console_fail(a, &(struct console_error){401, "the station's token is needed", SLICE_NONE,
                                            "token_beyond_loopback",
                                            "give the console token as the password"});
    return false;
}

bool console_may_act(struct ask *a)
{
    if (!origin_is_ours(a) || !site_is_ours(a)) {
        console_fail(a, &(struct console_error){403, "another site may not do this", a->r->origin,
                                                "origin_must_be_ours",
                                                "use the station's own page or packctl"});
        return false;
    }
    struct slice type = a->r->content_type;
    if (!slice_is_nocase(slice_trim(slice_sub(type, 0, slice_find_byte(type, ';'))),
                         "application/json")) {
        console_fail(a, &(struct console_error){400, "the body must be JSON", type,
                                                "content_type_must_be_json",
                                                "send Content-Type: application/json"});
        return false;
    }
    if (same(a->r->token, a->c->token)) return true;
    console_fail(a, &(struct console_error){403, "the token is missing or not of this run",
                                            SLICE_NONE, "token_must_fit",
                                            "load the page again, or give packctl its token"});
    return false;
}
