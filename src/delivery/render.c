/* Rendering a step for one person: see render.h. The text of a step is compiled once per job and
 * rendered for each person; templates and addresses, which are short, each time. */
#include "delivery/render.h"

#include "base/json_writer.h"
#include "delivery/delivery.h"
#include "domain/personalize.h"
#include "store/store_lane.h"

enum { BODY_MAX = 64 * 1024 };

struct renderer {
    struct arena *arena;
    struct personalize_facts facts;
    struct rendered *out;
};

static void fail(struct renderer *renderer, const struct error *error)
{
    if (renderer->out->failure == REASON_NONE) {
        renderer->out->failure = REASON_MISSING_FIELD;
        renderer->out->missing =
            arena_text(renderer->arena,
                       text_from(error->field_count > 0 ? error->fields[0].field : error->message));
    }
}

/* Renders into the arena; an empty source gives an absent text. */
static struct text render(struct renderer *renderer, struct text source,
                          enum personalize_place place)
{
    struct text result = {0};
    struct error error = {0};
    if (source.size > 0 &&
        personalize_once(renderer->arena, source, &renderer->facts, place, &result, &error) != OK) {
        fail(renderer, &error);
    }
    return result;
}

static struct text render_compiled(struct renderer *renderer, const struct personalize *compiled)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer buffer;
    buffer_init(&buffer, BODY_MAX);
    struct error error = {0};
    if (personalize_render(compiled, &renderer->facts, PERSONALIZE_TEXT, &buffer, &error) != OK) {
        fail(renderer, &error);
        return (struct text){0};
    }
    return arena_text(renderer->arena, buffer_text(&buffer));
}

/* What a person's own values made longer than WhatsApp takes fails before it is sent. */
static void limit(struct renderer *renderer, struct text text, size_t units)
{
    if (renderer->out->failure == REASON_NONE && text_utf16_length(text) > units) {
        renderer->out->failure = REASON_TOO_LONG;
    }
}

static struct text render_template(struct renderer *renderer, const struct step_template *source)
{
    struct step_template made = *source;
    struct text *texts[TEMPLATE_HEADER_TEXTS];
    template_header_texts(&made.header, texts);
    for (size_t i = 0; i < TEMPLATE_HEADER_TEXTS; i++) {
        *texts[i] = render(renderer, *texts[i], PERSONALIZE_PARAMETER);
    }
    made.header.url = render(renderer, source->header.url, PERSONALIZE_URL);
    limit(renderer, made.header.text, TEMPLATE_HEADER_TEXT_MAX);
    made.body = arena_array(renderer->arena, source->body_count + 1, sizeof(*made.body));
    for (size_t i = 0; i < source->body_count; i++) {
        made.body[i].name = source->body[i].name;
        made.body[i].text = render(renderer, source->body[i].text, PERSONALIZE_PARAMETER);
        limit(renderer, made.body[i].text, TEMPLATE_PARAMETER_MAX);
    }
    made.buttons = arena_array(renderer->arena, source->button_count + 1, sizeof(*made.buttons));
    for (size_t i = 0; i < source->button_count; i++) {
        made.buttons[i] = source->buttons[i];
        made.buttons[i].text =
            render(renderer, source->buttons[i].text,
                   source->buttons[i].type == BUTTON_URL ? PERSONALIZE_URL : PERSONALIZE_PARAMETER);
        limit(renderer, made.buttons[i].text,
              source->buttons[i].type == BUTTON_COPY_CODE ? TEMPLATE_CODE_MAX : STEP_URL_MAX);
    }
    CLEANUP_IN_PLACE(buffer_done) struct buffer json;
    buffer_init(&json, BODY_MAX);
    struct json_writer writer;
    json_writer_init(&writer, &json);
    step_template_encode(&writer, &made);
    return arena_text(renderer->arena, buffer_text(&json));
}

static const struct personalize *compiled_text(struct progress *progress,
                                               struct progress_sequence *sequence,
                                               const struct step *step)
{
    size_t at = (size_t)(step - sequence->sequence.steps);
    if (sequence->texts[at] == NULL) {
        sequence->texts[at] = personalize_compile(progress->work->arena, step->message);
    }
    return sequence->texts[at];
}

static int64_t category_of(struct text word)
{
    if (text_equal_ignore_case(word, TEXT("utility"))) {
        return CATEGORY_UTILITY;
    }
    if (text_equal_ignore_case(word, TEXT("authentication"))) {
        return CATEGORY_AUTHENTICATION;
    }
    return CATEGORY_MARKETING;
}

static enum error_code find_category(struct progress *progress, const struct step *step,
                                     int64_t channel_id, int64_t *ret_category, struct error *error)
{
    if (step->template.name.size == 0) {
        *ret_category = CATEGORY_SERVICE;
        return OK;
    }
    struct store_template_state state = {0};
    bool found = false;
    enum error_code code = store_template_state(progress->work, channel_id, step->template.name,
                                                step->template.language, &state, &found, error);
    if (code == OK) {
        *ret_category = found ? category_of(state.category) : CATEGORY_MARKETING;
    }
    return code;
}

enum error_code render_step(struct progress *progress, struct progress_sequence *sequence,
                            const struct step *step, const struct store_progress *row,
                            int64_t channel_id, struct rendered *ret_rendered, struct error *error)
{
    struct rendered rendered = {0};
    struct renderer renderer = {.arena = progress->work->arena, .out = &rendered};
    renderer.facts = (struct personalize_facts){
        .name = row->name,
        .phone = row->phone == 0 ? (struct text){0}
                                 : arena_format(renderer.arena, "%lld", (long long)row->phone),
        .sequence = sequence->sequence.name,
        .day = step->day,
    };
    enum error_code code =
        progress_opt_out_link(progress, row->contact_id, &renderer.facts.opt_out_link, error);
    if (code == OK) {
        code = personalize_load_fields(renderer.arena, row->fields, &renderer.facts, error);
    }
    if (code == ERROR_INVALID) { /* unreadable fields are as good as none: they show as missing */
        code = OK;
    }
    if (code == OK) {
        code = find_category(progress, step, channel_id, &rendered.category, error);
    }
    if (code != OK) {
        return code;
    }
    rendered.body.type = step->type;
    rendered.body.media_type = step->media_type;
    rendered.body.text = render_compiled(&renderer, compiled_text(progress, sequence, step));
    rendered.body.media_url = render(&renderer, step->media_url, PERSONALIZE_URL);
    rendered.body.filename = render(&renderer, step->filename, PERSONALIZE_TEXT);
    if (step->template.name.size > 0) {
        rendered.body.template = render_template(&renderer, &step->template);
    }
    limit(&renderer, rendered.body.text,
          step->media_url.size > 0 ? STEP_CAPTION_MAX : STEP_TEXT_MAX);
    *ret_rendered = rendered;
    return OK;
}
