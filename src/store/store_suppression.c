/* The suppression table: the ledger of opt-outs. Who decides what a word means and which of two
 * words is newer is service/suppress.c. */
#include "store/store_suppression.h"

#include "store/db.h"

static struct text hash_text_of(const uint8_t hash[SUPPRESSION_HASH_SIZE])
{
    return text_make((const char *)hash, SUPPRESSION_HASH_SIZE);
}

#define SUPPRESSION_COLUMNS                                                                        \
    "s.phone_hash, s.kind, s.active, s.at_ms, s.contact_id, s.source, s.reason, s.updated_at_ms, " \
    "c.phone, c.name"

static void read_row(struct db_statement *statement, struct arena *arena,
                     struct store_suppression *ret_row)
{
    *ret_row = (struct store_suppression){
        .kind = (enum suppression_kind)db_int64(statement, 1),
        .active = db_int64(statement, 2) != 0,
        .at_ms = db_int64(statement, 3),
        .contact_id = db_int64(statement, 4),
        .source = db_text_copy(statement, 5, arena),
        .reason = db_text_copy(statement, 6, arena),
        .updated_at_ms = db_int64(statement, 7),
        .phone = db_int64(statement, 8),
        .name = db_text_copy(statement, 9, arena),
    };
    struct text hash = db_text(statement, 0);
    if (hash.size == SUPPRESSION_HASH_SIZE) {
        memcpy(ret_row->phone_hash, hash.data, SUPPRESSION_HASH_SIZE);
    }
}

DB_SQL(SUPPRESSION_GET, "SELECT " SUPPRESSION_COLUMNS " FROM suppression AS s "
                        "LEFT JOIN contact AS c ON c.id = s.contact_id "
                        "WHERE s.phone_hash = $1 AND s.kind = $2 AND s.sequence_id = 0");

enum error_code store_suppression_get(struct work *work,
                                      const uint8_t phone_hash[SUPPRESSION_HASH_SIZE],
                                      enum suppression_kind kind, struct store_suppression *ret_row,
                                      bool *ret_found, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    bool row = false;
    enum error_code code =
        db_query(work->db, &SUPPRESSION_GET,
                 DB_VALUES(DB_BLOB(hash_text_of(phone_hash)), DB_INT(kind)), &statement, error);
    if (code == OK) {
        code = db_next(statement, &row, error);
    }
    if (code == OK) {
        *ret_found = row;
        if (row) {
            read_row(statement, work->arena, ret_row);
        }
    }
    return code;
}

DB_SQL(SUPPRESSION_PUT,
       "INSERT INTO suppression (phone_hash, kind, sequence_id, active, at_ms, contact_id, source, "
       "reason, created_at_ms, updated_at_ms) VALUES ($1, $2, 0, $3, $4, $5, $6, $7, $8, $8) "
       "ON CONFLICT (phone_hash, kind, sequence_id) DO UPDATE SET active = excluded.active, "
       "at_ms = excluded.at_ms, contact_id = excluded.contact_id, source = excluded.source, "
       "reason = excluded.reason, updated_at_ms = excluded.updated_at_ms");

enum error_code store_suppression_put(struct work *work, const struct store_suppression *row,
                                      struct error *error)
{
    return db_run(
        work->db, &SUPPRESSION_PUT,
        DB_VALUES(DB_BLOB(hash_text_of(row->phone_hash)), DB_INT(row->kind), DB_INT(row->active),
                  DB_INT(row->at_ms), DB_INT_UNLESS(row->contact_id, 0), DB_TEXT(row->source),
                  DB_TEXT(row->reason.size == 0 ? TEXT("") : row->reason), DB_INT(work->now_ms)),
        NULL, error);
}

DB_SQL(SUPPRESSION_BITS, "SELECT coalesce(sum(kind), 0) FROM suppression "
                         "WHERE phone_hash = $1 AND sequence_id = 0 AND active = 1");

