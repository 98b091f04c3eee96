/* What one person would get, and when. Times come from the scheduler, texts from personalize; a
 * placeholder without value stays visible in the preview, and is listed. */
#include "service/preview.h"

#include "base/json.h"
#include "domain/personalize.h"
#include "domain/phone.h"
#include "service/planning.h"
#include "service/settings.h"
#include "store/store_contact.h"
#include "store/store_setting.h"

enum {
    KNOWN_FIELDS_MAX = 200,
    PEOPLE_LOOKED_AT_MAX = 20000,
    PREVIEW_FIELDS_MAX = 100,
    EXTRA_FIELDS_MAX = 64,
};

/* As long as the token of a real link, so that the characters are counted right. */
static const char LINK_SAMPLE[] = "preview-of-the-link-of-each-person";

static const char *const SOURCE_WORDS[] = {
    [PREVIEW_ZONE_CONTACT] = "contact",
    [PREVIEW_ZONE_GUESSED] = "guessed",
    [PREVIEW_ZONE_SEQUENCE] = "sequence",
    [PREVIEW_ZONE_SERVER] = "server",
};

const char *preview_zone_source_to_text(enum preview_zone_source source)
{
    return SOURCE_WORDS[source];
}

enum preview_zone_source preview_zone_source(const struct schedule_zone *zone, bool guessed)
{
    switch (zone->source) {
    case SCHEDULE_ZONE_CONTACT:
        return guessed ? PREVIEW_ZONE_GUESSED : PREVIEW_ZONE_CONTACT;
    case SCHEDULE_ZONE_SEQUENCE:
        return PREVIEW_ZONE_SEQUENCE;
    case SCHEDULE_ZONE_SERVER:
    case SCHEDULE_ZONE_UTC:
        break;
    }
    return PREVIEW_ZONE_SERVER;
}

/* ---- the person ---- */

struct preview_person {
    struct personalize_facts facts;
    struct text timezone;
    bool guessed;
};

static enum error_code default_country(struct work *work, struct text *ret_country,
                                       struct error *error)
{
    CLEANUP(json_free) struct json *json = NULL;
    struct error ignored = {0};
    struct text value = {0};
    struct text country = {0};
    bool found = false;
    enum error_code code = store_setting_get(work, TEXT("default_country"), &value, &found, error);
    if (code == OK && found && json_parse(value, NULL, &json, &ignored) == OK &&
        json_text(json, &country)) {
        *ret_country = arena_text(work->arena, country);
    }
    return code;
}

static enum error_code known_person(struct work *work, struct text phone_text,
                                    struct preview_person *person, struct text *fields_json,
                                    struct error *error)
{
    struct text country = {0};
    struct phone phone;
    struct store_contact contact;
    bool found = false;
    enum error_code code = default_country(work, &country, error);
    if (code != OK) {
        return code;
    }
    code = phone_parse(phone_text, country, &phone, error);
    if (code != OK) {
        return error_field(error, "phone", "invalid_phone", "%s", error->message);
    }
    person->facts.phone = arena_format(work->arena, "%lld", (long long)phone.digits);
    code = store_contact_find_phone(work, phone.digits, &contact, &found, error);
    if (code == OK && found) {
        person->facts.name = contact.name;
        person->timezone = contact.timezone;
        person->guessed = contact.timezone_source == CONTACT_ZONE_GUESSED;
        *fields_json = contact.fields;
    }
    if (code == OK && person->timezone.size == 0 && phone.zone != NULL) {
        person->timezone = text_from(phone.zone);
        person->guessed = true;
    }
    return code;
}

static enum error_code find_person(struct work *work, const struct preview_input *input,
                                   struct preview_person *person, struct error *error)
{
    struct text fields_json = {0};
    enum error_code code = OK;
    if (input->phone.size > 0) {
        code = known_person(work, input->phone, person, &fields_json, error);
    }
    if (code != OK) {
        return code;
    }
    if (input->imagined) {
        person->facts.name = input->name;
        fields_json = input->fields_json;
    }
    if (input->timezone.size > 0) {
        person->timezone = input->timezone;
        person->guessed = false;
    }
    return personalize_load_fields(work->arena, fields_json, &person->facts, error);
}

/* ---- texts ---- */

struct preview_texts {
    struct work *work;
    struct personalize_facts facts; /* with "{field}" standing in for what is missing */
    struct text *missing;
    size_t missing_count;
};

static void stand_in(struct preview_texts *texts, struct text name)
{
    if (text_equal_ignore_case(name, TEXT("opt_out_link"))) {
        texts->facts.opt_out_link = TEXT("{opt_out_link}");
    }
    struct arena *arena = texts->work->arena;
    size_t count = texts->facts.field_count;
    struct personalize_field *fields = arena_array(arena, count + 1, sizeof *fields);
    if (count > 0) {
        memcpy(fields, texts->facts.fields, count * sizeof *fields);
    }
    struct text copy = arena_text(arena, name);
    fields[count] = (struct personalize_field){
        .name = copy, .value = arena_format(arena, "{%.*s}", TEXT_ARGS(copy))};
    texts->facts.fields = fields;
    texts->facts.field_count = count + 1;
    texts->missing[texts->missing_count++] = copy;
}

