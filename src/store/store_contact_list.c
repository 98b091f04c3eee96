/* Lists of people: newest first, by part of the name, by the beginning of the number, by opt-out.
 * Numbers are looked up in the unique index, so the beginning of one costs the same among millions.
 */
#include "store/db.h"
#include "store/store_contact.h"
#include "store/store_contact_internal.h"

enum { DIGITS_MAX = 15 };

static enum error_code read_rows(struct work *work, struct db_statement *statement,
                                 struct store_contact *contacts, size_t limit, size_t *count,
                                 struct error *error)
{
    enum error_code code = OK;
    bool row = true;
    while (code == OK && row && *count < limit) {
        code = db_next(statement, &row, error);
        if (code == OK && row) {
            store_contact_read_row(statement, work->arena, &contacts[(*count)++]);
        }
    }
    return code;
}

/* "%part%" with the signs that LIKE knows made plain. */
static struct text like_pattern(struct arena *arena, struct text part)
{
    char *pattern = arena_alloc(arena, part.size * 2 + 3);
    size_t size = 0;
    pattern[size++] = '%';
    for (size_t i = 0; i < part.size; i++) {
        if (part.data[i] == '%' || part.data[i] == '_' || part.data[i] == '\\') {
            pattern[size++] = '\\';
        }
        pattern[size++] = part.data[i];
    }
    pattern[size++] = '%';
    return text_make(pattern, size);
}

DB_SQL(CONTACT_LIST, "SELECT " CONTACT_COLUMNS " FROM contact WHERE id < $1 AND erased = 0 "
                     "AND ($2 = 0 OR suppressed = 0) ORDER BY id DESC LIMIT $3");
DB_SQL(CONTACT_LIST_OPTED_OUT,
       "SELECT " CONTACT_COLUMNS " FROM contact WHERE id < $1 AND erased = 0 "
       "AND suppressed <> 0 AND ($2 = '%%' OR name LIKE $2 ESCAPE '\\') "
       "ORDER BY id DESC LIMIT $3");
DB_SQL(CONTACT_LIST_NAME,
       "SELECT " CONTACT_COLUMNS " FROM contact WHERE id < $1 AND erased = 0 "
       "AND name LIKE $2 ESCAPE '\\' AND ($4 = 0 OR suppressed = 0) ORDER BY id DESC LIMIT $3");
DB_SQL(CONTACT_LIST_DIGITS,
       "SELECT " CONTACT_COLUMNS " FROM contact WHERE phone >= max($1 + 1, $2) AND phone < $3 "
       "AND ($5 = 0 OR suppressed <> 0) AND ($6 = 0 OR suppressed = 0) ORDER BY phone LIMIT $4");

/* Numbers of every length that begin with the digits, the short ones first. */
static enum error_code list_digits(struct work *work, const struct store_contact_filter *filter,
                                   size_t limit, struct store_contact *contacts, size_t *count,
                                   struct error *error)
{
    int64_t low = filter->digits;
    int64_t high = filter->digits + 1;
    enum error_code code = OK;
    for (int length = 1; code == OK && length <= DIGITS_MAX && *count < limit; length++) {
        if (high > filter->digits_after) {
            CLEANUP(db_finish) struct db_statement *statement = NULL;
            code = db_query(work->db, &CONTACT_LIST_DIGITS,
                            DB_VALUES(DB_INT(filter->digits_after), DB_INT(low), DB_INT(high),
                                      DB_INT(limit - *count), DB_INT(filter->opted_out),
                                      DB_INT(filter->opted_in)),
                            &statement, error);
            if (code == OK) {
                code = read_rows(work, statement, contacts, limit, count, error);
            }
        }
        if (high > INT64_MAX / 10) {
            break;
        }
        low *= 10;
        high *= 10;
    }
    return code;
}

enum error_code store_contact_list(struct work *work, const struct store_contact_filter *filter,
                                   size_t limit, struct store_contact **ret_contacts,
                                   size_t *ret_count, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    struct store_contact *contacts = arena_array(work->arena, limit + 1, sizeof(*contacts));
    size_t count = 0;
    struct db_value before = DB_INT(filter->before_id == 0 ? INT64_MAX : filter->before_id);
    struct db_value pattern = DB_TEXT(like_pattern(work->arena, filter->text));
    struct db_value opted_in = DB_INT(filter->opted_in);
    enum error_code code = OK;
    if (filter->digits != 0) {
        code = list_digits(work, filter, limit, contacts, &count, error);
    } else {
        if (filter->opted_out) {
            code = db_query(work->db, &CONTACT_LIST_OPTED_OUT,
                            DB_VALUES(before, pattern, DB_INT(limit)), &statement, error);
        } else if (filter->text.size > 0) {
            code = db_query(work->db, &CONTACT_LIST_NAME,
                            DB_VALUES(before, pattern, DB_INT(limit), opted_in), &statement, error);
        } else {
            code = db_query(work->db, &CONTACT_LIST, DB_VALUES(before, opted_in, DB_INT(limit)),
                            &statement, error);
        }
        if (code == OK) {
            code = read_rows(work, statement, contacts, limit, &count, error);
        }
    }
    if (code == OK) {
        *ret_contacts = contacts;
        *ret_count = count;
    }
    return code;
}

DB_SQL(CONTACT_FIELD_NAMES,
       "SELECT DISTINCT f.key FROM (SELECT fields FROM contact WHERE fields <> '{}' "
       "ORDER BY id DESC LIMIT 200) AS recent, json_each(recent.fields) AS f LIMIT $1");

enum error_code store_contact_field_names(struct work *work, size_t limit, struct text **ret_names,
                                          size_t *ret_count, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    struct text *names = arena_array(work->arena, limit + 1, sizeof(*names));
    size_t count = 0;
    bool row = true;
    enum error_code code =
        db_query(work->db, &CONTACT_FIELD_NAMES, DB_VALUES(DB_INT(limit)), &statement, error);
    while (code == OK && row && count < limit) {
        code = db_next(statement, &row, error);
        if (code == OK && row) {
            names[count++] = db_text_copy(statement, 0, work->arena);
        }
    }
    if (code == OK) {
        *ret_names = names;
        *ret_count = count;
    }
    return code;
}

DB_SQL(CONTACT_WITHOUT_FIELD,
       "SELECT count(*), coalesce(sum(NOT EXISTS (SELECT 1 FROM json_each(people.fields) AS f "
       "WHERE f.key = $2 COLLATE NOCASE AND trim(f.value) <> '')), 0) "
       "FROM (SELECT c.fields AS fields FROM enrollment AS e JOIN contact AS c "
       "ON c.id = e.contact_id WHERE e.sequence_id = $1 AND e.status IN (0, 1) LIMIT $3) "
       "AS people");

enum error_code store_contact_without_field(struct work *work, int64_t sequence_id,
                                            struct text field, size_t limit, int64_t *ret_without,
                                            int64_t *ret_seen, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    bool row = false;
    enum error_code code =
        db_query(work->db, &CONTACT_WITHOUT_FIELD,
                 DB_VALUES(DB_INT(sequence_id), DB_TEXT(field), DB_INT(limit)), &statement, error);
    if (code == OK) {
        code = db_next(statement, &row, error);
    }
    if (code == OK && row) {
        *ret_seen = db_int64(statement, 0);
        *ret_without = db_int64(statement, 1);
    }
    return code;
}
