#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "firmware/base/text.h"
#include "firmware/config/fields.h"

#define DEPTH_MAX 6 /* site > list > object > object, with room */

/* One object being read, and how far. */
struct frame {
    const struct shape *shape;
    json_node node; /* NULL: absent, only defaults are filled in */
    uint8_t *out;
    size_t next;       /* field to read next */
    json_node element; /* of the list field before `next`; NULL: none left */
    size_t element_nth;
    size_t path_len;
};

struct reader {
    struct slice text;
    const char *file;
    struct config_faults *faults;
    char path[JSON_PATH_CAP];
    struct frame frames[DEPTH_MAX];
    size_t depth; /* frames in use */
};

/* ------------------------------------------------------------------------------------- faults --
 */

static void set_path(struct reader *r, size_t keep, const char *key, size_t nth)
{
    struct buf b = buf_over(r->path, sizeof r->path - 1);
    b.len = keep;
    if (keep > 0 && key) buf_byte(&b, '.');
    if (key)
        text_visible(&b, slice_text(key), 40);
    else
        buf_printf(&b, "[%zu]", nth);
    r->path[b.len] = '\0';
}

static struct config_fault *fault_here(struct reader *r)
{
    return config_fault_add(r->faults, r->file, r->path, config_line(r->text, r->path));
}

static void put_value(struct config_fault *f, json_node node)
{
    uint8_t raw[256];
    struct buf rendered = buf_over(raw, sizeof raw);
    struct buf shown = buf_over(f->value, sizeof f->value - 1);
    if (!node) return;
    json_render(node, &rendered);
    text_visible(&shown, buf_slice(&rendered), 50);
    f->value[shown.len] = '\0';
}

static void fault_value(struct reader *r, const struct field *field, json_node node,
                        const char *reason)
{
    struct config_fault *f = fault_here(r);
    bool address = slice_find_byte(json_text(node), '@') < json_text(node).len;
    if (!field->hidden && !address) put_value(f, node);
    (void)snprintf(f->reason, sizeof f->reason, "%s", reason);
    if (field->hidden)
        (void)snprintf(f->next_step, sizeof f->next_step,
                       "name the secret here; its contents go to the credentials directory");
}

static void fault_missing(struct reader *r, const struct field *field)
{
    struct config_fault *f = fault_here(r);
    (void)snprintf(f->reason, sizeof f->reason, "is missing");
    (void)snprintf(f->next_step, sizeof f->next_step, "add \"%s\"", field->key);
}

static void list_keys(const struct shape *shape, char *out, size_t cap)
{
    struct buf b = buf_over(out, cap - 1);
    buf_text(&b, "known keys:");
    for (size_t i = 0; i < shape->count; i++) {
        buf_text(&b, i == 0 ? " " : ", ");
        buf_text(&b, shape->fields[i].key);
    }
    out[b.len] = '\0';
}

static void fault_unknown(struct reader *r, const struct shape *shape, struct slice name)
{
    struct config_fault *f = fault_here(r);
    const char *nearest = config_nearest_key(shape, name);
    (void)snprintf(f->reason, sizeof f->reason, "unknown key");
    if (nearest)
        (void)snprintf(f->next_step, sizeof f->next_step, "did you mean \"%s\"?", nearest);
    else
        list_keys(shape, f->next_step, sizeof f->next_step);
}

/* ------------------------------------------------------------------------------- single values --
 */

static void put_number(uint8_t *at, size_t size, int64_t value)
{
    uint8_t u8 = (uint8_t)value;
    uint16_t u16 = (uint16_t)value;
    uint32_t u32 = (uint32_t)value;
    assert(size == 1 || size == 2 || size == 4);
    if (size == 1)
        memcpy(at, &u8, size);
    else if (size == 2)
        memcpy(at, &u16, size);
    else
        memcpy(at, &u32, size);
}

static void read_number(struct reader *r, const struct field *field, json_node node, uint8_t *at)
{
    int64_t value = field->number;
    char reason[64];
    bool either = field->kind == FIELD_EITHER;
    bool ok = !node || (json_kind(node) == JSON_NUMBER &&
                        json_int(node, field->min, field->max, &value) == ERR_OK);
    if (ok && node && either) ok = value == field->min || value == field->max;
    if (ok) {
        put_number(at, field->cap, value);
        return;
    }
    (void)snprintf(reason, sizeof reason, "must be a whole number, %lld %s %lld",
                   (long long)field->min, either ? "or" : "to", (long long)field->max);
    fault_value(r, field, node, reason);
}

static void read_hex(struct reader *r, const struct field *field, json_node node, uint8_t *at)
{
    struct slice text = json_text(node);
    uint32_t value = 0;
    bool ok = json_kind(node) == JSON_STRING && text.len == 4;
    for (size_t i = 0; i < text.len && ok; i++) {
        const char *digits = "0123456789abcdef";
        const char *digit = text.ptr[i] != '\0' ? strchr(digits, text.ptr[i] | 0x20) : NULL;
        ok = digit != NULL;
        if (ok) value = value * 16 + (uint32_t)(digit - digits);
    }
    if (!node) return;
    if (ok)
        put_number(at, field->cap, value);
    else
        fault_value(r, field, node, "must be four hexadecimal digits in quotes, as lsusb shows");
}