static struct text fill_in(struct preview_texts *texts, struct text source,
                           enum personalize_place place)
{
    struct text result = {0};
    if (source.size == 0) {
        return result;
    }
    for (size_t round = 0; round < EXTRA_FIELDS_MAX; round++) {
        struct error error = {0};
        if (personalize_once(texts->work->arena, source, &texts->facts, place, &result, &error) ==
            OK) {
            return result;
        }
        if (error.field_count == 0 || texts->missing_count >= EXTRA_FIELDS_MAX) {
            break;
        }
        stand_in(texts, text_from(error.fields[0].field));
    }
    return source;
}

static struct step_template fill_template(struct preview_texts *texts,
                                          const struct step_template *source)
{
    struct step_template made = *source;
    struct arena *arena = texts->work->arena;
    struct text *header[TEMPLATE_HEADER_TEXTS];
    template_header_texts(&made.header, header);
    for (size_t i = 0; i < TEMPLATE_HEADER_TEXTS; i++) {
        *header[i] = fill_in(texts, *header[i], PERSONALIZE_PARAMETER);
    }
    made.header.url = fill_in(texts, source->header.url, PERSONALIZE_URL);
    made.body = arena_array(arena, source->body_count + 1, sizeof *made.body);
    for (size_t i = 0; i < source->body_count; i++) {
        made.body[i].name = source->body[i].name;
        made.body[i].text = fill_in(texts, source->body[i].text, PERSONALIZE_PARAMETER);
    }
    made.buttons = arena_array(arena, source->button_count + 1, sizeof *made.buttons);
    for (size_t i = 0; i < source->button_count; i++) {
        made.buttons[i] = source->buttons[i];
        made.buttons[i].text = fill_in(texts, source->buttons[i].text, PERSONALIZE_PARAMETER);
    }
    return made;
}

static void fill_message(struct work *work, const struct personalize_facts *facts,
                         const struct step *step, struct preview_message *message)
{
    struct preview_texts texts = {.work = work, .facts = *facts};
    texts.facts.day = step->day;
    texts.missing = arena_array(work->arena, EXTRA_FIELDS_MAX + 1, sizeof *texts.missing);
    message->step = step;
    message->text = fill_in(&texts, step->message, PERSONALIZE_TEXT);
    message->media_url = fill_in(&texts, step->media_url, PERSONALIZE_URL);
    message->filename = fill_in(&texts, step->filename, PERSONALIZE_TEXT);
    if (step->template.name.size > 0) {
        message->template = fill_template(&texts, &step->template);
    }
    message->missing = texts.missing;
    message->missing_count = texts.missing_count;
    message->characters = text_utf16_length(message->text);
}

/* ---- placeholders ---- */

struct field_list {
    struct preview *preview;
    struct arena *arena;
};

static void list_uses(struct field_list *list, struct text source)
{
    size_t count = 0;
    if (source.size == 0) {
        return;
    }
    const struct personalize_use *uses =
        personalize_uses(personalize_compile(list->arena, source), &count);
    struct preview *preview = list->preview;
    for (size_t i = 0; i < count; i++) {
        size_t at = 0;
        while (at < preview->field_count && !text_equal(preview->fields[at].name, uses[i].name)) {
            at++;
        }
        if (at == PREVIEW_FIELDS_MAX) {
            return;
        }
        if (at == preview->field_count) {
            preview->fields[preview->field_count++] = (struct preview_field){
                .name = arena_text(list->arena, uses[i].name), .built_in = uses[i].built_in};
        }
        preview->fields[at].without_fallback |= !uses[i].has_fallback;
    }
}

static void list_fields(struct field_list *list, const struct sequence *sequence)
{
    list->preview->fields =
        arena_array(list->arena, PREVIEW_FIELDS_MAX, sizeof *list->preview->fields);
    for (size_t i = 0; i < sequence->step_count; i++) {
        const struct step *step = &sequence->steps[i];
        const struct step_template *template = &step->template;
        list_uses(list, step->message);
        list_uses(list, step->media_url);
        list_uses(list, step->filename);
        struct template_header header = template->header;
        struct text *texts[TEMPLATE_HEADER_TEXTS];
        template_header_texts(&header, texts);
        for (size_t j = 0; j < TEMPLATE_HEADER_TEXTS; j++) {
            list_uses(list, *texts[j]);
        }
        list_uses(list, header.url);
        for (size_t j = 0; j < template->body_count; j++) {
            list_uses(list, template->body[j].text);
        }
        for (size_t j = 0; j < template->button_count; j++) {
            list_uses(list, template->buttons[j].text);
        }
    }
}

