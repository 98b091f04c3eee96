/* `dripline enroll` and `dripline import`: people from the command line, through the API. */
#include "cli/cli.h"

#include "base/file.h"
#include "base/json_writer.h"
#include "base/mem.h"
#include "cli/cli_client.h"
#include "cli/cli_out.h"
#include "net/http.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

enum { POLL_MS = 200, PATH_MAX_SIZE = 2048 };

/* ---- enroll ---- */

static enum error_code write_person(const struct cli *cli, struct buffer *body, struct error *error)
{
    struct json_writer writer;
    json_writer_init(&writer, body);
    json_object_begin(&writer);
    json_field_chars(&writer, "phone", cli->arguments[1]);
    if (cli_value(cli, "--name") != NULL) {
        json_field_chars(&writer, "name", cli_value(cli, "--name"));
    }
    if (cli_value(cli, "--timezone") != NULL) {
        json_field_chars(&writer, "timezone", cli_value(cli, "--timezone"));
    }
    if (cli->many_count > 0) {
        json_key(&writer, "custom_fields");
        json_object_begin(&writer);
        for (size_t at = 0; at < cli->many_count; at++) {
            struct text value = text_from(cli->many[at]);
            struct text name = {0};
            if (!text_next(&value, '=', &name) || value.data == NULL || name.size == 0) {
                return error_set(error, ERROR_INVALID, "--field takes NAME=VALUE, not \"%s\"",
                                 cli->many[at]);
            }
            json_key_text(&writer, name);
            json_put_text(&writer, value);
        }
        json_object_end(&writer);
    }
    int64_t day = 0;
    if (cli_value(cli, "--start-day") != NULL) {
        if (!text_to_int64(text_from(cli_value(cli, "--start-day")), &day)) {
            return error_set(error, ERROR_INVALID, "--start-day takes a number");
        }
        json_field_int64(&writer, "start_day", day);
    }
    json_object_end(&writer);
    return OK;
}

static int enroll(struct cli *cli)
{
    CLEANUP_IN_PLACE(cli_answer_done) struct cli_answer answer = {0};
    CLEANUP_IN_PLACE(buffer_done) struct buffer body = {0};
    struct error error = {0};
    char path[256];
    buffer_init(&body, 64 * 1024);
    (void)snprintf(path, sizeof(path), "/api/sequences/%.200s/enroll", cli->arguments[0]);
    enum error_code code = write_person(cli, &body, &error);
    const struct cli_request request = {.method = "POST", .path = path, .body = buffer_text(&body)};
    if (code == OK) {
        code = cli_ask_once(cli, &request, &answer, &error);
    }
    if (code != OK) {
        return cli_fail(cli, &error);
    }
    if (cli->json) {
        cli_print_json(cli, buffer_text(&answer.body));
    } else {
        char verdict[64], id[64], message[256];
        (void)printf("%s %s: %s\n", cli_scalar(answer.json, "verdict", verdict, sizeof(verdict)),
                     cli_scalar(answer.json, "enrollment_id", id, sizeof(id)),
                     cli_scalar(answer.json, "message", message, sizeof(message)));
    }
    return answer.status == 201 ? CLI_OK : CLI_FOUND;
}

const struct cli_spec CLI_ENROLL[] = {
    {.name = "",
     .arguments = "SEQUENCE PHONE",
     .summary = "enroll one person in a sequence",
     .help = "Exits with 3 when the person was not enrolled; the verdict says why.",
     .least = 2,
     .most = 2,
     .flags = {{"--name", "NAME", "how messages call the person"},
               {"--timezone", "ZONE", "an IANA name like Asia/Kolkata"},
               {"--start-day", "DAY", "leave out everything before this day"},
               {"--field", "NAME=VALUE", "a custom field; may be repeated"}},
     .run = enroll},
    {0},
};

/* ---- import ---- */

static void import_path(const struct cli *cli, struct buffer *path)
{
    const char *slash = strrchr(cli->arguments[0], '/');
    buffer_add_chars(path, "/api/sequences/");
    http_percent_encode(path, text_from(cli_value(cli, "--sequence")));
    buffer_add_chars(path, "/enroll/bulk?filename=");
    http_percent_encode(path, text_from(slash == NULL ? cli->arguments[0] : slash + 1));
    if (cli_value(cli, "--dry-run") != NULL) {
        buffer_add_chars(path, "&dry_run=true");
    }
    static const char *const PASSED[] = {"--country", "--columns", "--delimiter"};
    for (size_t at = 0; at < ARRAY_SIZE(PASSED); at++) {
        if (cli_value(cli, PASSED[at]) != NULL) {
            buffer_add_format(path, "&%s=", PASSED[at] + 2);
            http_percent_encode(path, text_from(cli_value(cli, PASSED[at])));
        }
    }
}

