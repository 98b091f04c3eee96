/* `dripline export`, `import-json`, `verify`, `backup`, `restore`, `migrate`: the whole directory.
 */
#include "cli/cli.h"

#include "base/file.h"
#include "base/json_writer.h"
#include "base/mem.h"
#include "cli/cli_client.h"
#include "cli/cli_local.h"
#include "cli/cli_out.h"
#include "cli/cli_reader.h"
#include "service/backup.h"
#include "service/export.h"
#include "service/verify.h"
#include "store/db.h"
#include "store/migrate.h"
#include "store/store.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Writes down what is taken out: before it is, so that nothing leaves without a line. */
static enum error_code note(const struct cli *cli, const char *action, struct error *error)
{
    CLEANUP(cli_client_close) struct cli_client *client = NULL;
    CLEANUP_IN_PLACE(cli_answer_done) struct cli_answer answer = {0};
    char body[64];
    (void)snprintf(body, sizeof(body), "{\"action\":\"%s\"}", action);
    const struct cli_request request = {
        .method = "POST", .path = "/local/note", .body = text_from(body)};
    enum error_code code = cli_client_open(cli, &client, error);
    return code == OK ? cli_ask(client, &request, &answer, error) : code;
}

/* ---- export ---- */

static void show_export(void *context, const struct export_result *so_far)
{
    cli_progress_show(context, so_far->enrollments + so_far->messages, 0);
}

static int export_files(struct cli *cli)
{
    CLEANUP(cli_reader_close) struct cli_reader *reader = NULL;
    CLEANUP_IN_PLACE(buffer_done) struct buffer buffer = {0};
    struct cli_progress progress;
    struct export_result result = {0};
    struct error error = {0};
    buffer_init(&buffer, 4096);
    cli_progress_start(&progress, cli, "exporting");
    enum error_code code = note(cli, "export", &error);
    if (code == OK) {
        code = cli_reader_open(cli, &reader, &error);
    }
    if (code == OK) {
        code = export_write(cli_reader_work(reader), cli->arguments[0], show_export, &progress,
                            &result, &error);
    }
    cli_progress_end(&progress);
    if (code != OK) {
        return cli_fail(cli, &error);
    }
    if (!cli->json) {
        (void)printf("wrote %lld sequences, %lld enrollments, %lld messages to %s\n",
                     (long long)result.sequences, (long long)result.enrollments,
                     (long long)result.messages, cli->arguments[0]);
        return CLI_OK;
    }
    struct json_writer writer;
    json_writer_init(&writer, &buffer);
    json_object_begin(&writer);
    json_field_int64(&writer, "sequences", result.sequences);
    json_field_int64(&writer, "enrollments", result.enrollments);
    json_field_int64(&writer, "messages", result.messages);
    json_object_end(&writer);
    cli_print_buffer(&buffer);
    return CLI_OK;
}

const struct cli_spec CLI_EXPORT[] = {
    {.name = "",
     .arguments = "DIR",
     .summary = "write campaigns.json, enrollments.json and message_queue.json",
     .help = "The files hold people's numbers and are readable for their owner only.",
     .least = 1,
     .most = 1,
     .run = export_files},
    {0},
};

/* ---- import-json ---- */

static void print_record(const struct json *record)
{
    char file[64], path[128], line[32], id[64], verdict[64], new_id[64], message[256];
    (void)cli_scalar(record, "verdict", verdict, sizeof(verdict));
    (void)printf("%s%s line %s %s: %s", cli_scalar(record, "file", file, sizeof(file)),
                 cli_scalar(record, "path", path, sizeof(path)),
                 cli_scalar(record, "line", line, sizeof(line)),
                 cli_scalar(record, "id", id, sizeof(id)), verdict);
    if (strcmp(cli_scalar(record, "new_id", new_id, sizeof(new_id)), "-") != 0) {
        (void)printf(" as %s", new_id);
    }
    if (strcmp(cli_scalar(record, "message", message, sizeof(message)), "-") != 0) {
        (void)printf(": %s", message);
    }
    (void)printf("\n");
}

