/* Compiles texts with {placeholders} and renders them for one person. Compiling splits the source
 * into literals and slots once; rendering only copies. What people may have meant by a misspelt
 * placeholder is personalize_hint.c. */
#include "domain/personalize.h"

#include "base/json.h"

enum slot {
    SLOT_LITERAL, /* no placeholder follows the literal */
    SLOT_NAME,
    SLOT_FIRST_NAME,
    SLOT_PHONE,
    SLOT_DAY,
    SLOT_SEQUENCE,
    SLOT_OPT_OUT_LINK,
    SLOT_FIELD,
};

struct piece {
    struct text literal; /* goes before the slot */
    enum slot slot;
    bool has_fallback;
    struct text name;
    struct text fallback;
};

struct personalize {
    struct piece *pieces;
    size_t count;
    struct personalize_use *uses;
    size_t use_count;
    bool uses_fields;
    bool suspect;
    size_t suspect_at;
};

static const struct {
    struct text name;
    enum slot slot;
} BUILT_INS[] = {
    {TEXT_INIT("name"), SLOT_NAME},         {TEXT_INIT("first_name"), SLOT_FIRST_NAME},
    {TEXT_INIT("phone"), SLOT_PHONE},       {TEXT_INIT("day"), SLOT_DAY},
    {TEXT_INIT("sequence"), SLOT_SEQUENCE}, {TEXT_INIT("opt_out_link"), SLOT_OPT_OUT_LINK},
};
static const struct text NOBODY = TEXT_INIT("there");
enum { PLACEHOLDER_NAME_MAX = 64 };

static enum slot slot_of(struct text name)
{
    for (size_t i = 0; i < ARRAY_SIZE(BUILT_INS); i++) {
        if (text_equal_ignore_case(name, BUILT_INS[i].name)) {
            return BUILT_INS[i].slot;
        }
    }
    return SLOT_FIELD;
}

/* Trims ASCII white space and the no-break space, which spreadsheets leave behind. */
static struct text trim(struct text text)
{
    for (;;) {
        struct text trimmed = text_trim(text);
        if (text_starts_with(trimmed, TEXT("\xc2\xa0"))) {
            trimmed = text_skip(trimmed, 2);
        }
        if (text_ends_with(trimmed, TEXT("\xc2\xa0"))) {
            trimmed = text_head(trimmed, trimmed.size - 2);
        }
        if (trimmed.size == text.size) {
            return trimmed;
        }
        text = trimmed;
    }
}

static bool is_name_byte(char byte)
{
    unsigned char value = (unsigned char)byte;
    return (value >= 'a' && value <= 'z') || (value >= 'A' && value <= 'Z') ||
           (value >= '0' && value <= '9') || value == '_' || value == '-' || value == '.' ||
           value == ' ' || value >= 0x80;
}

/* Reads "name}" or "name|fallback}" at the start of `text`. Advances only on success. */
static bool read_placeholder(struct text *text, struct piece *piece)
{
    size_t close = 0;
    if (!text_find(*text, '}', &close)) {
        return false;
    }
    struct text inside = text_head(*text, close);
    struct text name = inside;
    size_t bar = 0;
    bool has_fallback = text_find(inside, '|', &bar);
    if (has_fallback) {
        name = text_head(inside, bar);
        piece->fallback = trim(text_skip(inside, bar + 1));
    }
    for (size_t i = 0; i < name.size; i++) {
        if (!is_name_byte(name.data[i])) {
            return false;
        }
    }
    name = trim(name);
    if (name.size == 0 || name.size > PLACEHOLDER_NAME_MAX ||
        text_find(inside, '{', &(size_t){0})) {
        return false;
    }
    piece->name = name;
    piece->has_fallback = has_fallback;
    piece->slot = slot_of(name);
    *text = text_skip(*text, close + 1);
    return true;
}

/* "{{name}}": how other tools write placeholders, so probably no literal brace was meant. */
static bool looks_doubled(struct text after_braces)
{
    struct piece piece = {0};
    struct text rest = after_braces;
    return read_placeholder(&rest, &piece) && rest.size > 0 && rest.data[0] == '}';
}

static void note_suspect(struct personalize *compiled, size_t offset)
{
    if (!compiled->suspect) {
        compiled->suspect = true;
        compiled->suspect_at = offset;
    }
}

static void note_use(struct personalize *compiled, const struct piece *piece, size_t offset)
{
    /* Among the built-in ones only a phone can be missing, as people known by user id have none,
     * and the link while the server does not know its own address. */
    bool never_missing =
        piece->slot != SLOT_FIELD && piece->slot != SLOT_PHONE && piece->slot != SLOT_OPT_OUT_LINK;
    compiled->uses[compiled->use_count++] = (struct personalize_use){
        .name = piece->name,
        .built_in = piece->slot != SLOT_FIELD,
        .has_fallback = piece->has_fallback || never_missing,
        .offset = offset,
    };
    compiled->uses_fields =
        compiled->uses_fields || piece->slot == SLOT_FIELD || piece->slot == SLOT_FIRST_NAME;
}

