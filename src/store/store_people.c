/* People per day and channel: see store_people.h. A message held for the limit is told when to look
 * again: each gets the next place in the order they free up, so that a hundred thousand held ones
 * do not all wake for one place. That time is a hint; whether there is room is decided when it
 * comes. */
#include "store/store_people.h"

#include "base/instant.h"
#include "domain/message.h"
#include "store/db.h"

enum {
    PRUNE_MOST = 2000,    /* places given back in one transaction */
    RELEASE_MOST = 1000,  /* messages made due again in one transaction */
    HISTORY_MOST = 200000 /* newest messages looked at when a channel gets its first limit */
};

DB_SQL(PEOPLE_GET, "SELECT daily_limit, people, place_at_ms, place_id, place_days "
                   "FROM channel_people WHERE channel_id = $1");

static enum error_code read_figures(struct work *work, int64_t channel_id,
                                    struct store_people *ret_people, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    bool row = false;
    enum error_code code =
        db_query(work->db, &PEOPLE_GET, DB_VALUES(DB_INT(channel_id)), &statement, error);
    if (code == OK) {
        code = db_next(statement, &row, error);
    }
    if (code != OK) {
        return code;
    }
    *ret_people = (struct store_people){.channel_id = channel_id, .stored = row};
    if (row) {
        ret_people->limit = db_int64(statement, 0);
        ret_people->kept_limit = ret_people->limit;
        ret_people->count = db_int64(statement, 1);
        ret_people->place_at_ms = db_int64(statement, 2);
        ret_people->place_id = db_int64(statement, 3);
        ret_people->place_days = db_int64(statement, 4);
    }
    return OK;
}

DB_SQL(PEOPLE_USED, "SELECT count(*), coalesce(min(at_ms), 0) FROM channel_person "
                    "WHERE channel_id = $1 AND at_ms > $2");

enum error_code store_people_used(struct work *work, int64_t channel_id, int64_t *ret_count,
                                  int64_t *ret_free_at_ms, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    bool row = false;
    enum error_code code = db_query(
        work->db, &PEOPLE_USED, DB_VALUES(DB_INT(channel_id), DB_INT(work->now_ms - MS_PER_DAY)),
        &statement, error);
    if (code == OK) {
        code = db_next(statement, &row, error);
    }
    if (code == OK) {
        CHECK(row);
        *ret_count = db_int64(statement, 0);
        *ret_free_at_ms = *ret_count == 0 ? 0 : db_int64(statement, 1) + MS_PER_DAY;
    }
    return code;
}

/* --- bringing the figures up to date ---------------------------------------------------------- */

DB_SQL(PEOPLE_PRUNE, "DELETE FROM channel_person WHERE channel_id = $1 AND contact_id IN "
                     "(SELECT contact_id FROM channel_person WHERE channel_id = $1 AND at_ms <= $2 "
                     "ORDER BY at_ms LIMIT $3)");

static enum error_code prune(struct work *work, struct store_people *people, struct error *error)
{
    int64_t gone = 0;
    enum error_code code = db_run(work->db, &PEOPLE_PRUNE,
                                  DB_VALUES(DB_INT(people->channel_id),
                                            DB_INT(work->now_ms - MS_PER_DAY), DB_INT(PRUNE_MOST)),
                                  &gone, error);
    if (code == OK && gone > 0) {
        people->count -= gone;
        people->changed = true;
    }
    return code;
}

/* Whom the channel wrote to before it had a limit. */
DB_SQL(PEOPLE_HISTORY,
       "INSERT INTO channel_person (channel_id, contact_id, at_ms) "
       "SELECT $1, contact_id, max(claimed_at_ms) FROM "
       "(SELECT channel_id, contact_id, claimed_at_ms FROM message ORDER BY id DESC LIMIT $3) "
       "WHERE channel_id = $1 AND claimed_at_ms > $2 AND contact_id IS NOT NULL "
       "GROUP BY contact_id "
       "ON CONFLICT (channel_id, contact_id) DO UPDATE SET at_ms = excluded.at_ms");
