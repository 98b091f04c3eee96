/* Judges a whole sequence before it starts: what the provider would refuse (errors) and what a
 * person would regret (warnings). Shapes of single fields are sequence_parse.c's. */
#include "domain/sequence_lint.h"

#include "domain/consent.h"
#include "domain/personalize.h"

#include <stdarg.h>
#include <stdio.h>

enum { FINDINGS_MAX = 1000 };

struct lint {
    struct arena *arena;
    const struct sequence *sequence;
    const struct lint_facts *facts;
    struct lint_report report;
    bool says_stop; /* a text or button tells people how to stop */
};

const char *lint_level_to_text(enum lint_level level)
{
    switch (level) {
    case LINT_ERROR:
        return "error";
    case LINT_WARNING:
        return "warning";
    }
    return "";
}

PRINTF(7, 8)
static void find(struct lint *lint, enum lint_level level, const char *code, struct text field,
                 int64_t step_id, int64_t people, const char *format, ...)
{
    struct lint_report *report = &lint->report;
    if (report->count == FINDINGS_MAX) {
        return;
    }
    char message[512];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    report->findings[report->count++] = (struct lint_finding){
        .level = level,
        .code = code,
        .field = field,
        .message = arena_text(lint->arena, text_from(message)),
        .step_id = step_id,
        .people = people,
    };
    if (level == LINT_ERROR) {
        report->error_count++;
    } else {
        report->warning_count++;
    }
}

static struct text place(struct lint *lint, size_t step, const char *field)
{
    return arena_format(lint->arena, "messages[%zu]%s%s", step, field[0] == '\0' ? "" : ".", field);
}

static void check_opt_out_link(struct lint *lint, struct text field, int64_t step_id)
{
    lint->says_stop = true;
    if (!lint->facts->public_url_known) {
        find(lint, LINT_ERROR, "opt_out_link_unavailable", field, step_id, -1,
             "{opt_out_link} needs the server's public address: set it in the settings");
    }
}

static void check_placeholder(struct lint *lint, size_t at, struct text field,
                              const struct personalize_use *use)
{
    const struct lint_facts *facts = lint->facts;
    int64_t step_id = lint->sequence->steps[at].id;
    if (use->built_in) {
        if (text_equal_ignore_case(use->name, TEXT("opt_out_link"))) {
            check_opt_out_link(lint, field, step_id);
        }
        return;
    }
    bool known = false;
    for (size_t i = 0; i < facts->known_field_count; i++) {
        known = known || text_equal_ignore_case(use->name, facts->known_fields[i]);
    }
    if (!known) {
        struct text hint =
            personalize_did_you_mean(use->name, facts->known_fields, facts->known_field_count);
        if (hint.size > 0) {
            find(lint, LINT_ERROR, "unknown_placeholder", field, step_id, -1,
                 "no contact has the field \"%.*s\"; did you mean {%.*s}?", TEXT_ARGS(use->name),
                 TEXT_ARGS(hint));
        }
    }
    if (use->has_fallback) {
        return;
    }
    int64_t people = -1;
    if (facts->people_without != NULL) {
        people = facts->people_without(facts->context, use->name);
    }
    if (people != 0) {
        find(lint, LINT_WARNING, "missing_fallback", field, step_id, people,
             "people without \"%.*s\" will not get this message; write {%.*s|something}",
             TEXT_ARGS(use->name), TEXT_ARGS(use->name));
    }
}