static size_t count_byte(struct text text, char byte)
{
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++) {
        count += text.data[i] == byte ? 1 : 0;
    }
    return count;
}

struct personalize *personalize_compile(struct arena *arena, struct text source)
{
    struct personalize *compiled = arena_alloc(arena, sizeof(*compiled));
    struct text copy = arena_text(arena, source);
    size_t most = count_byte(source, '{') + 1;
    compiled->pieces = arena_array(arena, most, sizeof(*compiled->pieces));
    compiled->uses = arena_array(arena, most, sizeof(*compiled->uses));
    /* Literals without their doubled braces; never longer than the source. */
    char *plain = arena_alloc(arena, source.size + 1);
    size_t plain_size = 0;
    size_t literal_from = 0;
    struct text rest = copy;
    while (rest.size > 0) {
        size_t offset = copy.size - rest.size;
        char byte = rest.data[0];
        bool doubled = rest.size > 1 && rest.data[1] == byte;
        rest = text_skip(rest, 1);
        if (byte == '{' && !doubled) {
            struct piece piece = {0};
            if (read_placeholder(&rest, &piece)) {
                piece.literal = text_make(plain + literal_from, plain_size - literal_from);
                literal_from = plain_size;
                compiled->pieces[compiled->count++] = piece;
                note_use(compiled, &piece, offset);
                continue;
            }
            note_suspect(compiled, offset);
        } else if (doubled && (byte == '{' || byte == '}')) {
            rest = text_skip(rest, 1);
            if (byte == '{' && looks_doubled(rest)) {
                note_suspect(compiled, offset);
            }
        }
        plain[plain_size++] = byte;
    }
    compiled->pieces[compiled->count++] =
        (struct piece){.slot = SLOT_LITERAL,
                       .literal = text_make(plain + literal_from, plain_size - literal_from)};
    return compiled;
}

const struct personalize_use *personalize_uses(const struct personalize *compiled,
                                               size_t *ret_count)
{
    *ret_count = compiled->use_count;
    return compiled->uses;
}

bool personalize_suspect(const struct personalize *compiled, size_t *ret_offset)
{
    if (compiled->suspect) {
        *ret_offset = compiled->suspect_at;
    }
    return compiled->suspect;
}

struct text personalize_first_name(struct text name)
{
    struct text trimmed = trim(name);
    for (size_t i = 0; i < trimmed.size; i++) {
        if (trimmed.data[i] == ' ' || trimmed.data[i] == '\t' || trimmed.data[i] == '\n') {
            return text_head(trimmed, i);
        }
    }
    return trimmed;
}

static struct text find_field(const struct personalize_facts *facts, struct text name)
{
    struct text near = {0};
    for (size_t i = 0; i < facts->field_count; i++) {
        const struct personalize_field *field = &facts->fields[i];
        if (text_equal(field->name, name)) {
            return trim(field->value);
        }
        if (near.size == 0 && text_equal_ignore_case(field->name, name)) {
            near = trim(field->value);
        }
    }
    return near;
}

/* The value of a placeholder, empty when the person has none. `digits` is room for a number. */
static struct text value_of(const struct piece *piece, const struct personalize_facts *facts,
                            char digits[16])
{
    switch (piece->slot) {
    case SLOT_LITERAL:
        break;
    case SLOT_NAME:
        return trim(facts->name);
    case SLOT_FIRST_NAME: {
        struct text first = personalize_first_name(facts->name);
        return first.size > 0 ? first : find_field(facts, piece->name);
    }
    case SLOT_PHONE:
        return trim(facts->phone);
    case SLOT_DAY: {
        size_t at = 16;
        int32_t day = facts->day > 0 ? facts->day : 0;
        do {
            digits[--at] = (char)('0' + day % 10);
            day /= 10;
        } while (day > 0);
        return text_make(digits + at, 16 - at);
    }
    case SLOT_SEQUENCE:
        return trim(facts->sequence);
    case SLOT_OPT_OUT_LINK:
        return facts->opt_out_link;
    case SLOT_FIELD:
        return find_field(facts, piece->name);
    }
    return (struct text){0};
}

