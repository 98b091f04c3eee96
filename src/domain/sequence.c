/* What a sequence is made of: the text names of its enums, defaults, order of steps, copies.
 * Reading and writing JSON is sequence_json.c, judging it sequence_lint.c, time schedule.c. */
#include "domain/sequence.h"

#include <stdlib.h>

struct name {
    const char *name;
    int value;
};

static const struct name STATUS_NAMES[] = {
    {"draft", SEQUENCE_DRAFT},
    {"active", SEQUENCE_ACTIVE},
    {"paused", SEQUENCE_PAUSED},
    {"archived", SEQUENCE_ARCHIVED},
};
static const struct name ON_REPLY_NAMES[] = {
    {"continue", ON_REPLY_CONTINUE},
    {"pause", ON_REPLY_PAUSE},
    {"stop", ON_REPLY_STOP},
};
static const struct name REENROLL_NAMES[] = {
    {"never", REENROLL_NEVER},
    {"after_completion", REENROLL_AFTER_COMPLETION},
    {"restart", REENROLL_RESTART},
};
static const struct name LATE_NAMES[] = {
    {"skip", LATE_SKIP},
    {"send", LATE_SEND},
    {"stop", LATE_STOP},
};
static const struct name STEP_TYPE_NAMES[] = {
    {"text", STEP_TEXT},
    {"media", STEP_MEDIA},
    {"template", STEP_TEMPLATE},
};
static const struct name MEDIA_TYPE_NAMES[] = {
    {"image", MEDIA_IMAGE},
    {"video", MEDIA_VIDEO},
    {"document", MEDIA_DOCUMENT},
    {"audio", MEDIA_AUDIO},
};
static const struct name HEADER_TYPE_NAMES[] = {
    {"text", HEADER_TEXT},         {"image", HEADER_IMAGE},       {"video", HEADER_VIDEO},
    {"document", HEADER_DOCUMENT}, {"location", HEADER_LOCATION},
};
static const struct name BUTTON_TYPE_NAMES[] = {
    {"quick_reply", BUTTON_QUICK_REPLY},
    {"url", BUTTON_URL},
    {"copy_code", BUTTON_COPY_CODE},
};

static const char *name_of(const struct name *names, size_t count, int value)
{
    for (size_t i = 0; i < count; i++) {
        if (names[i].value == value) {
            return names[i].name;
        }
    }
    return "";
}

static bool value_of(const struct name *names, size_t count, struct text text, int *ret_value)
{
    for (size_t i = 0; i < count; i++) {
        if (text_equal(text, text_from(names[i].name))) {
            *ret_value = names[i].value;
            return true;
        }
    }
    return false;
}

/* Both directions of one table. */
#define DEFINE_NAMES(function, type, table)                                                        \
    const char *function##_to_text(type value)                                                     \
    {                                                                                              \
        return name_of(table, ARRAY_SIZE(table), (int)value);                                      \
    }                                                                                              \
    bool function##_from_text(struct text text, type *ret_value)                                   \
    {                                                                                              \
        int value = 0;                                                                             \
        if (!value_of(table, ARRAY_SIZE(table), text, &value)) {                                   \
            return false;                                                                          \
        }                                                                                          \
        *ret_value = (type)value;                                                                  \
        return true;                                                                               \
    }                                                                                              \
    struct names_semicolon

DEFINE_NAMES(sequence_status, enum sequence_status, STATUS_NAMES);
DEFINE_NAMES(on_reply, enum on_reply, ON_REPLY_NAMES);
DEFINE_NAMES(reenroll, enum reenroll, REENROLL_NAMES);
DEFINE_NAMES(late_action, enum late_action, LATE_NAMES);
DEFINE_NAMES(step_type, enum step_type, STEP_TYPE_NAMES);
DEFINE_NAMES(media_type, enum media_type, MEDIA_TYPE_NAMES);
DEFINE_NAMES(header_type, enum header_type, HEADER_TYPE_NAMES);
DEFINE_NAMES(button_type, enum button_type, BUTTON_TYPE_NAMES);

