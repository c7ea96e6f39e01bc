#include <string.h>

#include "firmware/config/fields.h"

/* A walk over a text already known to be valid JSON, keeping the path of where it is. */
struct line_walk {
    struct slice text;
    size_t at;
    unsigned line;
    char path[JSON_PATH_CAP];
    size_t path_len[JSON_DEPTH_MAX + 2]; /* of the container itself, by depth */
    bool array[JSON_DEPTH_MAX + 2];
    unsigned index[JSON_DEPTH_MAX + 2];
    size_t depth;
};

static void set_path(struct line_walk *w, size_t keep, struct slice step)
{
    struct buf b = buf_over(w->path, sizeof w->path - 1);
    b.len = keep;
    if (keep > 0 && step.len > 0 && step.ptr[0] != '[') buf_byte(&b, '.');
    buf_put(&b, step);
    w->path[b.len] = '\0';
}

static void enter_element(struct line_walk *w)
{
    char step[16];
    struct buf b = buf_over(step, sizeof step);
    buf_printf(&b, "[%u]", w->index[w->depth]);
    set_path(w, w->path_len[w->depth], buf_slice(&b));
}

static struct slice take_string(struct line_walk *w)
{
    size_t start = w->at + 1;
    size_t end = start;
    while (end < w->text.len && w->text.ptr[end] != '"')
        end += w->text.ptr[end] == '\\' ? 2 : 1;
    w->at = end;
    return slice_sub(w->text, start, end);
}

static bool is_key(const struct line_walk *w)
{
    size_t i = w->at + 1;
    while (i < w->text.len && strchr(" \t\r\n", w->text.ptr[i]))
        i++;
    return i < w->text.len && w->text.ptr[i] == ':';
}

static void open_container(struct line_walk *w, bool array)
{
    if (w->depth + 1 >= sizeof w->array) return;
    w->depth++;
    w->array[w->depth] = array;
    w->index[w->depth] = 0;
    w->path_len[w->depth] = strlen(w->path);
    if (array) enter_element(w);
}

static void close_container(struct line_walk *w)
{
    if (w->depth == 0) return;
    w->path[w->path_len[w->depth]] = '\0';
    w->depth--;
}

/* One byte or string of the text. */
static void step_on(struct line_walk *w)
{
    uint8_t c = w->text.ptr[w->at];
    if (c == '\n') w->line++;
    if (c == '{' || c == '[') open_container(w, c == '[');
    if (c == '}' || c == ']') close_container(w);
    if (c == ',' && w->array[w->depth]) {
        w->index[w->depth]++;
        enter_element(w);
    }
    if (c == '"') {
        struct slice s = take_string(w);
        if (!w->array[w->depth] && is_key(w)) set_path(w, w->path_len[w->depth], s);
    }
    w->at++;
}

/* An element is where its first byte is, a member where its name is. */
static unsigned line_of(struct slice text, const char *path)
{
    struct line_walk w = {.text = text, .line = 1};
    while (w.at < text.len) {
        bool blank = strchr(" \t\r\n", text.ptr[w.at]) != NULL;
        if (!blank && w.depth > 0 && strcmp(w.path, path) == 0) return w.line;
        step_on(&w);
    }
    return 0;
}

/* Cuts the last step off; false when nothing is left. */
static bool to_parent(char *path)
{
    char *dot = strrchr(path, '.');
    char *bracket = strrchr(path, '[');
    char *cut = dot > bracket ? dot : bracket;
    if (!cut) return false;
    *cut = '\0';
    return true;
}

unsigned config_line(struct slice text, const char *path)
{
    char here[JSON_PATH_CAP];
    if (slice_copy(slice_text(path), here, sizeof here) != ERR_OK) return 1;
    unsigned line = line_of(text, here);
    while (line == 0 && to_parent(here))
        line = line_of(text, here);
    return line > 0 ? line : 1;
}