enum error_code store_suppression_bits(struct work *work,
                                       const uint8_t phone_hash[SUPPRESSION_HASH_SIZE],
                                       int64_t *ret_bits, struct error *error)
{
    return db_find_int64(work->db, &SUPPRESSION_BITS, DB_VALUES(DB_BLOB(hash_text_of(phone_hash))),
                         ret_bits, NULL, error);
}

DB_SQL(SUPPRESSION_ANY, "SELECT EXISTS (SELECT 1 FROM suppression WHERE active = 1)");

enum error_code store_suppression_none(struct work *work, bool *ret_none, struct error *error)
{
    int64_t any = 0;
    enum error_code code =
        db_find_int64(work->db, &SUPPRESSION_ANY, DB_NO_VALUES, &any, NULL, error);
    if (code == OK) {
        *ret_none = any == 0;
    }
    return code;
}

/* The newest first; of rows of one moment the one with the higher contact. */
DB_SQL(SUPPRESSION_LIST, "SELECT " SUPPRESSION_COLUMNS " FROM suppression AS s "
                         "LEFT JOIN contact AS c ON c.id = s.contact_id "
                         "WHERE s.active = 1 AND s.updated_at_ms <= $1 "
                         "AND (s.updated_at_ms < $1 OR coalesce(s.contact_id, 0) < $2) "
                         "AND ($3 = '' OR instr(lower(c.name), lower($3)) > 0 "
                         "OR ($4 <> '' AND substr(c.phone, 1, length($4)) = $4)) "
                         "AND ($5 = '' OR instr($5, ',' || s.source || ',') > 0) "
                         "ORDER BY s.updated_at_ms DESC, coalesce(s.contact_id, 0) DESC LIMIT $6");

/* ",stop_word,operator,", or empty for any source. */
static struct text join_sources(struct arena *arena, const struct store_suppression_filter *filter)
{
    struct text joined = TEXT("");
    for (size_t i = 0; i < filter->source_count; i++) {
        joined = arena_format(arena, "%.*s%s%.*s,", TEXT_ARGS(joined), i == 0 ? "," : "",
                              TEXT_ARGS(filter->sources[i]));
    }
    return joined;
}

enum error_code store_suppression_list(struct work *work,
                                       const struct store_suppression_filter *filter, size_t limit,
                                       struct store_suppression **ret_rows, size_t *ret_count,
                                       struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    struct store_suppression *rows = arena_array(work->arena, limit + 1, sizeof(*rows));
    size_t count = 0;
    bool row = true;
    char digits[32];
    size_t digit_count = 0;
    for (size_t i = 0; i < filter->text.size && digit_count < sizeof(digits); i++) {
        if (filter->text.data[i] >= '0' && filter->text.data[i] <= '9') {
            digits[digit_count++] = filter->text.data[i];
        }
    }
    bool from_start = filter->before_ms == 0;
    enum error_code code =
        db_query(work->db, &SUPPRESSION_LIST,
                 DB_VALUES(DB_INT(from_start ? INT64_MAX : filter->before_ms),
                           DB_INT(from_start ? INT64_MAX : filter->before_id),
                           DB_TEXT(filter->text.size == 0 ? TEXT("") : filter->text),
                           DB_TEXT(digit_count == 0 ? TEXT("") : text_make(digits, digit_count)),
                           DB_TEXT(join_sources(work->arena, filter)), DB_INT(limit)),
                 &statement, error);
    while (code == OK && row && count < limit) {
        code = db_next(statement, &row, error);
        if (code == OK && row) {
            read_row(statement, work->arena, &rows[count++]);
        }
    }
    if (code == OK) {
        *ret_rows = rows;
        *ret_count = count;
    }
    return code;
}

DB_SQL(SUPPRESSION_DETACH, "UPDATE suppression SET contact_id = NULL, reason = 'erased' "
                           "WHERE contact_id = $1");

enum error_code store_suppression_detach(struct work *work, int64_t contact_id, struct error *error)
{
    return db_run(work->db, &SUPPRESSION_DETACH, DB_VALUES(DB_INT(contact_id)), NULL, error);
}