static bool is_known(struct text name, const struct text *known, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (text_equal(known[i], name)) {
            return true;
        }
    }
    return false;
}

static enum error_code judge_fields(struct work *work, const struct sequence *sequence,
                                    struct preview *preview, struct error *error)
{
    struct text *known = NULL;
    size_t known_count = 0;
    enum error_code code =
        store_contact_field_names(work, KNOWN_FIELDS_MAX, &known, &known_count, error);
    for (size_t i = 0; code == OK && i < preview->field_count; i++) {
        struct preview_field *field = &preview->fields[i];
        int64_t seen = 0;
        if (field->built_in) {
            continue;
        }
        if (!is_known(field->name, known, known_count)) {
            field->suggestion = personalize_did_you_mean(field->name, known, known_count);
        }
        code = store_contact_without_field(work, sequence->id, field->name, PEOPLE_LOOKED_AT_MAX,
                                           &field->missing_count, &seen, error);
        if (code == OK && seen > 0 && seen < preview->people) { /* scaled up from those looked at */
            field->missing_count = field->missing_count * preview->people / seen;
        }
    }
    return code;
}

/* ---- times ---- */

static size_t place_of(const struct sequence *sequence, const struct schedule_step *scheduled)
{
    size_t place = sequence->step_count;
    for (size_t i = 0; i < sequence->step_count; i++) {
        const struct step *step = &sequence->steps[i];
        if (step->id == scheduled->id && step->day == scheduled->day &&
            step->minute == scheduled->minute && step->ordinal == scheduled->ordinal) {
            place = i;
        }
    }
    CHECK(place < sequence->step_count);
    return place;
}

static void plan_messages(struct work *work, const struct planning *planning,
                          const struct personalize_facts *facts, struct preview *preview)
{
    const struct sequence *sequence = planning->sequence;
    struct schedule_person person = {.zone = preview->zone,
                                     .enrolled_at_ms = preview->enrolled_at_ms};
    int64_t now_ms = preview->enrolled_at_ms;
    preview->messages =
        arena_array(work->arena, sequence->step_count + 1, sizeof *preview->messages);
    for (size_t i = 0; i < sequence->step_count; i++) {
        struct schedule_next next = schedule_next(&planning->plan, &person, now_ms);
        if (next.kind == SCHEDULE_FINISHED) {
            return;
        }
        struct preview_message *message = &preview->messages[preview->message_count++];
        bool goes = next.kind == SCHEDULE_SEND && (next.rules & SCHEDULE_NEVER_OPEN) == 0;
        *message = (struct preview_message){.rules = next.rules};
        message->index = place_of(sequence, &planning->plan.steps[next.step]);
        fill_message(work, facts, &sequence->steps[message->index], message);
        if (goes) {
            message->due_at_ms = next.due_at_ms;
            message->local_ms = zone_to_local(preview->zone, next.due_at_ms);
            now_ms = next.due_at_ms;
        }
        schedule_advance(&person, &next, goes ? now_ms : 0);
    }
}

enum error_code preview_make(struct work *work, const struct sequence *sequence,
                             const struct preview_input *input, struct preview *ret_preview,
                             struct error *error)
{
    struct planning planning;
    struct preview_person person = {0};
    struct preview preview = {.enrolled_at_ms = input->enrolled_at_ms};
    int64_t counts[ENROLLMENT_STATUS_COUNT] = {0};
    struct settings settings = {0};
    const struct store_action_filter inside = {
        .sequence_id = sequence->id,
        .status_bits = 1u << ENROLLMENT_ACTIVE | 1u << ENROLLMENT_PAUSED,
    };
    enum error_code code = planning_open(&planning, work, sequence->id, error);
    if (code == OK) {
        code = find_person(work, input, &person, error);
    }
    if (code == OK) {
        code = store_action_counts(work, &inside, counts, error);
    }
    if (code == OK) {
        code = settings_read(work, &settings, error);
    }
    if (code != OK) {
        return code;
    }
    planning_use(&planning, sequence);
    struct schedule_zone zone = planning_zone(&planning, person.timezone);
    preview.enrolled_at_ms = input->enrolled_at_ms != 0 ? input->enrolled_at_ms : work->now_ms;
    preview.zone = zone.zone;
    preview.zone_source = preview_zone_source(&zone, person.guessed);
    preview.unknown_zones = zone.unknown_count;
    preview.people = counts[ENROLLMENT_ACTIVE] + counts[ENROLLMENT_PAUSED];
    person.facts.sequence = sequence->name;
    if (settings.public_url.size > 0) {
        person.facts.opt_out_link =
            arena_format(work->arena, "%.*s/o/%s", TEXT_ARGS(settings.public_url), LINK_SAMPLE);
    }
    plan_messages(work, &planning, &person.facts, &preview);
    struct field_list list = {&preview, work->arena};
    list_fields(&list, sequence);
    code = judge_fields(work, sequence, &preview, error);
    if (code == OK) {
        *ret_preview = preview;
    }
    return code;
}