enum media_type media_type_of_url(struct text url)
{
    static const struct {
        struct text ending;
        enum media_type type;
    } ENDINGS[] = {
        {TEXT_INIT("jpg"), MEDIA_IMAGE},    {TEXT_INIT("jpeg"), MEDIA_IMAGE},
        {TEXT_INIT("png"), MEDIA_IMAGE},    {TEXT_INIT("webp"), MEDIA_IMAGE},
        {TEXT_INIT("mp4"), MEDIA_VIDEO},    {TEXT_INIT("3gp"), MEDIA_VIDEO},
        {TEXT_INIT("3gpp"), MEDIA_VIDEO},   {TEXT_INIT("pdf"), MEDIA_DOCUMENT},
        {TEXT_INIT("doc"), MEDIA_DOCUMENT}, {TEXT_INIT("docx"), MEDIA_DOCUMENT},
        {TEXT_INIT("xls"), MEDIA_DOCUMENT}, {TEXT_INIT("xlsx"), MEDIA_DOCUMENT},
        {TEXT_INIT("ppt"), MEDIA_DOCUMENT}, {TEXT_INIT("pptx"), MEDIA_DOCUMENT},
        {TEXT_INIT("txt"), MEDIA_DOCUMENT}, {TEXT_INIT("csv"), MEDIA_DOCUMENT},
        {TEXT_INIT("aac"), MEDIA_AUDIO},    {TEXT_INIT("amr"), MEDIA_AUDIO},
        {TEXT_INIT("mp3"), MEDIA_AUDIO},    {TEXT_INIT("m4a"), MEDIA_AUDIO},
        {TEXT_INIT("ogg"), MEDIA_AUDIO},    {TEXT_INIT("opus"), MEDIA_AUDIO},
    };
    struct text path = url;
    size_t at = 0;
    if (text_find(path, '?', &at)) {
        path = text_head(path, at);
    }
    if (text_find(path, '#', &at)) {
        path = text_head(path, at);
    }
    size_t dot = path.size;
    while (dot > 0 && path.data[dot - 1] != '.' && path.data[dot - 1] != '/') {
        dot--;
    }
    if (dot == 0 || path.data[dot - 1] != '.') {
        return MEDIA_NONE;
    }
    struct text ending = text_skip(path, dot);
    for (size_t i = 0; i < ARRAY_SIZE(ENDINGS); i++) {
        if (text_equal_ignore_case(ending, ENDINGS[i].ending)) {
            return ENDINGS[i].type;
        }
    }
    return MEDIA_NONE;
}

void sequence_init(struct sequence *sequence)
{
    *sequence = (struct sequence){
        .status = SEQUENCE_DRAFT,
        .send_minute = -1,
        .on_reply = ON_REPLY_CONTINUE,
        .reenroll = REENROLL_NEVER,
        .late_action = LATE_SKIP,
        .max_late_ms = SEQUENCE_MAX_LATE_MS_DEFAULT,
    };
}

int32_t sequence_total_days(const struct sequence *sequence)
{
    int32_t days = 0;
    for (size_t i = 0; i < sequence->step_count; i++) {
        if (sequence->steps[i].day > days) {
            days = sequence->steps[i].day;
        }
    }
    return days;
}

const struct step *sequence_find_step(const struct sequence *sequence, int64_t step_id)
{
    for (size_t i = 0; i < sequence->step_count; i++) {
        if (sequence->steps[i].id == step_id) {
            return &sequence->steps[i];
        }
    }
    return NULL;
}

/* Gives the steps of `day_steps`, in their order, rising ordinals. Those marked in `keeps` form a
 * rising run already and stay; the others are spread over the gaps. False when a gap is too
 * small. */
static bool fill_gaps(struct step **day_steps, size_t count, const bool *keeps)
{
    int32_t low = -1;
    size_t at = 0;
    while (at < count) {
        if (keeps[at]) {
            low = day_steps[at]->ordinal;
            at++;
            continue;
        }
        size_t end = at;
        while (end < count && !keeps[end]) {
            end++;
        }
        int32_t high = end < count ? day_steps[end]->ordinal : STEP_ORDINAL_MAX + 1;
        int32_t missing = (int32_t)(end - at);
        if (high - low - 1 < missing) {
            return false;
        }
        /* New steps at the end follow closely, so that many saves do not use the range up. */
        int32_t stride = (high - low) / (missing + 1);
        if (end == count && stride > 16) {
            stride = 16;
        }
        for (int32_t i = 0; i < missing; i++) {
            day_steps[at + (size_t)i]->ordinal = low + stride * (i + 1);
        }
        low = day_steps[end - 1]->ordinal;
        at = end;
    }
    return true;
}

/* Marks the longest run of known steps whose old ordinals rise in the new order. */
static void mark_keepers(struct arena *arena, struct step **day_steps, size_t count, bool *keeps)
{
    size_t *lengths = arena_array(arena, count, sizeof(*lengths));
    size_t *before = arena_array(arena, count, sizeof(*before));
    size_t best = count;
    for (size_t i = 0; i < count; i++) {
        if (day_steps[i]->ordinal < 0) {
            continue;
        }
        lengths[i] = 1;
        before[i] = count;
        for (size_t j = 0; j < i; j++) {
            if (lengths[j] > 0 && day_steps[j]->ordinal < day_steps[i]->ordinal &&
                lengths[j] + 1 > lengths[i]) {
                lengths[i] = lengths[j] + 1;
                before[i] = j;
            }
        }
        if (best == count || lengths[i] > lengths[best]) {
            best = i;
        }
    }
    for (size_t i = best; i < count; i = before[i]) {
        keeps[i] = true;
    }
}

