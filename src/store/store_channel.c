/* Channels as people see and change them: see store_channel.h. */
#include "store/store_channel.h"

#include "base/instant.h"
#include "domain/message.h"
#include "store/db.h"

enum { CHANNELS_MAX = 1000 };

#define CHANNEL_COLUMNS                                                                            \
    "id, provider, name, phone, sender_id, account_id, is_default, state, state_reason, "          \
    "state_at_ms, probe_at_ms, rate_per_second, tier_limit, quality, settings, secrets, version, " \
    "created_at_ms, updated_at_ms"

static void read_channel(struct db_statement *statement, struct arena *arena,
                         struct store_channel *channel)
{
    *channel = (struct store_channel){
        .id = db_int64(statement, 0),
        .provider = db_text_copy(statement, 1, arena),
        .name = db_text_copy(statement, 2, arena),
        .phone = db_text_copy(statement, 3, arena),
        .sender_id = db_text_copy(statement, 4, arena),
        .account_id = db_text_copy(statement, 5, arena),
        .is_default = db_int64(statement, 6) != 0,
        .state = (enum channel_state)db_int64(statement, 7),
        .state_reason = db_text_copy(statement, 8, arena),
        .state_at_ms = db_int64(statement, 9),
        .probe_at_ms = db_int64(statement, 10),
        .rate_per_second = db_int64(statement, 11),
        .tier_limit = db_int64(statement, 12),
        .quality = db_text_copy(statement, 13, arena),
        .settings = db_text_copy(statement, 14, arena),
        .secrets = db_text_copy(statement, 15, arena),
        .version = db_int64(statement, 16),
        .created_at_ms = db_int64(statement, 17),
        .updated_at_ms = db_int64(statement, 18),
    };
}

static enum error_code read_one(struct work *work, struct db_sql *sql, struct db_value value,
                                struct store_channel *ret_channel, bool *ret_found,
                                struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    bool row = false;
    enum error_code code = db_query(work->db, sql, &value, 1, &statement, error);
    if (code == OK) {
        code = db_next(statement, &row, error);
    }
    if (code == OK) {
        *ret_found = row;
        if (row) {
            read_channel(statement, work->arena, ret_channel);
        }
    }
    return code;
}

DB_SQL(CHANNEL_GET,
       "SELECT " CHANNEL_COLUMNS " FROM channel WHERE id = $1 AND removed_at_ms IS NULL");

enum error_code store_channel_get(struct work *work, int64_t id, struct store_channel *ret_channel,
                                  bool *ret_found, struct error *error)
{
    return read_one(work, &CHANNEL_GET, DB_INT(id), ret_channel, ret_found, error);
}

DB_SQL(CHANNEL_LIST,
       "SELECT " CHANNEL_COLUMNS " FROM channel WHERE removed_at_ms IS NULL ORDER BY id LIMIT $1");

enum error_code store_channel_list(struct work *work, struct store_channel **ret_channels,
                                   size_t *ret_count, struct error *error)
{
    CLEANUP(db_finish) struct db_statement *statement = NULL;
    struct store_channel *channels = arena_array(work->arena, CHANNELS_MAX, sizeof(*channels));
    size_t count = 0;
    bool row = true;
    enum error_code code =
        db_query(work->db, &CHANNEL_LIST, DB_VALUES(DB_INT(CHANNELS_MAX)), &statement, error);
    while (code == OK && (code = db_next(statement, &row, error)) == OK && row) {
        CHECK(count < CHANNELS_MAX);
        read_channel(statement, work->arena, &channels[count++]);
    }
    if (code == OK) {
        *ret_channels = channels;
        *ret_count = count;
    }
    return code;
}

DB_SQL(CHANNEL_INSERT,
       "INSERT INTO channel (provider, name, phone, sender_id, account_id, is_default, "
       "rate_per_second, tier_limit, settings, created_at_ms, updated_at_ms) "
       "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10) RETURNING id");

