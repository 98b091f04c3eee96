/* Reads the steps of a sequence: `messages[]` of the JSON a user sent, with the rules between the
 * fields of one step, and recognises the steps that stand already, so that history, counters and
 * positions stay with them. */
#include "base/ids.h"
#include "base/json.h"
#include "domain/sequence.h"
#include "domain/sequence_internal.h"

#include <stdio.h>

static const struct json_choice STEP_TYPE_CHOICES[] = {
    {"text", STEP_TEXT},
    {"media", STEP_MEDIA},
    {"template", STEP_TEMPLATE},
};
static const struct json_choice MEDIA_TYPE_CHOICES[] = {
    {"image", MEDIA_IMAGE},
    {"video", MEDIA_VIDEO},
    {"document", MEDIA_DOCUMENT},
    {"audio", MEDIA_AUDIO},
};

enum { TEXT_CHARACTERS_MAX = 65536 };

void sequence_index_name(const char *name, size_t index, char *out, size_t size)
{
    (void)snprintf(out, size, "%s[%zu]", name, index);
}

bool sequence_read_text(struct arena *arena, struct json_reader *reader, const char *name,
                        size_t units, struct text *ret_text)
{
    struct text text = {0};
    if (!json_reader_text(reader, name, 0, TEXT_CHARACTERS_MAX, &text)) {
        return false;
    }
    if (text_trim(text).size == 0) {
        json_reader_fail(reader, name, "required", "\"%s\" cannot be empty", name);
        return false;
    }
    size_t length = text_utf16_length(text);
    if (length > units) {
        json_reader_fail(reader, name, "too_long",
                         "\"%s\" is %zu characters long; WhatsApp takes at most %zu", name, length,
                         units);
        return false;
    }
    *ret_text = arena_text(arena, text);
    return true;
}

bool sequence_read_url(struct arena *arena, struct json_reader *reader, const char *name,
                       struct text *ret_url)
{
    struct text raw = {0};
    if (!json_reader_text(reader, name, 0, STEP_URL_MAX, &raw)) {
        return false;
    }
    struct text url = text_trim(raw);
    bool good = url.size > 0;
    for (size_t i = 0; i < url.size; i++) {
        good = good && (unsigned char)url.data[i] > ' ' && url.data[i] != 0x7f;
    }
    struct text host = {0};
    if (url.size > 8 && text_equal_ignore_case(text_head(url, 8), TEXT("https://"))) {
        host = text_skip(url, 8);
    } else if (url.size > 7 && text_equal_ignore_case(text_head(url, 7), TEXT("http://"))) {
        host = text_skip(url, 7);
    }
    if (!good || host.size == 0 || host.data[0] == '/' || host.data[0] == ':') {
        json_reader_fail(reader, name, "invalid_format",
                         "\"%s\" must be a complete http or https address", name);
        return false;
    }
    *ret_url = arena_text(arena, url);
    return true;
}

static void read_media(struct arena *arena, struct json_reader *reader, struct step *step)
{
    struct text url = {0};
    struct text empty = {0};
    const struct json *raw = json_reader_any(reader, "media_url");
    if (json_text(raw, &url) && text_trim(url).size == 0) {
        step->media_url = empty; /* "" is what forms send for "none" */
    } else {
        (void)sequence_read_url(arena, reader, "media_url", &step->media_url);
    }
    int type = MEDIA_NONE;
    if (json_reader_choice(reader, "media_type", MEDIA_TYPE_CHOICES, ARRAY_SIZE(MEDIA_TYPE_CHOICES),
                           &type)) {
        step->media_type = (enum media_type)type;
    } else if (step->media_url.size > 0) {
        step->media_type = media_type_of_url(step->media_url);
        if (step->media_type == MEDIA_NONE) {
            step->media_type = MEDIA_IMAGE;
        }
    }
    struct text filename = {0};
    if (json_reader_text(reader, "filename", 0, STEP_FILENAME_MAX, &filename)) {
        step->filename = arena_text(arena, text_trim(filename));
    }
}

static void check_media(struct json_reader *reader, struct step *step)
{
    if (step->media_url.size == 0) {
        step->media_type = MEDIA_NONE;
        return;
    }
    if (step->media_type == MEDIA_AUDIO && text_trim(step->message).size > 0) {
        json_reader_fail(reader, "message", "not_allowed",
                         "WhatsApp shows no caption with audio: give the text a step of its own");
    } else if (text_utf16_length(step->message) > STEP_CAPTION_MAX) {
        json_reader_fail(reader, "message", "too_long",
                         "\"message\" is %zu characters long; WhatsApp takes at most %d with media",
                         text_utf16_length(step->message), STEP_CAPTION_MAX);
    }
    if (step->filename.size > 0 && step->media_type != MEDIA_DOCUMENT) {
        json_reader_fail(reader, "filename", "not_allowed", "only documents have a file name");
    }
}

