/* Reading beside a running server, or without one: see cli_reader.h. Without one the command holds
 * the directory's lock meanwhile, brings the schema up to date and reads through its own store. */
#include "cli/cli_reader.h"

#include "base/clock.h"
#include "base/mem.h"
#include "cli/cli_local.h"
#include "store/db.h"
#include "store/store.h"

struct cli_reader {
    struct cli_local *local; /* NULL: a server runs */
    struct clock *clock;
    struct arena *arena;
    struct db *db;
    struct work work;
};

enum error_code cli_reader_open(const struct cli *cli, struct cli_reader **ret_reader,
                                struct error *error)
{
    CLEANUP(cli_reader_close) struct cli_reader *reader = mem_zalloc(sizeof(*reader));
    CLEANUP(mem_free_char) char *path = store_database_path(cli->data);
    reader->clock = clock_new_system();
    reader->arena = arena_new();
    enum error_code code = OK;
    if (store_lock_holder(cli->data) == 0) {
        code = cli_local_open(cli, false, &reader->local, error);
    }
    if (code == OK) {
        code = db_open(path, DB_READER, false, &reader->db, error);
    }
    if (code == OK) {
        code = db_begin(reader->db, error);
    }
    if (code != OK) {
        return code;
    }
    reader->work = (struct work){
        .arena = reader->arena,
        .db = reader->db,
        .now_ms = clock_now_ms(reader->clock),
        .actor = {.kind = ACTOR_CLI, .scopes = SCOPE_ALL, .name = TEXT("command line")},
    };
    *ret_reader = TAKE(reader);
    return OK;
}

void cli_reader_close(struct cli_reader *reader)
{
    if (reader != NULL) {
        if (reader->db != NULL) {
            db_rollback(reader->db);
        }
        db_close(reader->db);
        cli_local_close(reader->local);
        arena_free(reader->arena);
        clock_free(reader->clock);
        mem_free(reader);
    }
}

struct work *cli_reader_work(struct cli_reader *reader)
{
    return &reader->work;
}
