/* What migration 15 cannot say in SQL: the local time of day of every enrollment that is there. */
#include "store/migrate.h"

#include "base/arena.h"
#include "base/json.h"
#include "domain/schedule.h"

enum { CHUNK = 1000 };

struct place {
    int64_t id;
    int64_t minute;
};

DB_SQL(ORDER_SERVER_ZONE, "SELECT value FROM setting WHERE key = 'timezone'");
DB_SQL(ORDER_LIST, "SELECT e.id, e.enrolled_at_ms, c.timezone, s.timezone FROM enrollment e "
                   "LEFT JOIN contact c ON c.id = e.contact_id "
                   "LEFT JOIN sequence s ON s.id = e.sequence_id "
                   "WHERE e.id > $1 ORDER BY e.id LIMIT $2");
DB_SQL(ORDER_PUT, "UPDATE enrollment SET order_minute = $2 WHERE id = $1");

static enum error_code read_server_zone(struct db *db, struct arena *arena, struct text *ret_zone,
                                        struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    CLEANUP(json_free) struct json *json = NULL;
    struct error ignored = {0};
    struct text zone = {0};
    bool row = false;
    enum error_code code = db_query(db, &ORDER_SERVER_ZONE, DB_NO_VALUES, &statement, error);
    if (code == OK) {
        code = db_next(statement, &row, error);
    }
    if (code == OK && row && json_parse(db_text(statement, 0), NULL, &json, &ignored) == OK &&
        json_text(json, &zone)) {
        *ret_zone = arena_text(arena, zone);
    }
    return code;
}

static enum error_code read_chunk(struct db *db, struct text server_zone, int64_t after_id,
                                  struct place *places, size_t *ret_count, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    size_t count = 0;
    bool row = true;
    enum error_code code =
        db_query(db, &ORDER_LIST, DB_VALUES(DB_INT(after_id), DB_INT(CHUNK)), &statement, error);
    while (code == OK && (code = db_next(statement, &row, error)) == OK && row) {
        struct schedule_zone zone =
            schedule_zone(db_text(statement, 2), db_text(statement, 3), server_zone);
        places[count++] = (struct place){
            .id = db_int64(statement, 0),
            .minute = schedule_order_minute(zone.zone, db_int64(statement, 1)),
        };
    }
    *ret_count = count;
    return code;
}

enum error_code migrate_order(struct db *db, struct error *error)
{
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct place places[CHUNK];
    struct text server_zone = {0};
    int64_t after_id = 0;
    size_t count = CHUNK;
    enum error_code code = read_server_zone(db, arena, &server_zone, error);
    while (code == OK && count == CHUNK) {
        code = read_chunk(db, server_zone, after_id, places, &count, error);
        for (size_t i = 0; code == OK && i < count; i++) {
            code = db_run(db, &ORDER_PUT, DB_VALUES(DB_INT(places[i].id), DB_INT(places[i].minute)),
                          NULL, error);
            after_id = places[i].id;
        }
    }
    return code;
}
