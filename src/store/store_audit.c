/* Lists of the audit trail: see store_audit.h. Walks along the ids, which grow with time. */
#include "store/store_audit.h"

#include "store/db.h"

DB_SQL(AUDIT_LIST,
       "SELECT id, at_ms, actor_kind, actor_id, actor_name, action, object, detail, request_id, "
       "address FROM audit WHERE id < $1 "
       "AND ($2 = '' OR action = $2 OR substr(action, 1, length($2) + 1) = $2 || '.') "
       "AND ($3 = '' OR object = $3) AND ($4 = '' OR actor_name = $4) ORDER BY id DESC LIMIT $5");

static struct db_value known_text(struct text text)
{
    return DB_TEXT(text.data == NULL ? TEXT("") : text);
}

enum error_code store_audit_list(struct work *work, const struct store_audit_filter *filter,
                                 size_t limit, struct store_audit **ret_rows, size_t *ret_count,
                                 struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    struct store_audit *rows = arena_array(work->arena, limit + 1, sizeof(*rows));
    size_t count = 0;
    bool row = true;
    int64_t before_id = filter->before_id == 0 ? INT64_MAX : filter->before_id;
    enum error_code code = db_query(work->db, &AUDIT_LIST,
                                    DB_VALUES(DB_INT(before_id), known_text(filter->action),
                                              known_text(filter->object),
                                              known_text(filter->actor_name), DB_INT(limit)),
                                    &statement, error);
    while (code == OK && count < limit && (code = db_next(statement, &row, error)) == OK && row) {
        rows[count++] = (struct store_audit){
            .id = db_int64(statement, 0),
            .at_ms = db_int64(statement, 1),
            .actor_kind = (enum actor_kind)db_int64(statement, 2),
            .actor_id = db_int64(statement, 3),
            .actor_name = db_text_copy(statement, 4, work->arena),
            .action = db_text_copy(statement, 5, work->arena),
            .object = db_text_copy(statement, 6, work->arena),
            .detail = db_text_copy(statement, 7, work->arena),
            .request_id = db_text_copy(statement, 8, work->arena),
            .address = db_text_copy(statement, 9, work->arena),
        };
    }
    if (code == OK) {
        *ret_rows = rows;
        *ret_count = count;
    }
    return code;
}
