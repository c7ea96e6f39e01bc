#include "drivers/scanner/wedge.h"

#include <assert.h>
#include <string.h>

#include "firmware/base/text.h"

/* Linux key codes. */
enum {
    KEY_TAB = 15,
    KEY_ENTER = 28,
    KEY_LEFTCTRL = 29,
    KEY_LEFTSHIFT = 42,
    KEY_RIGHTSHIFT = 54,
    KEY_LEFTALT = 56,
    KEY_CAPSLOCK = 58,
    KEY_NUMLOCK = 69,
    KEY_SCROLLLOCK = 70,
    KEY_KPENTER = 96,
    KEY_RIGHTCTRL = 97,
    KEY_RIGHTALT = 100,
    KEY_LEFTMETA = 125,
    KEY_RIGHTMETA = 126,
};

enum held {
    HELD_SHIFT_L = 1u << 0,
    HELD_SHIFT_R = 1u << 1,
    HELD_CTRL_L = 1u << 2,
    HELD_CTRL_R = 1u << 3,
    HELD_ALT = 1u << 4,
    HELD_ALT_GR = 1u << 5,
    HELD_META_L = 1u << 6,
    HELD_META_R = 1u << 7,
};
#define HELD_SHIFT (HELD_SHIFT_L | HELD_SHIFT_R)
#define HELD_CTRL  (HELD_CTRL_L | HELD_CTRL_R)
#define HELD_META  (HELD_META_L | HELD_META_R)

#define GS 0x1D
#define CR 0x0D

/* --------------------------------------------------------------------------------- layouts -- */

/* What the keys type, one character each in the order of POSITIONS: digit row, upper, home, lower
 * row, space, the key beside the left Shift. DEL stands for none, and for accents that type nothing
 * by themselves. */
struct wedge_layout {
    const char *name;
    const char *plain, *shift, *alt_gr;
};

static const uint8_t POSITIONS[] = {
    2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 16, 17, 18, 19, 20,
    21, 22, 23, 24, 25, 26, 27, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39,
    40, 41, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 57, 86,
};

#define NONE   "\x7F"
#define NONE_4 NONE NONE NONE NONE
#define NONE_8 NONE_4 NONE_4

static const struct wedge_layout LAYOUTS[] = {
    {"us",
     "1234567890-="
     "qwertyuiop[]"
     "asdfghjkl;'`"
     "\\zxcvbnm,./"
     " \\",
     "!@#$%^&*()_+"
     "QWERTYUIOP{}"
     "ASDFGHJKL:\"~"
     "|ZXCVBNM<>?"
     " |",
     ""},
    {"gb",
     "1234567890-="
     "qwertyuiop[]"
     "asdfghjkl;'`"
     "#zxcvbnm,./"
     " \\",
     "!\"£$%^&*()_+"
     "QWERTYUIOP{}"
     "ASDFGHJKL:@¬"
     "~ZXCVBNM<>?"
     " |",
     ""},
    {"de",
     "1234567890ß" NONE "qwertzuiopü+"
     "asdfghjklöä" NONE "#yxcvbnm,.-"
     " <",
     "!\"§$%&/()=?" NONE "QWERTZUIOPÜ*"
     "ASDFGHJKLÖÄ°"
     "'YXCVBNM;:_"
     " >",
     NONE "²³" NONE NONE NONE "{[]}\\" NONE "@" NONE "€" NONE_8 "~" NONE_8 NONE_4 NONE_8 NONE_4
          "|"},
    {"fr",
     "&é\"'(-è_çà)="
     "azertyuiop" NONE "$"
     "qsdfghjklmù²"
     "*wxcvbn,;:!"
     " <",
     "1234567890°+"
     "AZERTYUIOP" NONE "£"
     "QSDFGHJKLM%" NONE "µWXCVBN?./§"
     " >",
     NONE NONE "#{[|" NONE "\\^@]}"},
};

const struct wedge_layout *wedge_layout_by_name(const char *name)
{
    for (size_t i = 0; i < sizeof LAYOUTS / sizeof *LAYOUTS; i++)
        if (strcmp(LAYOUTS[i].name, name) == 0) return &LAYOUTS[i];
    return NULL;
}

static size_t position_of(uint16_t code)
{
    size_t i = 0;
    while (i < sizeof POSITIONS && POSITIONS[i] != code)
        i++;
    return i;
}

/* The character at a position; empty beyond the last one. */
static struct slice character(const char *level, size_t position)
{
    struct slice rest = slice_text(level);
    for (; rest.len > 0; position--) {
        size_t step = text_utf8_step(rest);
        assert(step > 0);
        if (position == 0) return slice_sub(rest, 0, step);
        rest = slice_sub(rest, step, rest.len);
    }
    return rest;
}

/* ------------------------------------------------------------------------------------ keys -- */