static void check_text(struct lint *lint, size_t at, struct text field, struct text text,
                       size_t limit)
{
    if (text.size == 0) {
        return;
    }
    int64_t step_id = lint->sequence->steps[at].id;
    struct personalize *compiled = personalize_compile(lint->arena, text);
    size_t count = 0;
    const struct personalize_use *uses = personalize_uses(compiled, &count);
    for (size_t i = 0; i < count; i++) {
        bool again = false;
        for (size_t j = 0; j < i; j++) {
            again = again || (text_equal(uses[i].name, uses[j].name) &&
                              uses[i].has_fallback == uses[j].has_fallback);
        }
        if (!again) {
            check_placeholder(lint, at, field, &uses[i]);
        }
    }
    size_t suspect = 0;
    if (personalize_suspect(compiled, &suspect)) {
        find(lint, LINT_WARNING, "suspect_brace", field, step_id, -1,
             "the brace at character %zu stays as it is; a placeholder looks like {name}",
             suspect + 1);
    }
    /* Values are not known yet; a name or a city seldom takes more than this. */
    size_t expected = text_utf16_length(text) + 32 * count;
    if (count > 0 && expected > limit) {
        find(lint, LINT_WARNING, "may_be_too_long", field, step_id, -1,
             "with long values this may pass %zu characters and then fails for that person", limit);
    }
}

static void check_header_name(struct lint *lint, size_t at, const struct lint_template *found)
{
    const struct step *step = &lint->sequence->steps[at];
    const struct template_header *header = &step->template.header;
    if (header->type != HEADER_TEXT || found->header != HEADER_TEXT ||
        text_equal(header->parameter, found->header_name)) {
        return;
    }
    struct text field = place(lint, at, "template.header");
    if (found->named) {
        find(lint, LINT_ERROR, "template_parameters", field, step->id, -1,
             "the header of template \"%.*s\" takes the parameter \"%.*s\": give {\"type\": "
             "\"text\", \"name\": \"%.*s\", \"text\": …}",
             TEXT_ARGS(step->template.name), TEXT_ARGS(found->header_name),
             TEXT_ARGS(found->header_name));
    } else {
        find(lint, LINT_ERROR, "template_parameters", field, step->id, -1,
             "the parameters of template \"%.*s\" have no names: give the header as plain text",
             TEXT_ARGS(step->template.name));
    }
}

static void check_template_state(struct lint *lint, size_t at, const struct lint_template *found)
{
    const struct step *step = &lint->sequence->steps[at];
    struct text field = place(lint, at, "template");
    if (!text_equal_ignore_case(found->status, TEXT("APPROVED"))) {
        find(lint, LINT_ERROR, "template_not_approved", field, step->id, -1,
             "template \"%.*s\" is %.*s; only approved templates can be sent",
             TEXT_ARGS(step->template.name), TEXT_ARGS(found->status));
    }
    if (found->header != step->template.header.type) {
        find(lint, LINT_ERROR, "template_header", place(lint, at, "template.header"), step->id, -1,
             "template \"%.*s\" has %s%s header value, this step gives %s",
             TEXT_ARGS(step->template.name), found->header == HEADER_NONE ? "no" : "a ",
             header_type_to_text(found->header),
             step->template.header.type == HEADER_NONE
                 ? "none"
                 : header_type_to_text(step->template.header.type));
    }
    check_header_name(lint, at, found);
    /* Quick-reply buttons may go without payload: they then answer their label. */
    size_t filled = 0;
    for (size_t i = 0; i < step->template.button_count; i++) {
        filled += step->template.buttons[i].type != BUTTON_QUICK_REPLY ? 1 : 0;
    }
    if (found->button_count != filled) {
        find(lint, LINT_ERROR, "template_buttons", place(lint, at, "template.buttons"), step->id,
             -1, "template \"%.*s\" has %zu buttons that take a value, this step fills %zu",
             TEXT_ARGS(step->template.name), found->button_count, filled);
    }
}

