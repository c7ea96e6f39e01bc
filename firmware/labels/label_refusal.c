#include "firmware/labels/label_refusal.h"

#include <string.h>

/* What a refusal is called and what is to be done about it. */
static const struct {
    const char *rule;
    const char *next_step;
} rules[] = {
    {"label.empty", "Ask Clarus for the label document again."},
    {"label.too_large", "Ask the carrier or Clarus for a smaller document."},
    {"label.not_pdf", "Look at the document in Clarus; print it there if it is a label."},
    {"label.damaged", "Fetch the label again; if it stays damaged, void and buy a new one."},
    {"label.words", "Check fonts and template of this label with the carrier's integration."},
    {"label.limits", "Look at the document in Clarus; it is not an ordinary label."},
    {"label.no_rasteriser", "Install poppler-utils on this station, then try again."},
    {"label.pages", "Correct the label template in Clarus: one page for each parcel."},
    {"label.language", "Ask the carrier for labels as PDF, or set up a printer that speaks ZPL."},
    {"label.wrong_size", "Set the label size in Clarus to the size of this station's labels."},
    {"label.blank", "Fetch the label again; if it stays empty, void and buy a new one."},
    {"label.foreign", "Do not print. Compare the label with its shipment in Clarus."},
    {"label.ambiguous", "Do not print. Compare the label with its shipment in Clarus."},
    {"label.twice", "Do not print. Compare the label with its shipment in Clarus."},
    {"label.zpl", "Have the carrier's integration send PDF, or correct its ZPL template."},
    {"label.too_complex", "Ask for a simpler label; its picture does not fit the printer job."},
};

struct buf label_refusal(struct labels_result *r, const char *rule)
{
    *r = (struct labels_result){.error = ERR_REFUSED};
    err_ignore(slice_copy(slice_text(rule), r->rule, sizeof r->rule));
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (strcmp(rules[i].rule, rule) != 0) continue;
        err_ignore(slice_copy(slice_text(rules[i].next_step), r->next_step, sizeof r->next_step));
    }
    return buf_over(r->text, sizeof r->text - 1);
}

err_t label_refuse(struct labels_result *r, const char *rule, const char *text)
{
    struct buf b = label_refusal(r, rule);
    buf_text(&b, text);
    return ERR_REFUSED;
}
