#include <string.h>

#include "firmware/base/text.h"
#include "firmware/config/fields.h"

static bool is_alnum(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Only letters, digits and the bytes of `also`. */
static bool is_made_of(struct slice text, const char *also)
{
    for (size_t i = 0; i < text.len; i++) {
        bool other = text.ptr[i] != '\0' && strchr(also, text.ptr[i]) != NULL;
        if (!is_alnum(text.ptr[i]) && !other) return false;
    }
    return true;
}

/* 127.a.b.c with numbers up to 255. */
static bool is_loopback_v4(struct slice host)
{
    size_t parts = 0;
    while (parts < 4) {
        int64_t number = 0;
        size_t dot = slice_find_byte(host, '.');
        if (text_int(slice_sub(host, 0, dot), 0, 255, &number) != ERR_OK) return false;
        if (parts == 0 && number != 127) return false;
        parts++;
        if (dot == host.len) break;
        host = slice_sub(host, dot + 1, host.len);
    }
    return parts == 4 && slice_find_byte(host, '.') == host.len;
}

static bool host_is_loopback(struct slice host)
{
    return slice_is(host, "localhost") || slice_is(host, "[::1]") || is_loopback_v4(host);
}

static const char *check_authority(struct slice rest, bool plain)
{
    struct slice authority = slice_sub(rest, 0, slice_find_byte(rest, '/'));
    bool bracket = slice_starts(authority, "[");
    size_t host_end =
        bracket ? slice_find_byte(authority, ']') + 1 : slice_find_byte(authority, ':');
    struct slice host = slice_sub(authority, 0, host_end);
    struct slice port = slice_sub(authority, host_end, authority.len);
    int64_t number = 0;
    if (host.len == 0) return "must name a host";
    if (port.len > 0 && text_int(slice_sub(port, 1, port.len), 1, 65535, &number) != ERR_OK)
        return "has a port that is no number from 1 to 65535";
    if (plain && !host_is_loopback(host)) return "must be https; plain http is for loopback only";
    return NULL;
}

const char *rule_url(struct slice text)
{
    bool plain = slice_starts(text, "http://");
    if (!plain && !slice_starts(text, "https://")) return "must begin with https://";
    if (!is_made_of(text, "-._~:/[]%")) return "must have no user name, query, blank or fragment";
    if (text.ptr[text.len - 1] == '/') return "must not end with a slash";
    return check_authority(slice_sub(text, plain ? 7 : 8, text.len), plain);
}

const char *rule_url_or_none(struct slice text)
{
    return text.len == 0 ? NULL : rule_url(text);
}

const char *rule_prefix(struct slice text)
{
    if (text.len == 0) return NULL;
    if (text.ptr[0] != '/') return "must begin with a slash";
    if (text.ptr[text.len - 1] == '/') return "must not end with a slash";
    return is_made_of(text, "-._~/") ? NULL : "may hold letters, digits and - . _ ~ / only";
}

const char *rule_name(struct slice text)
{
    if (text.len > 0 && text.ptr[0] == '.') return "must not begin with a dot";
    return is_made_of(text, "-_.") ? NULL : "is a name: letters, digits and - _ . only";
}

const char *rule_id(struct slice text)
{
    return is_made_of(text, "") ? NULL : "may hold letters and digits only";
}

const char *rule_channel(struct slice text)
{
    if (slice_is(text, "clarus") || slice_is(text, "none") || slice_is(text, "alerts"))
        return "is a name with its own meaning";
    return is_made_of(text, "-_") ? NULL : "may hold letters, digits and - _ only";
}

const char *rule_option(struct slice text)
{
    size_t equals = slice_find_byte(text, '=');
    if (equals == 0 || equals + 1 >= text.len) return "is an option: name=value";
    if (!is_made_of(slice_sub(text, 0, equals), "_")) {
        return "is an option: its name holds letters, digits and _ only";
    }
    return text_is_print(text) ? NULL : "must be printable ASCII";
}

const char *rule_link(struct slice text)
{
    if (text.len == 0) return NULL;
    if (!slice_starts(text, "https://") && !slice_starts(text, "http://"))
        return "must begin with https:// or http://";
    size_t at = slice_find(text, SLICE("{tracking}"));
    if (at == text.len) return "must hold {tracking}";
    struct slice rest = slice_sub(text, at + 1, text.len);
    if (slice_find_byte(rest, '{') < rest.len) return "must hold {tracking} once";
    return text_is_print(text) && slice_find_byte(text, ' ') == text.len
               ? NULL
               : "must have no blank or control character";
}

const char *rule_time(struct slice text)
{
    int64_t hour = 0, minute = 0;
    if (text.len == 0) return NULL;
    bool sound = text.len == 5 && text.ptr[2] == ':' &&
                 text_int(slice_sub(text, 0, 2), 0, 23, &hour) == ERR_OK &&
                 text_int(slice_sub(text, 3, 5), 0, 59, &minute) == ERR_OK;
    return sound ? NULL : "must be a time of day such as 18:30";
}

const char *rule_date(struct slice text)
{
    int64_t year = 0, month = 0, day = 0;
    if (text.len == 0) return NULL;
    bool sound = text.len == 10 && text.ptr[4] == '-' && text.ptr[7] == '-' &&
                 text_int(slice_sub(text, 0, 4), 2000, 2999, &year) == ERR_OK &&
                 text_int(slice_sub(text, 5, 7), 1, 12, &month) == ERR_OK &&
                 text_int(slice_sub(text, 8, 10), 1, 31, &day) == ERR_OK;
    return sound ? NULL : "must be a day such as 2026-03-31";
}

const char *rule_pointer(struct slice text)
{
    bool sound = text.ptr[0] == '/' && text_is_print(text) && text.ptr[text.len - 1] != '/';
    return sound ? NULL : "must be a JSON Pointer such as /customer/phone";
}

const char *rule_part(struct slice text)
{
    static const char *const parts[] = {"name",         "address_1",    "address_2",
                                        "address_3",    "address_4",    "postcode",
                                        "country_code", "phone_number", "email_address"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (slice_is(text, parts[i])) return NULL;
    }
    return "must be name, address_1 to address_4, postcode, country_code, phone_number or "
           "email_address";
}

/* A known shape, or one written with # digit, @ capital letter, ? either, and what stands for
 * itself. */
const char *rule_shape(struct slice text)
{
    static const char *const known[] = {"s10", "royalmail", "ups",  "fedex", "dhl",
                                        "dpd", "yodel",     "usps", "gls8"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (slice_is(text, known[i])) return NULL;
    }
    if (text.len < 6 || !is_made_of(text, "#@?-_"))
        return "must be dhl, dpd, fedex, gls8, royalmail, s10, ups, usps, yodel, or a shape of 6 "
               "characters and more: # digit, @ letter, ? either";
    return slice_find_byte(text, '#') < text.len || slice_find_byte(text, '?') < text.len
               ? NULL
               : "must have room for digits: # or ?";
}

int32_t config_minute_of_day(const char *time)
{
    struct slice text = slice_text(time);
    if (text.len != 5 || rule_time(text) != NULL) return -1;
    return ((time[0] - '0') * 10 + time[1] - '0') * 60 + (time[3] - '0') * 10 + time[4] - '0';
}

const char *rule_any(struct slice text)
{
    (void)text;
    return NULL;
}