static void read_bool(struct reader *r, const struct field *field, json_node node, uint8_t *at)
{
    bool value = json_bool(node, field->number != 0);
    if (!node || json_kind(node) == JSON_BOOL)
        memcpy(at, &value, sizeof value);
    else
        fault_value(r, field, node, "must be true or false");
}

static bool has_control(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < 0x20 || text.ptr[i] == 0x7F) return true;
    }
    return false;
}

static const char *broken_text_rule(const struct field *field, struct slice text)
{
    if (text.len == 0 && field->min > 0) return "must not be empty";
    if (text.len == 0) return NULL;
    if ((int64_t)text.len < field->min) return "is too short";
    if (field->rule) return field->rule(text);
    return has_control(text) ? "must have no control character" : NULL;
}

static void check_text(struct reader *r, const struct field *field, json_node node, uint8_t *at)
{
    char reason[96];
    const char *broken = NULL;
    if (json_kind(node) != JSON_STRING)
        broken = "must be a text in quotes";
    else if (json_text(node).len >= field->cap) {
        (void)snprintf(reason, sizeof reason, "must be at most %zu bytes", field->cap - 1);
        broken = reason;
    } else
        broken = broken_text_rule(field, json_text(node));
    if (!broken && json_string(node, (char *)at, field->cap) != ERR_OK) broken = "is no valid text";
    if (broken) fault_value(r, field, node, broken);
}

static void read_text(struct reader *r, const struct field *field, json_node node, uint8_t *at)
{
    if (node)
        check_text(r, field, node, at);
    else
        (void)snprintf((char *)at, field->cap, "%s", field->text ? field->text : "");
}

/* Takes the next word off *rest; empty at the end. */
static struct slice next_word(struct slice *rest)
{
    *rest = slice_trim(*rest);
    size_t end = slice_find_byte(*rest, ' ');
    struct slice word = slice_sub(*rest, 0, end);
    *rest = slice_sub(*rest, end, rest->len);
    return word;
}

/* Index of `text` among the field's words, -1 when it is none. */
static int word_index(const struct field *field, struct slice text)
{
    struct slice rest = slice_text(field->words);
    struct slice word = next_word(&rest);
    for (int i = 0; word.len > 0; i++) {
        if (slice_eq(word, text)) return i;
        word = next_word(&rest);
    }
    return -1;
}

static void read_word(struct reader *r, const struct field *field, json_node node, uint8_t *at)
{
    struct slice text = node ? json_text(node) : slice_text(field->text);
    int index = word_index(field, text);
    if (index < 0) {
        char reason[96];
        (void)snprintf(reason, sizeof reason, "must be one of: %s", field->words);
        fault_value(r, field, node, reason);
        return;
    }
    if (field->kind == FIELD_CHOICE)
        put_number(at, field->cap, index);
    else
        (void)snprintf((char *)at, field->cap, "%.*s", SLICE_ARGS(text));
}

static void default_words(const struct field *field, uint8_t *at)
{
    struct slice rest = slice_text(field->text);
    struct slice word = next_word(&rest);
    for (size_t i = 0; word.len > 0 && i < field->list_max; i++) {
        (void)snprintf((char *)at + i * field->cap, field->cap, "%.*s", SLICE_ARGS(word));
        word = next_word(&rest);
    }
}

static bool list_fits(struct reader *r, const struct field *field, json_node node)
{
    char reason[64];
    size_t least = field->kind == FIELD_WORDS ? 1 : 0;
    size_t count = json_count(node);
    if (json_kind(node) == JSON_ARRAY && count >= least && count <= field->list_max) return true;
    (void)snprintf(reason, sizeof reason, "must be a list of %zu to %zu", least, field->list_max);
    fault_value(r, field, node, reason);
    return false;
}

static void read_words(struct reader *r, const struct field *field, json_node node, uint8_t *at)
{
    size_t path_len = strlen(r->path);
    if (!node) {
        default_words(field, at);
        return;
    }
    if (!list_fits(r, field, node)) return;
    size_t nth = 0;
    for (json_node e = json_first(node); e; e = json_next(e)) {
        set_path(r, path_len, NULL, nth);
        check_text(r, field, e, at + nth * field->cap);
        nth++;
    }
}

/* ------------------------------------------------------------------------------------ objects --
 */

static const struct field *find_field(const struct shape *shape, struct slice name)
{
    for (size_t i = 0; i < shape->count; i++) {
        if (slice_is(name, shape->fields[i].key)) return &shape->fields[i];
    }
    return NULL;
}