/* Asks for the batch until it has ended. */
static enum error_code follow_batch(struct cli *cli, struct cli_client *client,
                                    struct cli_answer *answer, struct error *error)
{
    struct cli_progress progress;
    char id[64], status[32], path[128];
    enum error_code code = OK;
    (void)snprintf(path, sizeof(path), "/api/batches/%s",
                   cli_scalar(answer->json, "id", id, sizeof(id)));
    cli_progress_start(&progress, cli, "importing");
    (void)cli_scalar(answer->json, "status", status, sizeof(status));
    while (code == OK && (strcmp(status, "queued") == 0 || strcmp(status, "running") == 0)) {
        (void)poll(NULL, 0, POLL_MS); /* the server tells progress, not the end of it */
        cli_answer_done(answer);
        code = cli_get(client, path, answer, error);
        if (code == OK) {
            cli_progress_show(&progress, json_get_int64(answer->json, "processed_rows", 0),
                              json_get_int64(answer->json, "total_rows", 0));
            (void)cli_scalar(answer->json, "status", status, sizeof(status));
        }
    }
    cli_progress_end(&progress);
    if (code == OK && strcmp(status, "completed") != 0) {
        char reason[256];
        return error_set(error, ERROR_INVALID, "the import ended as %s: %s", status,
                         cli_scalar(answer->json, "error", reason, sizeof(reason)));
    }
    return code;
}

static int print_counts(struct cli *cli, const struct cli_answer *answer)
{
    if (cli->json) {
        cli_print_json(cli, buffer_text(&answer->body));
    } else {
        char total[32], batch[64];
        (void)printf("%s rows", cli_scalar(answer->json, "total_rows", total, sizeof(total)));
        (void)cli_scalar(answer->json, "batch_id", batch, sizeof(batch));
        if (strcmp(batch, "-") == 0) {
            (void)cli_scalar(answer->json, "id", batch, sizeof(batch));
        }
        (void)printf("%s%s\n", strcmp(batch, "-") == 0 ? ", dry run" : ", ",
                     strcmp(batch, "-") == 0 ? "" : batch);
    }
    struct json_iterator at = {0};
    int64_t refused = 0;
    while (json_iterate(json_get(answer->json, "counts"), &at)) {
        int64_t count = 0;
        (void)json_int64(at.value, &count);
        if (count > 0 && !cli->json) {
            (void)printf("  %-20.*s %lld\n", TEXT_ARGS(at.name), (long long)count);
        }
        bool bad = text_starts_with(at.name, TEXT("invalid"));
        refused += bad ? count : 0;
    }
    const struct json *rows = json_get(answer->json, "rows");
    for (size_t row = 0; row < json_count(rows) && !cli->json; row++) {
        char line[32], verdict[64], message[256];
        const struct json *one = json_at(rows, row);
        (void)cli_scalar(one, "verdict", verdict, sizeof(verdict));
        if (strcmp(verdict, "enrolled") != 0 && strcmp(verdict, "restarted") != 0) {
            (void)printf("  line %s: %s: %s\n", cli_scalar(one, "row", line, sizeof(line)), verdict,
                         cli_scalar(one, "message", message, sizeof(message)));
        }
    }
    return refused > 0 ? CLI_FOUND : CLI_OK;
}

static int import(struct cli *cli)
{
    CLEANUP(cli_client_close) struct cli_client *client = NULL;
    CLEANUP_IN_PLACE(cli_answer_done) struct cli_answer answer = {0};
    CLEANUP_IN_PLACE(buffer_done) struct buffer path = {0};
    struct error error = {0};
    enum error_code code = OK;
    buffer_init(&path, PATH_MAX_SIZE);
    if (cli_value(cli, "--sequence") == NULL) {
        code = error_set(&error, ERROR_INVALID, "--sequence ID says which sequence to enroll in");
    } else if (!file_exists(cli->arguments[0])) {
        code = error_set(&error, ERROR_NOT_FOUND, "there is no file \"%s\"", cli->arguments[0]);
    }
    if (code == OK) {
        import_path(cli, &path);
        code = cli_client_open(cli, &client, &error);
    }
    const struct cli_request request = {.method = "POST",
                                        .path = buffer_chars(&path),
                                        .body_path = cli->arguments[0],
                                        .content_type = "text/csv"};
    if (code == OK) {
        code = cli_ask(client, &request, &answer, &error);
    }
    if (code == OK && answer.status == 202) {
        code = follow_batch(cli, client, &answer, &error);
    }
    return code == OK ? print_counts(cli, &answer) : cli_fail(cli, &error);
}

const struct cli_spec CLI_IMPORT[] = {
    {.name = "",
     .arguments = "FILE.csv",
     .summary = "enroll the people of a CSV file in a sequence",
     .help =
         "Every row gets a verdict. Exits with 3 when rows were not understood; the others are\n"
         "enrolled all the same.",
     .least = 1,
     .most = 1,
     .flags = {{"--sequence", "ID", "the sequence to enroll in"},
               {"--dry-run", NULL, "judge the rows and enroll nobody"},
               {"--country", "IN", "the country of numbers without country code"},
               {"--columns", "LIST", "what each column holds: phone,name,field:city,-"},
               {"--delimiter", "WORD", "comma, semicolon, tab or pipe; guessed otherwise"}},
     .run = import},
    {0},
};