static void check_template_body(struct lint *lint, size_t at, const struct lint_template *found)
{
    const struct step_template *template = &lint->sequence->steps[at].template;
    int64_t step_id = lint->sequence->steps[at].id;
    struct text field = place(lint, at, "template.body");
    if (found->body_count != template->body_count) {
        find(lint, LINT_ERROR, "template_parameters", field, step_id, -1,
             "template \"%.*s\" takes %zu parameters, this step gives %zu",
             TEXT_ARGS(template->name), found->body_count, template->body_count);
        return;
    }
    if (template->body_count == 0) {
        return;
    }
    if (found->named != (template->body[0].name.size > 0)) {
        find(lint, LINT_ERROR, "template_parameters", field, step_id, -1,
             found->named
                 ? "the parameters of template \"%.*s\" have names: give {\"name\", \"text\"}"
                 : "the parameters of template \"%.*s\" have no names: give plain texts",
             TEXT_ARGS(template->name));
        return;
    }
    for (size_t i = 0; found->named && i < template->body_count; i++) {
        bool known = false;
        for (size_t j = 0; j < found->body_count; j++) {
            known = known || text_equal(template->body[i].name, found->body_names[j]);
        }
        if (!known) {
            find(lint, LINT_ERROR, "template_parameters", field, step_id, -1,
                 "template \"%.*s\" has no parameter \"%.*s\"", TEXT_ARGS(template->name),
                 TEXT_ARGS(template->body[i].name));
        }
    }
}

static void check_header_texts(struct lint *lint, size_t at, struct template_header header)
{
    struct text field = place(lint, at, "template.header");
    struct text *texts[TEMPLATE_HEADER_TEXTS];
    template_header_texts(&header, texts);
    for (size_t i = 0; i < TEMPLATE_HEADER_TEXTS; i++) {
        check_text(lint, at, field, *texts[i],
                   texts[i] == &header.text ? TEMPLATE_HEADER_TEXT_MAX : TEMPLATE_PLACE_MAX);
    }
    check_text(lint, at, field, header.url, STEP_URL_MAX);
}

static void check_template(struct lint *lint, size_t at)
{
    const struct step *step = &lint->sequence->steps[at];
    const struct step_template *template = &step->template;
    const struct lint_facts *facts = lint->facts;
    for (size_t i = 0; i < template->body_count; i++) {
        check_text(lint, at, arena_format(lint->arena, "messages[%zu].template.body[%zu]", at, i),
                   template->body[i].text, TEMPLATE_PARAMETER_MAX);
    }
    check_header_texts(lint, at, template->header);
    for (size_t i = 0; i < template->button_count; i++) {
        const struct template_button *button = &template->buttons[i];
        check_text(lint, at, place(lint, at, "template.buttons"), button->text, STEP_URL_MAX);
        if (button->type == BUTTON_QUICK_REPLY &&
            consent_of_button(button->text, (struct text){0}, NULL) == CONSENT_STOP) {
            lint->says_stop = true;
        }
    }
    const struct lint_template *found = NULL;
    if (facts->find_template != NULL && facts->templates_synced) {
        found = facts->find_template(facts->context, template->name, template->language);
        if (found == NULL) {
            find(lint, LINT_ERROR, "template_unknown", place(lint, at, "template.name"), step->id,
                 -1, "the channel has no template \"%.*s\" in language \"%.*s\"",
                 TEXT_ARGS(template->name), TEXT_ARGS(template->language));
            return;
        }
        lint->says_stop = lint->says_stop || found->has_opt_out;
        check_template_state(lint, at, found);
        check_template_body(lint, at, found);
    } else if (facts->window_enforced) {
        find(lint, LINT_WARNING, "template_unchecked", place(lint, at, "template.name"), step->id,
             -1, "the channel's templates were not fetched yet, so \"%.*s\" could not be checked",
             TEXT_ARGS(template->name));
    }
}