void sequence_assign_ordinals(struct arena *arena, struct sequence *sequence,
                              const struct sequence *previous)
{
    size_t count = sequence->step_count;
    struct step **day_steps = arena_array(arena, count + 1, sizeof(*day_steps));
    bool *done = arena_array(arena, count + 1, sizeof(*done));
    for (size_t first = 0; first < count; first++) {
        if (done[first]) {
            continue;
        }
        size_t day_count = 0;
        for (size_t i = first; i < count; i++) {
            struct step *step = &sequence->steps[i];
            if (step->day != sequence->steps[first].day) {
                continue;
            }
            done[i] = true;
            const struct step *old =
                previous != NULL && step->id != 0 ? sequence_find_step(previous, step->id) : NULL;
            step->ordinal = old != NULL && old->day == step->day ? old->ordinal : -1;
            day_steps[day_count++] = step;
        }
        bool *keeps = arena_array(arena, day_count, sizeof(*keeps));
        mark_keepers(arena, day_steps, day_count, keeps);
        if (!fill_gaps(day_steps, day_count, keeps)) {
            memset(keeps, 0, day_count * sizeof(*keeps));
            CHECK(fill_gaps(day_steps, day_count, keeps));
        }
    }
}

void template_header_texts(struct template_header *header,
                           struct text *ret_texts[TEMPLATE_HEADER_TEXTS])
{
    struct text *const texts[TEMPLATE_HEADER_TEXTS] = {&header->text,     &header->filename,
                                                       &header->latitude, &header->longitude,
                                                       &header->name,     &header->address};
    memcpy(ret_texts, texts, sizeof(texts));
}

static int compare_steps(const void *left, const void *right)
{
    const struct step *a = left;
    const struct step *b = right;
    if (a->day != b->day) {
        return a->day < b->day ? -1 : 1;
    }
    if (a->minute != b->minute) {
        return a->minute < b->minute ? -1 : 1;
    }
    return a->ordinal < b->ordinal ? -1 : a->ordinal > b->ordinal;
}

void sequence_sort(struct sequence *sequence)
{
    if (sequence->step_count > 1) {
        qsort(sequence->steps, sequence->step_count, sizeof(*sequence->steps), compare_steps);
    }
}

static void copy_template(struct arena *arena, struct step_template *template)
{
    template->name = arena_text(arena, template->name);
    template->language = arena_text(arena, template->language);
    struct template_header *header = &template->header;
    struct text *texts[TEMPLATE_HEADER_TEXTS];
    template_header_texts(header, texts);
    for (size_t i = 0; i < TEMPLATE_HEADER_TEXTS; i++) {
        *texts[i] = arena_text(arena, *texts[i]);
    }
    header->url = arena_text(arena, header->url);
    header->parameter = arena_text(arena, header->parameter);
    struct template_parameter *body = arena_array(arena, template->body_count + 1, sizeof(*body));
    for (size_t i = 0; i < template->body_count; i++) {
        body[i].name = arena_text(arena, template->body[i].name);
        body[i].text = arena_text(arena, template->body[i].text);
    }
    template->body = body;
    struct template_button *buttons =
        arena_array(arena, template->button_count + 1, sizeof(*buttons));
    for (size_t i = 0; i < template->button_count; i++) {
        buttons[i] = template->buttons[i];
        buttons[i].text = arena_text(arena, buttons[i].text);
    }
    template->buttons = buttons;
}

struct sequence sequence_copy(struct arena *arena, const struct sequence *sequence)
{
    struct sequence copy = *sequence;
    copy.name = arena_text(arena, copy.name);
    copy.description = arena_text(arena, copy.description);
    copy.timezone = arena_text(arena, copy.timezone);
    copy.steps = arena_array(arena, copy.step_count + 1, sizeof(*copy.steps));
    for (size_t i = 0; i < copy.step_count; i++) {
        struct step *step = &copy.steps[i];
        *step = sequence->steps[i];
        step->message = arena_text(arena, step->message);
        step->media_url = arena_text(arena, step->media_url);
        step->filename = arena_text(arena, step->filename);
        copy_template(arena, &step->template);
    }
    return copy;
}

bool sequence_status_may_move(enum sequence_status from, enum sequence_status to)
{
    switch (from) {
    case SEQUENCE_DRAFT:
        return to != SEQUENCE_PAUSED;
    case SEQUENCE_ACTIVE:
    case SEQUENCE_PAUSED:
        return to != SEQUENCE_DRAFT;
    case SEQUENCE_ARCHIVED:
        return to == SEQUENCE_ARCHIVED || to == SEQUENCE_PAUSED || to == SEQUENCE_ACTIVE;
    }
    return false;
}

bool sequence_timezone_plausible(struct text name)
{
    if (name.size == 0 || name.size > 64) {
        return false;
    }
    for (size_t i = 0; i < name.size; i++) {
        char byte = name.data[i];
        bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
        bool other = (byte >= '0' && byte <= '9') || byte == '/' || byte == '_' || byte == '-' ||
                     byte == '+';
        if (!letter && !(other && i > 0)) {
            return false;
        }
    }
    return name.data[name.size - 1] != '/' && !text_find_text(name, TEXT("//"), &(size_t){0});
}