/* The column holds a number; what is no number is not kept. */
static struct db_value phone_value(struct text phone)
{
    int64_t number = 0;
    return text_to_int64(phone, &number) && number > 0 ? DB_INT(number) : DB_NULL;
}

static struct db_value text_or_null(struct text text)
{
    return text.size > 0 ? DB_TEXT(text) : DB_NULL;
}

enum error_code store_channel_insert(struct work *work, struct store_channel *channel,
                                     struct error *error)
{
    enum error_code code = db_find_int64(
        work->db, &CHANNEL_INSERT,
        DB_VALUES(DB_TEXT(channel->provider), DB_TEXT(channel->name), phone_value(channel->phone),
                  DB_TEXT(channel->sender_id), text_or_null(channel->account_id),
                  DB_INT(channel->is_default), DB_INT(channel->rate_per_second),
                  DB_INT(channel->tier_limit), DB_TEXT(channel->settings), DB_INT(work->now_ms)),
        &channel->id, NULL, error);
    if (code == OK) {
        channel->version = 1;
        channel->created_at_ms = work->now_ms;
        channel->updated_at_ms = work->now_ms;
    }
    return code;
}

DB_SQL(CHANNEL_UPDATE,
       "UPDATE channel SET name = $2, phone = $3, sender_id = $4, account_id = $5, "
       "rate_per_second = $6, tier_limit = $7, settings = $8, secrets = $9, updated_at_ms = $10, "
       "version = version + 1 WHERE id = $1 RETURNING version");

enum error_code store_channel_update(struct work *work, struct store_channel *channel,
                                     struct error *error)
{
    enum error_code code =
        db_find_int64(work->db, &CHANNEL_UPDATE,
                      DB_VALUES(DB_INT(channel->id), DB_TEXT(channel->name),
                                phone_value(channel->phone), DB_TEXT(channel->sender_id),
                                text_or_null(channel->account_id), DB_INT(channel->rate_per_second),
                                DB_INT(channel->tier_limit), DB_TEXT(channel->settings),
                                channel->secrets.size > 0 ? DB_BLOB(channel->secrets) : DB_NULL,
                                DB_INT(work->now_ms)),
                      &channel->version, NULL, error);
    if (code == OK) {
        channel->updated_at_ms = work->now_ms;
    }
    return code;
}

DB_SQL(CHANNEL_SET_STATE,
       "UPDATE channel SET state = $2, state_reason = $3, state_at_ms = $4, probe_at_ms = NULL, "
       "version = version + 1, updated_at_ms = $4 WHERE id = $1");

enum error_code store_channel_set_state(struct work *work, int64_t id, enum channel_state state,
                                        struct text reason, struct error *error)
{
    return db_run(work->db, &CHANNEL_SET_STATE,
                  DB_VALUES(DB_INT(id), DB_INT(state), text_or_null(reason), DB_INT(work->now_ms)),
                  NULL, error);
}

DB_SQL(CHANNEL_SET_QUALITY, "UPDATE channel SET quality = $2 WHERE id = $1");

enum error_code store_channel_set_quality(struct work *work, int64_t id, struct text quality,
                                          struct error *error)
{
    return db_run(work->db, &CHANNEL_SET_QUALITY, DB_VALUES(DB_INT(id), text_or_null(quality)),
                  NULL, error);
}

DB_SQL(CHANNEL_SET_TIER,
       "UPDATE channel SET tier_limit = $2, updated_at_ms = $3, version = version + 1 "
       "WHERE id = $1");

enum error_code store_channel_set_tier(struct work *work, int64_t id, int64_t tier_limit,
                                       struct error *error)
{
    return db_run(work->db, &CHANNEL_SET_TIER,
                  DB_VALUES(DB_INT(id), DB_INT(tier_limit), DB_INT(work->now_ms)), NULL, error);
}

