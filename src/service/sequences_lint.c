/* Lint with what this installation knows: its channels, their templates, its people. */
#include "base/json.h"
#include "base/zone.h"
#include "service/sequences.h"
#include "service/sequences_internal.h"
#include "service/sequences_template.h"
#include "service/settings.h"
#include "store/store_channel.h"
#include "store/store_contact.h"

enum {
    FIELD_NAMES_MAX = 200,
    TEMPLATES_MAX = 10000,
    PEOPLE_LOOKED_AT = 100000, /* people are counted up to here, then scaled up */
};

struct lint_world {
    struct work *work;
    const struct sequence *sequence;
    int64_t people; /* active and paused */
    enum error_code code;
    struct error *error;
    struct store_template *templates;
    size_t template_count;
    struct lint_template template; /* the one asked for last */
};

static bool zone_known(void *context, struct text name)
{
    (void)context;
    return zone_find(name) != NULL;
}

static int64_t people_without(void *context, struct text field)
{
    struct lint_world *world = context;
    int64_t without = 0;
    int64_t seen = 0;
    /* Nobody inside yet: whether people will lack the field is not known. */
    if (world->sequence->id == 0 || world->people == 0 || world->code != OK) {
        return -1;
    }
    world->code = store_contact_without_field(world->work, world->sequence->id, field,
                                              PEOPLE_LOOKED_AT, &without, &seen, world->error);
    if (world->code != OK || seen == 0) {
        return -1;
    }
    return seen < PEOPLE_LOOKED_AT ? without : without * world->people / seen;
}

static const struct lint_template *find_template(void *context, struct text name,
                                                 struct text language)
{
    struct lint_world *world = context;
    for (size_t i = 0; i < world->template_count; i++) {
        const struct store_template *row = &world->templates[i];
        if (text_equal(row->name, name) && text_equal(row->language, language)) {
            world->template = sequences_lint_template(world->work->arena, row);
            return &world->template;
        }
    }
    return NULL;
}

static enum error_code fill_facts(struct work *work, const struct sequence *sequence,
                                  struct lint_world *world, struct lint_facts *facts,
                                  struct error *error)
{
    struct store_lane lane = {0};
    struct sequence_counts counts = {0};
    struct text *names = NULL;
    size_t name_count = 0;
    bool found = false;
    enum error_code code = sequences_lane(work, sequence->channel_id, &lane, &found, error);
    if (code == OK && sequence->id != 0) {
        code = store_sequence_counts(work, sequence->id, &counts, error);
    }
    if (code == OK && found) {
        code = store_template_list(work, lane.id, (struct text){0}, (struct text){0}, TEMPLATES_MAX,
                                   &world->templates, &world->template_count, error);
    }
    if (code == OK) {
        code = store_contact_field_names(work, FIELD_NAMES_MAX, &names, &name_count, error);
    }
    struct settings settings = {0};
    if (code == OK) {
        code = settings_read(work, &settings, error);
    }
    facts->quiet = settings_quiet_hours(&settings);
    facts->public_url_known = settings.public_url.size > 0;
    world->people = counts.active + counts.paused;
    facts->channel_exists = found;
    facts->window_enforced = found;
    facts->templates_synced = world->template_count > 0;
    facts->known_fields = names;
    facts->known_field_count = name_count;
    return code;
}

static enum error_code lint(struct work *work, const struct sequence *sequence,
                            struct lint_report *ret_report, struct error *error)
{
    struct lint_world world = {.work = work, .sequence = sequence, .error = error};
    struct lint_facts facts = {.context = &world,
                               .zone_known = zone_known,
                               .find_template = find_template,
                               .people_without = people_without};
    enum error_code code = fill_facts(work, sequence, &world, &facts, error);
    if (code != OK) {
        return code;
    }
    struct lint_report report = sequence_lint(work->arena, sequence, &facts);
    if (world.code == OK) {
        *ret_report = report;
    }
    return world.code;
}

enum error_code sequences_lint(struct work *work, int64_t id, const struct json *document,
                               struct lint_report *ret_report, struct error *error)
{
    struct sequence sequence;
    enum error_code code = id == 0 ? sequences_read(work, document, NULL, &sequence, NULL, error)
                                   : sequences_document(work, id, document, &sequence, error);
    return code == OK ? lint(work, &sequence, ret_report, error) : code;
}

enum error_code sequences_may_start(struct work *work, const struct sequence *sequence, bool force,
                                    struct error *error)
{
    struct lint_report report;
    if (force) {
        return OK;
    }
    enum error_code code = lint(work, sequence, &report, error);
    for (size_t i = 0; code == OK && i < report.error_count; i++) {
        const struct lint_finding *finding = &report.findings[i];
        char field[96];
        size_t size =
            finding->field.size < sizeof(field) - 1 ? finding->field.size : sizeof(field) - 1;
        memcpy(field, finding->field.data, size);
        field[size] = '\0';
        (void)error_field(error, field, finding->code, "%.*s", TEXT_ARGS(finding->message));
    }
    if (code == OK && report.error_count > 0) {
        code = error_reason(error, ERROR_INVALID, "lint");
    }
    return code;
}