static void print_import(const struct cli *cli, const struct json *report)
{
    const struct json *records = json_get(report, "records");
    bool all = cli_value(cli, "--verbose") != NULL;
    for (size_t at = 0; at < json_count(records); at++) {
        const struct json *record = json_at(records, at);
        if (all || !text_equal(json_get_text(record, "verdict"), TEXT("added"))) {
            print_record(record);
        }
    }
    struct json_iterator file = {0};
    while (json_iterate(json_get(report, "files"), &file)) {
        struct json_iterator count = {0};
        (void)printf("%.*s:", TEXT_ARGS(file.name));
        while (json_iterate(file.value, &count)) {
            int64_t number = 0;
            if (json_int64(count.value, &number) && number > 0) {
                (void)printf(" %lld %.*s", (long long)number, TEXT_ARGS(count.name));
            }
        }
        (void)printf("\n");
    }
}

static int import_json(struct cli *cli)
{
    CLEANUP(cli_client_close) struct cli_client *client = NULL;
    CLEANUP_IN_PLACE(cli_answer_done) struct cli_answer answer = {0};
    CLEANUP_IN_PLACE(buffer_done) struct buffer body = {0};
    struct json_writer writer;
    struct error error = {0};
    char path[PATH_MAX];
    bool dry_run = cli_value(cli, "--dry-run") != NULL;
    buffer_init(&body, 16 * 1024);
    /* The server has another working directory. */
    if (realpath(cli->arguments[0], path) == NULL) {
        (void)error_set(&error, ERROR_NOT_FOUND, "there is no directory \"%s\"", cli->arguments[0]);
        return cli_fail(cli, &error);
    }
    json_writer_init(&writer, &body);
    json_object_begin(&writer);
    json_field_chars(&writer, "directory", path);
    json_field_bool(&writer, "dry_run", dry_run);
    json_field_bool(&writer, "at_once", cli_value(cli, "--at-once") != NULL);
    if (cli_value(cli, "--country") != NULL) {
        json_field_chars(&writer, "country", cli_value(cli, "--country"));
    }
    json_object_end(&writer);
    const struct cli_request request = {
        .method = "POST", .path = "/local/import-json", .body = buffer_text(&body)};
    enum error_code code = cli_client_open(cli, &client, &error);
    if (code == OK) {
        code = cli_ask(client, &request, &answer, &error);
    }
    if (code != OK) {
        return cli_fail(cli, &error);
    }
    bool done = false;
    (void)json_bool(json_get(answer.json, "done"), &done);
    int64_t refused = 0;
    struct json_iterator file = {0};
    while (json_iterate(json_get(answer.json, "files"), &file)) {
        refused += json_get_int64(file.value, "refused", 0);
    }
    if (cli->json) {
        cli_print_json(cli, buffer_text(&answer.body));
    } else {
        print_import(cli, answer.json);
        (void)printf("%s\n", refused > 0 ? "nothing was imported: repair what was refused first"
                             : done      ? "imported"
                                         : "dry run: nothing was changed");
    }
    return refused > 0 ? CLI_DATA : CLI_OK;
}

const struct cli_spec CLI_IMPORT_JSON[] = {
    {.name = "",
     .arguments = "DIR",
     .summary = "read campaigns.json, enrollments.json and message_queue.json",
     .help =
         "Reads what export wrote, or files written by hand: comments are fine, counters may be\n"
         "missing, and current_day says what was sent elsewhere. All or nothing; a second run\n"
         "changes nothing.",
     .least = 1,
     .most = 1,
     .flags = {{"--dry-run", NULL, "say what would happen, and change nothing"},
               {"--country", "IN", "the country of numbers without country code"},
               {"--at-once", NULL, "also many records while a server sends, which waits for them"},
               {"--verbose", NULL, "also list the records that were simply added"}},
     .run = import_json},
    {0},
};

/* ---- verify ---- */

static int print_verify(const struct cli *cli, const struct json *report, struct text bytes)
{
    const struct json *findings = json_get(report, "findings");
    bool sound = false;
    (void)json_bool(json_get(report, "sound"), &sound);
    if (cli->json) {
        cli_print_json(cli, bytes);
        return sound ? CLI_OK : CLI_FOUND;
    }
    for (size_t at = 0; at < json_count(findings); at++) {
        const struct json *finding = json_at(findings, at);
        char code[64], count[32], message[512];
        bool repaired = false;
        bool repairable = false;
        (void)json_bool(json_get(finding, "repaired"), &repaired);
        (void)json_bool(json_get(finding, "repairable"), &repairable);
        (void)printf("%s: %s %s%s\n", cli_scalar(finding, "code", code, sizeof(code)),
                     cli_scalar(finding, "count", count, sizeof(count)),
                     cli_scalar(finding, "message", message, sizeof(message)),
                     repaired     ? " (repaired)"
                     : repairable ? " (--repair mends it)"
                                  : "");
    }
    (void)printf("%lld sequences, %lld people: %s\n",
                 (long long)json_get_int64(report, "sequences", 0),
                 (long long)json_get_int64(report, "people", 0),
                 sound ? "everything adds up" : "something is wrong");
    return sound ? CLI_OK : CLI_FOUND;
}

