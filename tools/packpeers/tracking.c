#include "tools/packpeers/tracking.h"

#include <stdio.h>

static int alnum_value(uint8_t c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'Z') return c - 'A' + 10;
    return -1;
}

char tracking_mod37(struct slice text)
{
    static const char characters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    int product = 36;
    for (size_t i = 0; i < text.len; i++) {
        int v = alnum_value(text.ptr[i]);
        if (v < 0) return 0;
        int sum = (product + v) % 36;
        product = (sum == 0 ? 36 : sum) * 2 % 37;
    }
    return characters[(37 - product) % 36];
}

char tracking_s10(struct slice digits)
{
    static const int weights[8] = {8, 6, 4, 2, 3, 5, 9, 7};
    int sum = 0;
    if (digits.len != 8) return 0;
    for (size_t i = 0; i < 8; i++)
        sum += weights[i] * (digits.ptr[i] - '0');
    int check = 11 - sum % 11;
    return (char)('0' + (check == 10 ? 0 : check == 11 ? 5 : check));
}

char tracking_gs1(struct slice digits)
{
    int sum = 0;
    for (size_t i = 0; i < digits.len; i++)
        sum += (digits.ptr[digits.len - 1 - i] - '0') * (i % 2 == 0 ? 3 : 1);
    return (char)('0' + (10 - sum % 10) % 10);
}

const char *tracking_make(struct peers *p, const char *carrier, uint32_t serial)
{
    char text[32];
    if (text_same(carrier, "DPD")) {
        (void)snprintf(text, sizeof text, "1550%10u", 1234500000u + serial % 100000000u);
        return world_print(p, "%s%c", text, tracking_mod37(slice_text(text)));
    }
    if (text_same(carrier, "ROYALMAIL")) {
        (void)snprintf(text, sizeof text, "%08u", (47100000u + serial) % 100000000u);
        return world_print(p, "RB%s%cGB", text, tracking_s10(slice_text(text)));
    }
    return world_print(p, "JD00022200%08u", (unsigned)(serial % 100000000u));
}