static void refuse_unknown_keys(struct reader *r, const struct shape *shape, json_node object)
{
    size_t path_len = strlen(r->path);
    for (json_node m = json_first(object); m; m = json_next(m)) {
        char key[64];
        struct slice name = json_name(m);
        if (find_field(shape, name)) continue;
        if (slice_copy(slice_sub(name, 0, sizeof key - 1), key, sizeof key) != ERR_OK)
            key[0] = '\0';
        set_path(r, path_len, key, 0);
        fault_unknown(r, shape, name);
        r->path[path_len] = '\0';
    }
}

static void push(struct reader *r, const struct shape *shape, json_node node, uint8_t *out)
{
    assert(r->depth < DEPTH_MAX);
    if (node && json_kind(node) != JSON_OBJECT) {
        struct field any = {.key = ""};
        fault_value(r, &any, node, "must be an object in braces");
        return;
    }
    if (node) refuse_unknown_keys(r, shape, node);
    r->frames[r->depth] =
        (struct frame){.shape = shape, .node = node, .out = out, .path_len = strlen(r->path)};
    r->depth++;
}

static void begin_object(struct reader *r, const struct field *field, json_node node, uint8_t *out)
{
    bool present = node != NULL;
    if (field->optional) {
        memcpy(out + field->count_at, &present, sizeof present);
        if (!present) return;
    }
    push(r, field->shape, node, out + field->at);
}

static void begin_list(struct reader *r, const struct field *field, json_node node, uint8_t *out)
{
    if (!node || !list_fits(r, field, node)) return;
    struct frame *f = &r->frames[r->depth - 1];
    size_t count = json_count(node);
    memcpy(out + field->count_at, &count, sizeof count);
    f->element = json_first(node);
    f->element_nth = 0;
}

static void read_field(struct reader *r, const struct field *field, json_node node, uint8_t *out)
{
    typedef void read_fn(struct reader *, const struct field *, json_node, uint8_t *);
    static read_fn *const readers[] = {
        [FIELD_TEXT] = read_text,     [FIELD_WORD] = read_word,     [FIELD_WORDS] = read_words,
        [FIELD_CHOICE] = read_word,   [FIELD_NUMBER] = read_number, [FIELD_EITHER] = read_number,
        [FIELD_HEX] = read_hex,       [FIELD_BOOL] = read_bool,     [FIELD_OBJECT] = begin_object,
        [FIELD_OBJECTS] = begin_list, [FIELD_IGNORED] = NULL,
    };
    bool container = field->kind == FIELD_OBJECT || field->kind == FIELD_OBJECTS;
    if (!node && field->required) {
        fault_missing(r, field);
        return;
    }
    if (readers[field->kind])
        readers[field->kind](r, field, node, container ? out : out + field->at);
}

/* The next element of the list begun last; false when there is none. */
static bool step_element(struct reader *r, struct frame *f)
{
    if (!f->element) return false;
    const struct field *list = &f->shape->fields[f->next - 1];
    json_node element = f->element;
    set_path(r, f->path_len, list->key, 0);
    set_path(r, strlen(r->path), NULL, f->element_nth);
    uint8_t *out = f->out + list->at + f->element_nth * list->shape->size;
    f->element = json_next(element);
    f->element_nth++;
    push(r, list->shape, element, out);
    return true;
}

static void step(struct reader *r)
{
    struct frame *f = &r->frames[r->depth - 1];
    if (step_element(r, f)) return;
    if (f->next == f->shape->count) {
        r->depth--;
        return;
    }
    const struct field *field = &f->shape->fields[f->next++];
    set_path(r, f->path_len, field->key, 0);
    read_field(r, field, json_member(f->node, field->key), f->out);
}

static void fault_syntax(struct reader *r, const struct json_fault *fault)
{
    bool below_root = fault->path[0] == '$' && fault->path[1] != '\0';
    const char *path = below_root ? fault->path + (fault->path[1] == '.' ? 2 : 1) : "";
    unsigned line = fault->line > 0 ? fault->line : config_line(r->text, path);
    struct config_fault *f = config_fault_add(r->faults, r->file, path, line);
    (void)snprintf(f->reason, sizeof f->reason, "is not valid JSON: %s", fault->reason);
}

err_t config_fields_read(struct slice text, const char *file, const struct shape *shape, void *out,
                         struct config_faults *faults)
{
    AUTO_JSON struct json_doc *doc = NULL;
    struct json_fault fault = {.line = 0};
    size_t before = faults->count;
    struct reader r = {.text = text, .file = file, .faults = faults};
    err_t e = json_parse(text, &doc, &fault);
    if (e == ERR_PROTO) {
        fault_syntax(&r, &fault);
        return ERR_INVALID;
    }
    if (e) return e;
    push(&r, shape, json_root(doc), out);
    while (r.depth > 0)
        step(&r);
    return faults->count == before ? ERR_OK : ERR_INVALID;
}