static enum error_code repair(struct cli *cli, struct cli_answer *ret_answer, struct error *error)
{
    CLEANUP(cli_client_close) struct cli_client *client = NULL;
    const struct cli_request request = {.method = "POST", .path = "/local/verify"};
    enum error_code code = cli_client_open(cli, &client, error);
    return code == OK ? cli_ask(client, &request, ret_answer, error) : code;
}

static enum error_code look(struct cli *cli, struct cli_answer *ret_answer, struct error *error)
{
    CLEANUP(cli_reader_close) struct cli_reader *reader = NULL;
    struct verify_report report;
    struct json_writer writer;
    buffer_init(&ret_answer->body, 64 * 1024 * 1024);
    enum error_code code = cli_reader_open(cli, &reader, error);
    if (code == OK) {
        code =
            verify_look(cli_reader_work(reader), cli_value(cli, "--quick") == NULL, &report, error);
    }
    if (code == OK) {
        json_writer_init(&writer, &ret_answer->body);
        verify_encode(&writer, &report);
        code = json_parse(buffer_text(&ret_answer->body), NULL, &ret_answer->json, error);
    }
    return code;
}

static int verify(struct cli *cli)
{
    CLEANUP_IN_PLACE(cli_answer_done) struct cli_answer answer = {0};
    struct error error = {0};
    enum error_code code = cli_value(cli, "--repair") != NULL ? repair(cli, &answer, &error)
                                                              : look(cli, &answer, &error);
    return code == OK ? print_verify(cli, answer.json, buffer_text(&answer.body))
                      : cli_fail(cli, &error);
}

const struct cli_spec CLI_VERIFY[] = {
    {.name = "",
     .arguments = "",
     .summary = "check that nothing is lost, sent twice or miscounted",
     .help = "Exits with 3 when something is wrong.",
     .flags = {{"--repair", NULL, "mend what can be mended without a person"},
               {"--quick", NULL, "do not read every page of the file"}},
     .run = verify},
    {0},
};

/* ---- backup, restore, migrate ---- */

static int print_line(const struct cli *cli, const char *name, const char *value,
                      const char *sentence)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer buffer = {0};
    struct json_writer writer;
    if (!cli->json) {
        (void)printf("%s\n", sentence);
        return CLI_OK;
    }
    buffer_init(&buffer, 64 * 1024);
    json_writer_init(&writer, &buffer);
    json_object_begin(&writer);
    json_field_chars(&writer, name, value);
    json_field_chars(&writer, "message", sentence);
    json_object_end(&writer);
    cli_print_buffer(&buffer);
    return CLI_OK;
}

static int backup(struct cli *cli)
{
    CLEANUP(cli_reader_close) struct cli_reader *reader = NULL;
    struct backup_result result = {0};
    struct error error = {0};
    char sentence[PATH_MAX + 64];
    enum error_code code = cli_reader_open(cli, &reader, &error);
    if (code == OK) {
        db_rollback(cli_reader_work(reader)->db); /* the copy takes its own moment */
        code = backup_write(cli_reader_work(reader), cli->arguments[0], &result, &error);
    }
    cli_reader_close(TAKE(reader));
    if (code == OK) {
        code = note(cli, "backup", &error);
    }
    if (code != OK) {
        return cli_fail(cli, &error);
    }
    (void)snprintf(sentence, sizeof(sentence), "wrote %s, %lld KiB, checked", cli->arguments[0],
                   (long long)(result.size / 1024));
    return print_line(cli, "backup", cli->arguments[0], sentence);
}

const struct cli_spec CLI_BACKUP[] = {
    {.name = "",
     .arguments = "FILE",
     .summary = "write a consistent, checked copy of the database while everything runs",
     .help = "Keep the directory's master.key with your backups, in another place: without it the\n"
             "channels' tokens cannot be read. An existing file is never replaced.",
     .least = 1,
     .most = 1,
     .run = backup},
    {0},
};

