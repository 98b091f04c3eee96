/* Templates as each channel's provider listed them: see store_channel.h. */
#include "store/db.h"
#include "store/store_channel.h"

DB_SQL(TEMPLATE_PUT,
       "INSERT INTO template (channel_id, name, language, status, category, quality, provider_id, "
       "format, components, updated_at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) "
       "ON CONFLICT (channel_id, name, language) DO UPDATE SET status = excluded.status, "
       "category = excluded.category, quality = excluded.quality, "
       "provider_id = excluded.provider_id, format = excluded.format, "
       "components = excluded.components, updated_at_ms = excluded.updated_at_ms");

enum error_code store_template_put(struct work *work, const struct store_template *template,
                                   struct error *error)
{
    return db_run(work->db, &TEMPLATE_PUT,
                  DB_VALUES(DB_INT(template->channel_id), DB_TEXT(template->name),
                            DB_TEXT(template->language), DB_TEXT(template->status),
                            DB_TEXT(template->category), DB_TEXT(template->quality),
                            DB_TEXT(template->provider_id),
                            DB_CHARS(template->named ? "NAMED" : "POSITIONAL"),
                            DB_TEXT(template->components), DB_INT(work->now_ms)),
                  NULL, error);
}

DB_SQL(TEMPLATE_PRUNE, "DELETE FROM template WHERE channel_id = $1 AND updated_at_ms < $2");

enum error_code store_template_prune(struct work *work, int64_t channel_id, int64_t before_ms,
                                     struct error *error)
{
    return db_run(work->db, &TEMPLATE_PRUNE, DB_VALUES(DB_INT(channel_id), DB_INT(before_ms)), NULL,
                  error);
}

DB_SQL(TEMPLATE_SET,
       "UPDATE template SET status = coalesce($4, status), quality = coalesce($5, quality), "
       "category = coalesce($6, category) WHERE channel_id = $1 AND name = $2 AND language = $3");

static struct db_value text_or_null(struct text text)
{
    return text.size > 0 ? DB_TEXT(text) : DB_NULL;
}

enum error_code store_template_set(struct work *work, int64_t channel_id, struct text name,
                                   struct text language, struct text status, struct text quality,
                                   struct text category, bool *ret_changed, struct error *error)
{
    int64_t changed = 0;
    enum error_code code =
        db_run(work->db, &TEMPLATE_SET,
               DB_VALUES(DB_INT(channel_id), DB_TEXT(name), DB_TEXT(language), text_or_null(status),
                         text_or_null(quality), text_or_null(category)),
               &changed, error);
    if (code == OK) {
        *ret_changed = changed > 0;
    }
    return code;
}

DB_SQL(TEMPLATE_LIST,
       "SELECT name, language, status, category, quality, provider_id, format, components, "
       "updated_at_ms FROM template WHERE channel_id = $1 AND ($2 IS NULL OR status = $2) "
       "AND ($3 IS NULL OR instr(name, $3) > 0) ORDER BY name, language LIMIT $4");

enum error_code store_template_list(struct work *work, int64_t channel_id, struct text status,
                                    struct text part, size_t limit,
                                    struct store_template **ret_templates, size_t *ret_count,
                                    struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    struct store_template *templates = arena_array(work->arena, limit, sizeof(*templates));
    size_t count = 0;
    bool row = true;
    enum error_code code = db_query(
        work->db, &TEMPLATE_LIST,
        DB_VALUES(DB_INT(channel_id), text_or_null(status), text_or_null(part), DB_INT(limit)),
        &statement, error);
    while (code == OK && (code = db_next(statement, &row, error)) == OK && row) {
        CHECK(count < limit);
        templates[count++] = (struct store_template){
            .channel_id = channel_id,
            .name = db_text_copy(statement, 0, work->arena),
            .language = db_text_copy(statement, 1, work->arena),
            .status = db_text_copy(statement, 2, work->arena),
            .category = db_text_copy(statement, 3, work->arena),
            .quality = db_text_copy(statement, 4, work->arena),
            .provider_id = db_text_copy(statement, 5, work->arena),
            .named = text_equal(db_text(statement, 6), TEXT("NAMED")),
            .components = db_text_copy(statement, 7, work->arena),
            .updated_at_ms = db_int64(statement, 8),
        };
    }
    if (code == OK) {
        *ret_templates = templates;
        *ret_count = count;
    }
    return code;
}