void wedge_init(struct wedge *w, const struct wedge_layout *layout)
{
    assert(layout != NULL);
    *w = (struct wedge){.layout = layout};
}

void wedge_release(struct wedge *w)
{
    w->held = w->typed = w->digits = 0;
}

static unsigned modifier(uint16_t code)
{
    switch (code) {
    case KEY_LEFTSHIFT:
        return HELD_SHIFT_L;
    case KEY_RIGHTSHIFT:
        return HELD_SHIFT_R;
    case KEY_LEFTCTRL:
        return HELD_CTRL_L;
    case KEY_RIGHTCTRL:
        return HELD_CTRL_R;
    case KEY_LEFTALT:
        return HELD_ALT;
    case KEY_RIGHTALT:
        return HELD_ALT_GR;
    case KEY_LEFTMETA:
        return HELD_META_L;
    case KEY_RIGHTMETA:
        return HELD_META_R;
    default:
        return 0;
    }
}

static size_t give(uint8_t out[WEDGE_BYTES_MAX], uint8_t c)
{
    out[0] = c;
    return 1;
}

static size_t give_slice(uint8_t out[WEDGE_BYTES_MAX], struct slice s)
{
    if (s.len == 0) return give(out, WEDGE_FOREIGN);
    memcpy(out, s.ptr, s.len);
    return s.len;
}

/* Alt came up: the number typed meanwhile is a character of Latin-1, or GS. */
static size_t give_typed(struct wedge *w, uint8_t out[WEDGE_BYTES_MAX])
{
    unsigned n = w->typed, digits = w->digits;
    w->typed = w->digits = 0;
    if (digits == 0) return 0;
    if (n == GS || (n >= 0x20 && n < WEDGE_FOREIGN)) return give(out, (uint8_t)n);
    if (n < 0xA0 || n > 0xFF) return give(out, WEDGE_FOREIGN);
    out[0] = (uint8_t)(0xC0 | n >> 6);
    out[1] = (uint8_t)(0x80 | (n & 0x3F));
    return 2;
}

/* "789-456+1230." on the keypad, from key 71; 0: another key. */
static char keypad(uint16_t code)
{
    static const char KEYS[] = "789-456+1230.";
    if (code >= 71 && code < 71 + sizeof KEYS - 1) return KEYS[code - 71];
    if (code == 55) return '*';
    return (char)(code == 98 ? '/' : '\0');
}

static size_t type_number(struct wedge *w, uint16_t code, uint8_t out[WEDGE_BYTES_MAX])
{
    char c = keypad(code);
    if (c < '0' || c > '9' || w->digits == 4) {
        w->typed = w->digits = 0;
        return give(out, WEDGE_FOREIGN);
    }
    w->typed = w->typed * 10 + (unsigned)(c - '0');
    w->digits++;
    return 0;
}

static bool is_letter(struct slice c)
{
    return c.len > 0 &&
           ((c.ptr[0] >= 'a' && c.ptr[0] <= 'z') || (c.ptr[0] >= 'A' && c.ptr[0] <= 'Z'));
}

static struct slice letter(const struct wedge *w, uint16_t code)
{
    size_t at = position_of(code);
    bool shift = w->held & HELD_SHIFT;
    if (at == sizeof POSITIONS) return SLICE("");
    if (w->held & HELD_ALT_GR) return character(w->layout->alt_gr, at);
    if (w->caps && is_letter(character(w->layout->plain, at))) shift = !shift;
    return character(shift ? w->layout->shift : w->layout->plain, at);
}

static size_t press(struct wedge *w, uint16_t code, uint8_t out[WEDGE_BYTES_MAX])
{
    if (code == KEY_NUMLOCK || code == KEY_SCROLLLOCK) return 0;
    if (w->held & HELD_META) return give(out, WEDGE_FOREIGN);
    if (w->held & HELD_ALT) return type_number(w, code, out);
    struct slice c = letter(w, code);
    if (w->held & HELD_CTRL) return give(out, c.len == 1 && c.ptr[0] == ']' ? GS : WEDGE_FOREIGN);
    if (code == KEY_ENTER || code == KEY_KPENTER || code == KEY_TAB) return give(out, CR);
    if (keypad(code)) return give(out, (uint8_t)keypad(code));
    return give_slice(out, c);
}

size_t wedge_key(struct wedge *w, uint16_t code, bool down, uint8_t out[WEDGE_BYTES_MAX])
{
    unsigned m = modifier(code);
    if (m) {
        w->held = down ? w->held | m : w->held & ~m;
        return code == KEY_LEFTALT && !down ? give_typed(w, out) : 0;
    }
    if (!down) return 0;
    if (code == KEY_CAPSLOCK) {
        w->caps = !w->caps;
        return 0;
    }
    return press(w, code, out);
}