static void check_step(struct lint *lint, size_t at)
{
    const struct step *step = &lint->sequence->steps[at];
    bool media = step->media_url.size > 0;
    check_text(lint, at, place(lint, at, "message"), step->message,
               media ? STEP_CAPTION_MAX : STEP_TEXT_MAX);
    check_text(lint, at, place(lint, at, "media_url"), step->media_url, STEP_URL_MAX);
    check_text(lint, at, place(lint, at, "filename"), step->filename, STEP_FILENAME_MAX);
    lint->says_stop = lint->says_stop || consent_mentions_stop(step->message);
    if (media && step->media_type == MEDIA_IMAGE &&
        media_type_of_url(step->media_url) == MEDIA_NONE) {
        find(lint, LINT_WARNING, "media_type_unclear", place(lint, at, "media_type"), step->id, -1,
             "the address does not tell what it holds; it is sent as an image");
    }
    if (step->type == STEP_TEMPLATE) {
        check_template(lint, at);
    } else if (lint->facts->window_enforced) {
        find(
            lint, LINT_WARNING, "outside_window", place(lint, at, "type"), step->id, -1,
            "WhatsApp takes free text and media only within 24 hours of the person's last message; "
            "use a template to reach everyone");
    }
}

static void check_whole(struct lint *lint)
{
    const struct sequence *sequence = lint->sequence;
    const struct lint_facts *facts = lint->facts;
    if (sequence->step_count == 0) {
        find(lint, LINT_ERROR, "no_messages", TEXT("messages"), 0, -1,
             "the sequence has no messages");
        return;
    }
    if (!facts->channel_exists) {
        find(lint, LINT_WARNING, "no_channel", TEXT("channel_id"), 0, -1,
             "no WhatsApp number is connected, so messages wait until one is");
    }
    if (sequence->timezone.size > 0 && facts->zone_known != NULL &&
        !facts->zone_known(facts->context, sequence->timezone)) {
        find(lint, LINT_ERROR, "unknown_timezone", TEXT("timezone"), 0, -1,
             "time zone \"%.*s\" does not exist", TEXT_ARGS(sequence->timezone));
    }
    if (!lint->says_stop) {
        find(
            lint, LINT_WARNING, "no_opt_out", TEXT("messages"), 0, -1,
            "no message says how to stop; add a line like \"Reply STOP to end\" or {opt_out_link}");
    }
}

/* A step whose time of day is never inside the sequence's own window always waits. */
static void check_times(struct lint *lint)
{
    const struct send_window *window = &lint->sequence->send_window;
    for (size_t i = 0; window->set && i < lint->sequence->step_count; i++) {
        const struct step *step = &lint->sequence->steps[i];
        int32_t minute = step->minute;
        bool inside = window->from_minute < window->to_minute
                          ? minute >= window->from_minute && minute < window->to_minute
                          : minute >= window->from_minute || minute < window->to_minute;
        if (minute >= 0 && !inside) {
            find(lint, LINT_WARNING, "outside_send_window", place(lint, i, "time"), step->id, -1,
                 "this time of day is outside the send window, so the message always waits for "
                 "its opening");
        }
    }
}

/* What a save refuses, but quiet hours set later bring about. */
static void check_window(struct lint *lint)
{
    struct error found = {0};
    if (lint->sequence->send_window.set &&
        window_check(&lint->sequence->send_window, &lint->facts->quiet, &found) != OK) {
        find(lint, LINT_ERROR, "never_open", TEXT("send_window"), 0, -1, "%s", found.message);
    }
}

struct lint_report sequence_lint(struct arena *arena, const struct sequence *sequence,
                                 const struct lint_facts *facts)
{
    struct lint lint = {.arena = arena, .sequence = sequence, .facts = facts};
    lint.report.findings = arena_array(arena, FINDINGS_MAX, sizeof(*lint.report.findings));
    for (size_t i = 0; i < sequence->step_count; i++) {
        check_step(&lint, i);
    }
    check_times(&lint);
    check_window(&lint);
    check_whole(&lint);
    /* Errors first, each kind in the order it was found. */
    struct lint_finding *sorted = arena_array(arena, lint.report.count + 1, sizeof(*sorted));
    size_t at = 0;
    for (int level = LINT_ERROR; level <= LINT_WARNING; level++) {
        for (size_t i = 0; i < lint.report.count; i++) {
            if ((int)lint.report.findings[i].level == level) {
                sorted[at++] = lint.report.findings[i];
            }
        }
    }
    lint.report.findings = sorted;
    return lint.report;
}