DB_SQL(PEOPLE_COUNT, "SELECT count(*) FROM channel_person WHERE channel_id = $1");

static enum error_code learn_history(struct work *work, struct store_people *people,
                                     struct error *error)
{
    enum error_code code =
        db_run(work->db, &PEOPLE_HISTORY,
               DB_VALUES(DB_INT(people->channel_id), DB_INT(work->now_ms - MS_PER_DAY),
                         DB_INT(HISTORY_MOST)),
               NULL, error);
    return code != OK
               ? code
               : db_find_int64(work->db, &PEOPLE_COUNT, DB_VALUES(DB_INT(people->channel_id)),
                               &people->count, NULL, error);
}

/* `state IN (0, 1)` stands here as in the partial index, else the index would not be used. */
DB_SQL(PEOPLE_RELEASE, "UPDATE message SET next_at_ms = $2 WHERE id IN "
                       "(SELECT id FROM message WHERE channel_id = $1 AND state IN (0, 1) "
                       "AND next_at_ms > $2 AND reason = $3 ORDER BY next_at_ms LIMIT $4)");

static enum error_code release(struct work *work, struct store_people *people, struct error *error)
{
    int64_t released = 0;
    enum error_code code = db_run(work->db, &PEOPLE_RELEASE,
                                  DB_VALUES(DB_INT(people->channel_id), DB_INT(work->now_ms),
                                            DB_INT(REASON_TIER_LIMIT), DB_INT(RELEASE_MOST)),
                                  &released, error);
    if (code == OK && released < RELEASE_MOST) {
        people->kept_limit = people->limit;
        people->place_at_ms = 0;
        people->place_id = 0;
        people->place_days = 0;
        people->changed = true;
    }
    return code;
}

enum error_code store_people_open(struct work *work, int64_t channel_id, int64_t limit,
                                  struct store_people *ret_people, struct error *error)
{
    struct store_people people = {0};
    enum error_code code = read_figures(work, channel_id, &people, error);
    if (code != OK || (limit == 0 && people.limit == 0)) {
        *ret_people = people;
        return code;
    }
    bool grown = people.kept_limit > 0 && (limit == 0 || limit > people.kept_limit);
    bool first = people.kept_limit == 0;
    people.limit = limit;
    if (!grown && limit != people.kept_limit) {
        people.kept_limit = limit;
        people.changed = true;
    }
    if (first) {
        code = learn_history(work, &people, error);
    }
    if (code == OK) {
        code = prune(work, &people, error);
    }
    if (code == OK && grown) {
        code = release(work, &people, error);
    }
    if (code == OK) {
        *ret_people = people;
    }
    return code;
}

/* --- taking a place --------------------------------------------------------------------------- */

DB_SQL(PEOPLE_RENEW,
       "UPDATE channel_person SET at_ms = $3 WHERE channel_id = $1 AND contact_id = $2");
DB_SQL(PEOPLE_ADD,
       "INSERT INTO channel_person (channel_id, contact_id, at_ms) VALUES ($1, $2, $3)");
DB_SQL(PEOPLE_PLACE, "SELECT at_ms, contact_id FROM channel_person WHERE channel_id = $1 AND "
                     "(at_ms, contact_id) > ($2, $3) ORDER BY at_ms, contact_id LIMIT 1");

static enum error_code next_place(struct work *work, struct store_people *people, bool *ret_found,
                                  struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    enum error_code code =
        db_query(work->db, &PEOPLE_PLACE,
                 DB_VALUES(DB_INT(people->channel_id), DB_INT(people->place_at_ms),
                           DB_INT(people->place_id)),
                 &statement, error);
    if (code == OK) {
        code = db_next(statement, ret_found, error);
    }
    if (code == OK && *ret_found) {
        people->place_at_ms = db_int64(statement, 0);
        people->place_id = db_int64(statement, 1);
    }
    return code;
}