static int restore(struct cli *cli)
{
    struct error error = {0};
    if (backup_restore(cli->data, cli->arguments[0], &error) != OK) {
        return cli_fail(cli, &error);
    }
    return print_line(cli, "restored", cli->arguments[0],
                      "restored. The next start holds everything that had not ended: look at the "
                      "held messages before you release them. The database that was here is kept "
                      "as dripline.db.before-restore");
}

const struct cli_spec CLI_RESTORE[] = {
    {.name = "",
     .arguments = "FILE",
     .summary = "put a backup in place of the database; the server must be stopped",
     .help =
         "Nothing is sent after a restore until a person decides: what was sent since the\n"
         "backup is read from the send journal and held. `dripline release` lets sending go on.",
     .least = 1,
     .most = 1,
     .run = restore},
    {0},
};

static int compact(struct cli *cli)
{
    struct backup_compacted compacted = {0};
    struct error error = {0};
    char size[32];
    char sentence[120];
    if (backup_compact(cli->data, &compacted, &error) != OK) {
        return cli_fail(cli, &error);
    }
    (void)snprintf(size, sizeof(size), "%lld", (long long)compacted.size_after);
    (void)snprintf(sentence, sizeof(sentence), "the database had %lld KiB and has %lld KiB now",
                   (long long)(compacted.size_before / 1024),
                   (long long)(compacted.size_after / 1024));
    return print_line(cli, "size", size, sentence);
}

const struct cli_spec CLI_COMPACT[] = {
    {.name = "",
     .arguments = "",
     .summary = "write the database anew, without what lies between its rows; the server must be "
                "stopped",
     .help = "The file becomes smaller. When people were erased, copies of their rows that the\n"
             "engine left behind when it moved rows are gone for certain.",
     .run = compact},
    {0},
};

static int release(struct cli *cli)
{
    CLEANUP(cli_client_close) struct cli_client *client = NULL;
    CLEANUP_IN_PLACE(cli_answer_done) struct cli_answer answer = {0};
    CLEANUP_IN_PLACE(buffer_done) struct buffer body = {0};
    struct json_writer writer;
    struct error error = {0};
    const char *held = cli_value(cli, "--held");
    buffer_init(&body, 4096);
    json_writer_init(&writer, &body);
    json_object_begin(&writer);
    json_field_chars(&writer, "held", held == NULL ? "keep" : held);
    json_object_end(&writer);
    const struct cli_request request = {
        .method = "POST", .path = "/local/release", .body = buffer_text(&body)};
    enum error_code code = cli_client_open(cli, &client, &error);
    if (code == OK) {
        code = cli_ask(client, &request, &answer, &error);
    }
    if (code != OK) {
        return cli_fail(cli, &error);
    }
    if (cli->json) {
        cli_print_json(cli, buffer_text(&answer.body));
    } else {
        (void)printf("sending goes on: %lld held messages go, %lld are given up, %lld stay held\n",
                     (long long)json_get_int64(answer.json, "sent", 0),
                     (long long)json_get_int64(answer.json, "given_up", 0),
                     (long long)json_get_int64(answer.json, "kept", 0));
    }
    return CLI_OK;
}

const struct cli_spec CLI_RELEASE[] = {
    {.name = "",
     .arguments = "",
     .summary = "let sending go on after a restore, or after the clock jumped",
     .flags =
         {{"--held", "WORD",
           "what a restore held: keep (default), send_unsent (what surely never left), give_up"}},
     .run = release},
    {0},
};

static int migrate(struct cli *cli)
{
    CLEANUP(cli_local_close) struct cli_local *local = NULL;
    struct error error = {0};
    char version[32];
    char sentence[96];
    if (cli_local_open(cli, false, &local, &error) != OK) {
        return cli_fail(cli, &error);
    }
    (void)snprintf(version, sizeof(version), "%lld", (long long)migrate_target());
    (void)snprintf(sentence, sizeof(sentence), "the database has schema %s", version);
    return print_line(cli, "schema", version, sentence);
}

const struct cli_spec CLI_MIGRATE[] = {
    {.name = "",
     .arguments = "",
     .summary = "bring the database up to this program's schema; the server does it by itself",
     .run = migrate},
    {0},
};
