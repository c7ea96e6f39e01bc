#include "firmware/mapping/address.h"

#include <string.h>

#include "firmware/base/text.h"

#define LINE_MAX_CHARS     80 /* Clarus: address_1 to address_5 */
#define POSTCODE_MAX_CHARS 10

static err_t wrong(struct address_fault *out, const char *member, const char *reason)
{
    slice_copy_cut(slice_text(member), out->member, sizeof out->member);
    slice_copy_cut(slice_text(reason), out->reason, sizeof out->reason);
    return ERR_INVALID;
}

static struct slice member_of(json_node address, const char *name)
{
    return slice_trim(json_text(json_member(address, name)));
}

static err_t all_there(const char (*parts)[24], json_node address, struct address_fault *out)
{
    for (size_t i = 0; i < CONFIG_PARTS_MAX && parts[i][0] != '\0'; i++) {
        if (member_of(address, parts[i]).len == 0) return wrong(out, parts[i], "is missing");
    }
    return ERR_OK;
}

/* --------------------------------------------------------------------------------- postcodes --
 */

/* # digit, @ letter, in the order written; blanks and hyphens do not count. */
static const struct {
    char country[3];
    const char *forms[6]; /* until NULL */
} postcodes[] = {
    {"GB", {"@##@@", "@###@@", "@@##@@", "@@###@@", "@#@#@@", "@@#@#@@"}},
    {"US", {"#####", "#########"}},
    {"DE", {"#####"}},
    {"FR", {"#####"}},
    {"ES", {"#####"}},
    {"IT", {"#####"}},
    {"NL", {"####@@"}},
    {"BE", {"####"}},
    {"AT", {"####"}},
    {"CH", {"####"}},
    {"DK", {"####"}},
    {"NO", {"####"}},
    {"SE", {"#####"}},
    {"FI", {"#####"}},
    {"PL", {"#####"}},
    {"CZ", {"#####"}},
    {"PT", {"#######"}},
    {"AU", {"####"}},
    {"NZ", {"####"}},
    {"CA", {"@#@#@#"}},
    {"JP", {"#######"}},
};

static bool of_form(struct slice s, const char *form)
{
    size_t at = 0;
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.ptr[i];
        if (c == ' ' || c == '-') continue;
        uint8_t low = (uint8_t)(c | 0x20);
        bool ok = form[at] == '#'   ? c >= '0' && c <= '9'
                  : form[at] == '@' ? low >= 'a' && low <= 'z'
                                    : false;
        if (!ok) return false;
        at++;
    }
    return form[at] == '\0';
}

static bool postcode_fits(struct slice country, struct slice postcode)
{
    for (size_t i = 0; i < sizeof postcodes / sizeof postcodes[0]; i++) {
        if (!slice_is_nocase(country, postcodes[i].country)) continue;
        for (size_t f = 0; f < 6 && postcodes[i].forms[f] != NULL; f++) {
            if (of_form(postcode, postcodes[i].forms[f])) return true;
        }
        return false;
    }
    return true;
}

/* -------------------------------------------------------------------------------------- address --
 */

static bool is_country(struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        uint8_t low = (uint8_t)(s.ptr[i] | 0x20);
        if (low < 'a' || low > 'z') return false;
    }
    return s.len == 2;
}

static bool is_mail(struct slice s)
{
    size_t at = slice_find_byte(s, '@');
    struct slice host = slice_sub(s, at + 1, s.len);
    return at > 0 && at < s.len && host.len > 2 && slice_find_byte(host, '@') == host.len &&
           slice_find_byte(host, '.') < host.len && slice_find_byte(s, ' ') == s.len;
}

static err_t check_lengths(json_node address, struct address_fault *out)
{
    static const char *const lines[] = {"name", "address_1", "address_2", "address_3", "address_4"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct slice s = member_of(address, lines[i]);
        if (text_prefix(s, LINE_MAX_CHARS) < s.len)
            return wrong(out, lines[i], "is longer than 80 characters");
    }
    struct slice postcode = member_of(address, "postcode");
    if (text_prefix(postcode, POSTCODE_MAX_CHARS) < postcode.len)
        return wrong(out, "postcode", "is longer than 10 characters");
    return ERR_OK;
}

err_t address_check(const struct config_address *rules, const struct config_carrier *carrier,
                    json_node address, struct address_fault *out)
{
    if (json_kind(address) != JSON_OBJECT) return wrong(out, "address", "is missing");
    err_t e = all_there(rules->required, address, out);
    if (e == ERR_OK && carrier != NULL) e = all_there(carrier->needs, address, out);
    if (e == ERR_OK) e = check_lengths(address, out);
    if (e) return e;
    struct slice country = member_of(address, "country_code");
    struct slice postcode = member_of(address, "postcode");
    struct slice mail = member_of(address, "email_address");
    if (country.len > 0 && !is_country(country))
        return wrong(out, "country_code", "is not a country code of two letters");
    if (mail.len > 0 && !is_mail(mail)) return wrong(out, "email_address", "is no e-mail address");
    if (rules->postcodes && postcode.len > 0 && !postcode_fits(country, postcode))
        return wrong(out, "postcode", "has not the form of its country");
    return ERR_OK;
}