static bool may_stay_in_url(unsigned char byte, bool keep_reserved)
{
    if ((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
        (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' || byte == '_' || byte == '~') {
        return true;
    }
    return keep_reserved && byte != '\0' && strchr("/:?#[]@!$&'()*+,;=%", byte) != NULL;
}

static void add_url_part(struct buffer *out, struct text value, bool keep_reserved)
{
    static const char HEX[] = "0123456789ABCDEF";
    for (size_t i = 0; i < value.size; i++) {
        unsigned char byte = (unsigned char)value.data[i];
        if (may_stay_in_url(byte, keep_reserved)) {
            buffer_add_byte(out, (char)byte);
        } else {
            char escape[3] = {'%', HEX[byte >> 4], HEX[byte & 15]};
            buffer_add(out, escape, sizeof(escape));
        }
    }
}

/* A template's parameter takes no new line, tab or run of spaces: each run of white space becomes
 * one space, and the ends are trimmed. Works on what was appended since `from`. */
static void squeeze(struct buffer *out, size_t from)
{
    if (out->size <= from || out->overflowed) {
        return;
    }
    size_t to = from;
    bool space = true; /* swallows what leads */
    for (size_t i = from; i < out->size; i++) {
        unsigned char byte = (unsigned char)out->data[i];
        if (byte == ' ' || (byte >= '\t' && byte <= '\r')) {
            if (!space) {
                out->data[to++] = ' ';
            }
            space = true;
        } else {
            out->data[to++] = (char)byte;
            space = false;
        }
    }
    if (to > from && out->data[to - 1] == ' ') {
        to--;
    }
    out->size = to;
    out->data[to] = '\0';
}

static void missing(struct error *error, struct text name)
{
    char field[PLACEHOLDER_NAME_MAX + 1];
    size_t size = name.size < sizeof(field) - 1 ? name.size : sizeof(field) - 1;
    memcpy(field, name.data, size);
    field[size] = '\0';
    (void)error_field(error, field, "missing_field",
                      "the contact has no \"%s\" and the text has no fallback for it", field);
}

/* Drops what was appended since `from`. */
static void take_back(struct buffer *out, size_t from)
{
    if (out->data != NULL && out->size > from) {
        out->size = from;
        out->data[from] = '\0';
    }
}

enum error_code personalize_render(const struct personalize *compiled,
                                   const struct personalize_facts *facts,
                                   enum personalize_place place, struct buffer *out,
                                   struct error *error)
{
    size_t from = out->size;
    bool complete = true;
    /* A whole address in one field keeps its slashes; a value inside an address does not. */
    bool whole = compiled->count == 2 && compiled->pieces[0].literal.size == 0 &&
                 compiled->pieces[1].literal.size == 0;
    for (size_t i = 0; i < compiled->count; i++) {
        const struct piece *piece = &compiled->pieces[i];
        buffer_add_text(out, piece->literal);
        if (piece->slot == SLOT_LITERAL) {
            continue;
        }
        char digits[16];
        struct text value = value_of(piece, facts, digits);
        if (value.size == 0) {
            bool named = piece->slot == SLOT_NAME || piece->slot == SLOT_FIRST_NAME;
            value = piece->has_fallback ? piece->fallback : named ? NOBODY : value;
            if (value.size == 0 && !piece->has_fallback) {
                missing(error, piece->name);
                complete = false;
            }
        }
        if (place == PERSONALIZE_URL) {
            add_url_part(out, value, whole);
        } else {
            buffer_add_text(out, value);
        }
    }
    if (complete && place == PERSONALIZE_PARAMETER) {
        squeeze(out, from);
        /* WhatsApp refuses an empty parameter, so an empty fallback does not help there. */
        if (out->size == from && !out->overflowed) {
            missing(error, compiled->use_count > 0 ? compiled->uses[0].name : TEXT("parameter"));
            complete = false;
        }
    }
    if (!complete) {
        take_back(out, from);
        return ERROR_INVALID;
    }
    return OK;
}

enum error_code personalize_once(struct arena *arena, struct text source,
                                 const struct personalize_facts *facts,
                                 enum personalize_place place, struct text *ret_text,
                                 struct error *error)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer out;
    buffer_init(&out, (size_t)1 << 20);
    enum error_code code =
        personalize_render(personalize_compile(arena, source), facts, place, &out, error);
    if (code == OK && buffer_overflowed(&out)) {
        code = error_set(error, ERROR_TOO_BIG, "the text is too long with this person's fields");
    }
    if (code == OK) {
        *ret_text = arena_text(arena, buffer_text(&out));
    }
    return code;
}

static void free_json(void *json)
{
    json_free(json);
}

static bool field_text(struct arena *arena, const struct json *value, struct text *ret_text)
{
    int64_t integer = 0;
    double number = 0;
    bool flag = false;
    if (json_text(value, ret_text)) {
        return true;
    }
    if (json_int64(value, &integer)) {
        *ret_text = arena_format(arena, "%lld", (long long)integer);
        return true;
    }
    if (json_number(value, &number)) {
        *ret_text = arena_format(arena, "%.15g", number);
        return true;
    }
    if (json_bool(value, &flag)) {
        *ret_text = flag ? TEXT("true") : TEXT("false");
        return true;
    }
    return false;
}

enum error_code personalize_load_fields(struct arena *arena, struct text fields_json,
                                        struct personalize_facts *facts, struct error *error)
{
    facts->fields = NULL;
    facts->field_count = 0;
    if (fields_json.size <= 2) {
        return OK; /* "" or "{}" */
    }
    struct json *json = NULL;
    enum error_code code = json_parse(fields_json, NULL, &json, error);
    if (code != OK) {
        return code;
    }
    arena_on_reset(arena, free_json, json);
    struct personalize_field *fields = arena_array(arena, json_count(json) + 1, sizeof(*fields));
    size_t count = 0;
    struct json_iterator at = {0};
    while (json_iterate(json, &at)) {
        if (field_text(arena, at.value, &fields[count].value)) {
            fields[count++].name = at.name;
        }
    }
    facts->fields = fields;
    facts->field_count = count;
    return OK;
}