static enum error_code reserve(struct work *work, struct store_people *people,
                               int64_t *ret_free_at_ms, struct error *error)
{
    bool found = false;
    people->changed = true;
    if (people->place_at_ms + (1 + people->place_days) * MS_PER_DAY <= work->now_ms) {
        people->place_at_ms = 0;
        people->place_id = 0;
        people->place_days = 0;
    }
    enum error_code code = next_place(work, people, &found, error);
    if (code == OK && !found) {
        /* Somebody waits for every place already: the next one is a day later. */
        people->place_days += people->place_at_ms == 0 ? 0 : 1;
        people->place_at_ms = 0;
        people->place_id = 0;
        code = next_place(work, people, &found, error);
    }
    if (code == OK) {
        int64_t from_ms = found ? people->place_at_ms : work->now_ms;
        int64_t free_at_ms = from_ms + (1 + people->place_days) * MS_PER_DAY;
        *ret_free_at_ms = free_at_ms > work->now_ms ? free_at_ms : work->now_ms + 1;
    }
    return code;
}

enum error_code store_people_take(struct work *work, struct store_people *people,
                                  int64_t contact_id, bool *ret_taken, int64_t *ret_free_at_ms,
                                  struct error *error)
{
    const struct db_value values[] = {DB_INT(people->channel_id), DB_INT(contact_id),
                                      DB_INT(work->now_ms)};
    if (people->limit == 0) {
        *ret_taken = true;
        return OK;
    }
    int64_t renewed = 0;
    enum error_code code =
        db_run(work->db, &PEOPLE_RENEW, values, ARRAY_SIZE(values), &renewed, error);
    *ret_taken = renewed > 0 || people->count < people->limit;
    if (code != OK || renewed > 0) {
        return code;
    }
    if (!*ret_taken) {
        return reserve(work, people, ret_free_at_ms, error);
    }
    people->count++;
    people->changed = true;
    return db_run(work->db, &PEOPLE_ADD, values, ARRAY_SIZE(values), NULL, error);
}

DB_SQL(PEOPLE_PUT, "INSERT INTO channel_people (channel_id, daily_limit, people, place_at_ms, "
                   "place_id, place_days) VALUES ($1, $2, $3, $4, $5, $6) "
                   "ON CONFLICT (channel_id) DO UPDATE SET daily_limit = $2, people = $3, "
                   "place_at_ms = $4, place_id = $5, place_days = $6");

enum error_code store_people_close(struct work *work, struct store_people *people,
                                   struct error *error)
{
    if (!people->changed) {
        return OK;
    }
    people->changed = false;
    return db_run(work->db, &PEOPLE_PUT,
                  DB_VALUES(DB_INT(people->channel_id), DB_INT(people->kept_limit),
                            DB_INT(people->count), DB_INT(people->place_at_ms),
                            DB_INT(people->place_id), DB_INT(people->place_days)),
                  NULL, error);
}

DB_SQL(PEOPLE_WAKE,
       "UPDATE message SET next_at_ms = $3 WHERE id IN (SELECT m.id FROM enrollment e "
       "CROSS JOIN message m WHERE e.contact_id = $2 AND m.enrollment_id = e.id "
       "AND m.channel_id = $1 AND m.state IN (0, 1) AND m.next_at_ms > $3 AND m.reason = $4)");

enum error_code store_people_wake(struct work *work, int64_t channel_id, int64_t contact_id,
                                  struct error *error)
{
    int64_t woken = 0;
    enum error_code code = db_run(work->db, &PEOPLE_WAKE,
                                  DB_VALUES(DB_INT(channel_id), DB_INT(contact_id),
                                            DB_INT(work->now_ms), DB_INT(REASON_TIER_LIMIT)),
                                  &woken, error);
    if (code == OK && woken > 0) {
        work->wakes |= WORK_WAKE_DELIVERY;
    }
    return code;
}