DB_SQL(CHANNEL_MAKE_DEFAULT, "UPDATE channel SET is_default = (id = $1) "
                             "WHERE is_default <> (id = $1)");

enum error_code store_channel_make_default(struct work *work, int64_t id, struct error *error)
{
    return db_run(work->db, &CHANNEL_MAKE_DEFAULT, DB_VALUES(DB_INT(id)), NULL, error);
}

DB_SQL(CHANNEL_REMOVE, "UPDATE channel SET removed_at_ms = $2, is_default = 0, secrets = NULL, "
                       "updated_at_ms = $2 WHERE id = $1");

enum error_code store_channel_remove(struct work *work, int64_t id, struct error *error)
{
    return db_run(work->db, &CHANNEL_REMOVE, DB_VALUES(DB_INT(id), DB_INT(work->now_ms)), NULL,
                  error);
}

/* Status 1 is active, domain/sequence.h. */
DB_SQL(CHANNEL_SEQUENCES,
       "SELECT count(*) FROM sequence WHERE removed_at_ms IS NULL AND status = 1 "
       "AND (channel_id = $1 OR ($2 AND channel_id IS NULL))");

enum error_code store_channel_sequences(struct work *work, int64_t id, bool is_default,
                                        int64_t *ret_count, struct error *error)
{
    return db_find_int64(work->db, &CHANNEL_SEQUENCES, DB_VALUES(DB_INT(id), DB_INT(is_default)),
                         ret_count, NULL, error);
}

/* Width 1: hours. */
DB_SQL(CHANNEL_SENT_DAY,
       "SELECT coalesce(sum(sent), 0) FROM counter_time WHERE width = 1 AND at_ms > $1 "
       "AND sequence_id IN (SELECT id FROM sequence WHERE channel_id = $2 OR "
       "($3 AND channel_id IS NULL))");
/* Ids grow with time: looking back over the newest ones is enough for "when did it send last". */
DB_SQL(CHANNEL_LAST_SENT,
       "SELECT coalesce(max(sent_at_ms), 0) FROM (SELECT sent_at_ms, channel_id FROM message "
       "ORDER BY id DESC LIMIT 500) WHERE channel_id = $1");
DB_SQL(
    CHANNEL_LAST_WEBHOOK,
    "SELECT max((SELECT coalesce(max(newest_at_ms), 0) FROM channel_proof WHERE channel_id = $1),"
    " (SELECT coalesce(max(received_at_ms), 0) FROM (SELECT received_at_ms, channel_id "
    "FROM inbound_message ORDER BY id DESC LIMIT 100) WHERE channel_id = $1))");
DB_SQL(CHANNEL_PENDING, "SELECT count(*) FROM message WHERE channel_id = $1 AND state IN (0, 1)");

enum error_code store_channel_activity(struct work *work, int64_t id, bool is_default,
                                       struct store_channel_activity *ret_activity,
                                       struct error *error)
{
    struct store_channel_activity activity = {0};
    enum error_code code =
        db_find_int64(work->db, &CHANNEL_SENT_DAY,
                      DB_VALUES(DB_INT(work->now_ms - MS_PER_DAY), DB_INT(id), DB_INT(is_default)),
                      &activity.sent_last_24h, NULL, error);
    if (code == OK) {
        code = db_find_int64(work->db, &CHANNEL_LAST_SENT, DB_VALUES(DB_INT(id)),
                             &activity.last_sent_at_ms, NULL, error);
    }
    if (code == OK) {
        code = db_find_int64(work->db, &CHANNEL_LAST_WEBHOOK, DB_VALUES(DB_INT(id)),
                             &activity.last_webhook_at_ms, NULL, error);
    }
    if (code == OK) {
        code = db_find_int64(work->db, &CHANNEL_PENDING, DB_VALUES(DB_INT(id)), &activity.pending,
                             NULL, error);
    }
    if (code == OK) {
        *ret_activity = activity;
    }
    return code;
}