/* The rules between the fields of one step. */
static void check_step(struct json_reader *reader, struct step *step, bool url_given)
{
    switch (step->type) {
    case STEP_TEXT:
        if (text_trim(step->message).size == 0) {
            json_reader_fail(reader, "message", "required", "\"message\" cannot be empty");
        }
        if (url_given) {
            json_reader_fail(reader, "type", "conflict",
                             "a step with \"media_url\" has the type \"media\"");
        }
        break;
    case STEP_MEDIA:
        if (!url_given) {
            json_reader_fail(reader, "media_url", "required",
                             "a step of type \"media\" needs \"media_url\"");
        }
        break;
    case STEP_TEMPLATE:
        if (!json_reader_has(reader, "template") || json_reader_is_null(reader, "template")) {
            json_reader_fail(reader, "template", "required",
                             "a step of type \"template\" needs \"template\" with its name");
        }
        break;
    }
    if (step->type != STEP_TEMPLATE && step->template.name.size > 0) {
        json_reader_fail(reader, "type", "conflict",
                         "a step with \"template\" has the type \"template\"");
    }
    check_media(reader, step);
}

static enum step_type guess_type(struct json_reader *reader, const struct step *step)
{
    if (json_kind(json_get(reader->json, "template")) == JSON_OBJECT) {
        return STEP_TEMPLATE;
    }
    return step->media_url.size > 0 ? STEP_MEDIA : STEP_TEXT;
}

static bool read_step(struct arena *arena, struct json_reader *reader, struct step *step)
{
    *step = (struct step){.minute = -1};
    int64_t day = 0;
    (void)json_reader_id(reader, "id", ID_STEP, &step->id);
    if (json_reader_required(reader, "day") &&
        json_reader_int64(reader, "day", 1, SEQUENCE_DAY_MAX, &day)) {
        step->day = (int32_t)day;
    }
    sequence_read_minute(reader, "time", false, &step->minute);
    struct text message = {0};
    bool message_bad = false;
    if (json_reader_text(reader, "message", 0, TEXT_CHARACTERS_MAX, &message)) {
        step->message = arena_text(arena, message);
        message_bad = text_utf16_length(message) > STEP_TEXT_MAX;
    }
    read_media(arena, reader, step);
    bool url_given =
        json_text(json_get(reader->json, "media_url"), &message) && text_trim(message).size > 0;
    step->type = guess_type(reader, step);
    int type = (int)step->type;
    if (json_reader_choice(reader, "type", STEP_TYPE_CHOICES, ARRAY_SIZE(STEP_TYPE_CHOICES),
                           &type)) {
        step->type = (enum step_type)type;
    }
    bool good = true;
    struct json_reader template;
    if (json_reader_object(reader, "template", &template)) {
        good = sequence_read_template(arena, &template, &step->template);
    }
    if (message_bad && step->media_url.size == 0) {
        json_reader_fail(reader, "message", "too_long",
                         "\"message\" is %zu characters long; WhatsApp takes at most %d",
                         text_utf16_length(step->message), STEP_TEXT_MAX);
    }
    /* A field of the wrong type is one finding, not two. */
    if (!reader->failed) {
        check_step(reader, step, url_given);
    }
    return json_reader_done(reader) == OK && good;
}

/* Takes over the identity of the steps that stand now, so that history, counters and positions
 * stay with them. Steps without id are recognised in three rounds, the surest first. */
static void match_steps(struct json_reader *reader, struct step *steps, size_t count,
                        const struct sequence *base)
{
    for (size_t i = 0; i < count; i++) {
        if (steps[i].id != 0 && sequence_find_step(base, steps[i].id) == NULL) {
            char place[40];
            (void)snprintf(place, sizeof(place), "messages[%zu].id", i);
            json_reader_fail(reader, place, "unknown_step",
                             "this sequence has no step with that id; leave it out for a new step");
        }
    }
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < count; i++) {
            struct step *step = &steps[i];
            for (size_t j = 0; j < base->step_count && step->id == 0; j++) {
                const struct step *old = &base->steps[j];
                bool when = step->day == old->day && step->minute == old->minute;
                bool what = step->type == old->type && text_equal(step->message, old->message) &&
                            text_equal(step->template.name, old->template.name) &&
                            text_equal(step->media_url, old->media_url);
                bool taken = false;
                for (size_t k = 0; k < count; k++) {
                    taken = taken || steps[k].id == old->id;
                }
                if (!taken && (round == 0 ? when && what : round == 1 ? when : what)) {
                    step->id = old->id;
                }
            }
        }
    }
}

static void refuse_twice(struct json_reader *reader, const struct step *steps, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (steps[i].id != 0 && steps[i].id == steps[j].id) {
                char place[40];
                (void)snprintf(place, sizeof(place), "messages[%zu].id", i);
                json_reader_fail(reader, place, "duplicate", "messages[%zu] has the same id", j);
                break;
            }
        }
    }
}

bool sequence_read_steps(struct arena *arena, struct json_reader *reader,
                         const struct sequence *base, struct sequence *sequence)
{
    const struct json *array = NULL;
    if (!json_reader_array(reader, "messages", 0, SEQUENCE_STEPS_MAX, &array)) {
        return true;
    }
    bool good = true;
    size_t count = json_count(array);
    struct step *steps = arena_array(arena, count + 1, sizeof(*steps));
    for (size_t i = 0; i < count; i++) {
        struct json_reader step;
        json_reader_open_at(&step, reader, "messages", i, json_at(array, i));
        good = read_step(arena, &step, &steps[i]) && good;
    }
    refuse_twice(reader, steps, count);
    if (base == NULL) {
        for (size_t i = 0; i < count; i++) {
            steps[i].id = 0;
        }
    } else {
        match_steps(reader, steps, count, base);
    }
    sequence->steps = steps;
    sequence->step_count = count;
    return good;
}
