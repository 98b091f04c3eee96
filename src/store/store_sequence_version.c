/* Saved versions of sequences: the whole document of each save, to look at and to restore. */
#include "base/buffer.h"
#include "base/json_writer.h"
#include "store/db.h"
#include "store/store_sequence.h"

enum { DEFINITION_MAX = 16 * 1024 * 1024 };

DB_SQL(VERSION_ADD,
       "INSERT INTO sequence_version (sequence_id, version, definition, comment, actor, "
       "created_at_ms) VALUES ($1, $2, $3, $4, $5, $6)");

enum error_code store_sequence_version_add(struct work *work, const struct sequence *sequence,
                                           struct text comment, struct error *error)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer buffer;
    buffer_init(&buffer, DEFINITION_MAX);
    struct json_writer writer;
    json_writer_init(&writer, &buffer);
    sequence_encode_definition(&writer, sequence);
    if (buffer_overflowed(&buffer)) {
        return error_set(error, ERROR_TOO_BIG, "the sequence is too big");
    }
    struct text actor = work->actor.name;
    return db_run(work->db, &VERSION_ADD,
                  DB_VALUES(DB_INT(sequence->id), DB_INT(sequence->version),
                            DB_TEXT(buffer_text(&buffer)),
                            DB_TEXT(comment.data == NULL ? TEXT("") : comment),
                            DB_TEXT(actor.data == NULL ? TEXT("") : actor), DB_INT(work->now_ms)),
                  NULL, error);
}

static void read_version(struct db_statement *statement, struct arena *arena,
                         struct store_sequence_version *ret_version)
{
    *ret_version = (struct store_sequence_version){
        .version = db_int64(statement, 0),
        .definition = db_text_copy(statement, 1, arena),
        .comment = db_text_copy(statement, 2, arena),
        .actor = db_text_copy(statement, 3, arena),
        .created_at_ms = db_int64(statement, 4),
    };
}

DB_SQL(VERSION_GET, "SELECT version, definition, comment, actor, created_at_ms "
                    "FROM sequence_version WHERE sequence_id = $1 AND version = $2");

enum error_code store_sequence_version_get(struct work *work, int64_t sequence_id, int64_t version,
                                           struct store_sequence_version *ret_version,
                                           bool *ret_found, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    bool row = false;
    enum error_code code = db_query(
        work->db, &VERSION_GET, DB_VALUES(DB_INT(sequence_id), DB_INT(version)), &statement, error);
    if (code == OK) {
        code = db_next(statement, &row, error);
    }
    if (code == OK) {
        *ret_found = row;
        if (row) {
            read_version(statement, work->arena, ret_version);
        }
    }
    return code;
}

DB_SQL(VERSION_NEWEST,
       "SELECT coalesce(max(version), 0) FROM sequence_version WHERE sequence_id = $1");

enum error_code store_sequence_version_newest(struct work *work, int64_t sequence_id,
                                              int64_t *ret_version, struct error *error)
{
    return db_find_int64(work->db, &VERSION_NEWEST, DB_VALUES(DB_INT(sequence_id)), ret_version,
                         NULL, error);
}

DB_SQL(VERSION_LIST, "SELECT version, definition, comment, actor, created_at_ms "
                     "FROM sequence_version WHERE sequence_id = $1 AND version < $2 "
                     "ORDER BY version DESC LIMIT $3");

enum error_code store_sequence_version_list(struct work *work, int64_t sequence_id, int64_t before,
                                            size_t limit,
                                            struct store_sequence_version **ret_versions,
                                            size_t *ret_count, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    struct store_sequence_version *versions =
        arena_array(work->arena, limit + 1, sizeof(*versions));
    size_t count = 0;
    bool row = true;
    enum error_code code = db_query(
        work->db, &VERSION_LIST,
        DB_VALUES(DB_INT(sequence_id), DB_INT(before == 0 ? INT64_MAX : before), DB_INT(limit)),
        &statement, error);
    while (code == OK && row && count < limit) {
        code = db_next(statement, &row, error);
        if (code == OK && row) {
            read_version(statement, work->arena, &versions[count++]);
        }
    }
    if (code == OK) {
        *ret_versions = versions;
        *ret_count = count;
    }
    return code;
}
