/* `dripline sequence list|show|apply`: sequences from the command line, through the API. */
#include "cli/cli.h"

#include "base/file.h"
#include "base/mem.h"
#include "cli/cli_client.h"
#include "cli/cli_out.h"

#include <stdio.h>
#include <string.h>

enum { FILE_MAX = 4 * 1024 * 1024 };

static int list(struct cli *cli)
{
    CLEANUP_IN_PLACE(cli_answer_done) struct cli_answer answer = {0};
    struct error error = {0};
    const struct cli_request request = {.method = "GET", .path = "/api/sequences?limit=500"};
    if (cli_ask_once(cli, &request, &answer, &error) != OK) {
        return cli_fail(cli, &error);
    }
    if (cli->json) {
        cli_print_json(cli, buffer_text(&answer.body));
        return CLI_OK;
    }
    const struct json *rows = json_get(answer.json, "data");
    if (json_count(rows) == 0) {
        (void)printf("no sequences yet: `dripline sequence apply FILE` saves one\n");
        return CLI_OK;
    }
    (void)printf("%-10s %-9s %8s %8s %9s  %s\n", "id", "status", "enrolled", "active", "completed",
                 "name");
    for (size_t at = 0; at < json_count(rows); at++) {
        const struct json *row = json_at(rows, at);
        char id[32], status[32], enrolled[32], active[32], completed[32], name[256];
        (void)printf("%-10s %-9s %8s %8s %9s  %s\n", cli_scalar(row, "id", id, sizeof(id)),
                     cli_scalar(row, "status", status, sizeof(status)),
                     cli_scalar(row, "enrolled_count", enrolled, sizeof(enrolled)),
                     cli_scalar(row, "active_count", active, sizeof(active)),
                     cli_scalar(row, "completed_count", completed, sizeof(completed)),
                     cli_scalar(row, "name", name, sizeof(name)));
    }
    return CLI_OK;
}

static int show(struct cli *cli)
{
    CLEANUP_IN_PLACE(cli_answer_done) struct cli_answer answer = {0};
    struct error error = {0};
    char path[256];
    (void)snprintf(path, sizeof(path), "/api/sequences/%.200s", cli->arguments[0]);
    const struct cli_request request = {.method = "GET", .path = path};
    if (cli_ask_once(cli, &request, &answer, &error) != OK) {
        return cli_fail(cli, &error);
    }
    cli_print_json(cli, buffer_text(&answer.body));
    return CLI_OK;
}

enum { PAGES_MAX = 200 };

/* The sequence of that very name that is not archived. So a file without id, which people write,
 * makes a sequence once and changes it from then on. */
static enum error_code find_by_name(struct cli_client *client, struct text name, char *id,
                                    size_t size, struct error *error)
{
    char cursor[256] = "";
    size_t found = 0;
    enum error_code code = OK;
    for (int page = 0; code == OK && page < PAGES_MAX; page++) {
        CLEANUP_IN_PLACE(cli_answer_done) struct cli_answer answer = {0};
        char path[400];
        (void)snprintf(path, sizeof(path), "/api/sequences?limit=500%s%s",
                       cursor[0] == '\0' ? "" : "&cursor=", cursor);
        code = cli_get(client, path, &answer, error);
        const struct json *rows = json_get(answer.json, "data");
        for (size_t at = 0; code == OK && at < json_count(rows); at++) {
            const struct json *row = json_at(rows, at);
            if (text_equal(json_get_text(row, "name"), name) &&
                !text_equal(json_get_text(row, "status"), TEXT("archived"))) {
                found++;
                (void)cli_scalar(row, "id", id, size);
            }
        }
        struct text next = json_get_text(answer.json, "next_cursor");
        if (code != OK || next.size == 0 || next.size >= sizeof(cursor)) {
            break;
        }
        (void)snprintf(cursor, sizeof(cursor), "%.*s", TEXT_ARGS(next));
    }
    if (code == OK && found > 1) {
        return error_set(error, ERROR_CONFLICT,
                         "%zu sequences are called \"%.*s\": say which with --id or an id in the "
                         "file",
                         found, TEXT_ARGS(name));
    }
    return code;
}

/* PUT when the document names a sequence that is here, else POST. */
static enum error_code apply_document(struct cli_client *client, struct text document,
                                      const char *wanted, struct cli_answer *ret_answer,
                                      bool *ret_created, struct error *error)
{
    CLEANUP_IN_PLACE(cli_answer_done) struct cli_answer present = {0};
    struct error missing = {0};
    char path[256];
    (void)snprintf(path, sizeof(path), "/api/sequences/%.200s", wanted);
    enum error_code code =
        wanted[0] == '\0' ? ERROR_NOT_FOUND : cli_get(client, path, &present, &missing);
    if (code != OK && code != ERROR_NOT_FOUND) {
        if (error != NULL) {
            *error = missing;
        }
        return code;
    }
    *ret_created = code == ERROR_NOT_FOUND;
    const struct cli_request request = {.method = *ret_created ? "POST" : "PUT",
                                        .path = *ret_created ? "/api/sequences" : path,
                                        .body = document};
    return cli_ask(client, &request, ret_answer, error);
}

static int apply(struct cli *cli)
{
    CLEANUP(cli_client_close) struct cli_client *client = NULL;
    CLEANUP(mem_free_char) char *data = NULL;
    CLEANUP(json_free) struct json *document = NULL;
    CLEANUP_IN_PLACE(cli_answer_done) struct cli_answer answer = {0};
    struct error error = {0};
    size_t size = 0;
    char id[64] = "";
    bool created = false;
    const struct json_limits limits = {.size = FILE_MAX};
    enum error_code code = file_read(cli->arguments[0], FILE_MAX, &data, &size, &error);
    if (code == OK) {
        code = json_parse(text_make(data, size), &limits, &document, &error);
    }
    if (code == OK && cli_value(cli, "--id") != NULL) {
        (void)snprintf(id, sizeof(id), "%s", cli_value(cli, "--id"));
    } else if (code == OK && json_kind(json_get(document, "id")) == JSON_TEXT) {
        (void)cli_scalar(document, "id", id, sizeof(id));
    }
    if (code == OK) {
        code = cli_client_open(cli, &client, &error);
    }
    if (code == OK && id[0] == '\0') {
        code = find_by_name(client, json_get_text(document, "name"), id, sizeof(id), &error);
    }
    if (code == OK) {
        code = apply_document(client, text_make(data, size), id, &answer, &created, &error);
    }
    if (code != OK) {
        return cli_fail(cli, &error);
    }
    if (cli->json) {
        cli_print_json(cli, buffer_text(&answer.body));
        return CLI_OK;
    }
    const struct json *saved = json_get(answer.json, "sequence");
    char new_id[64], version[32], status[32];
    saved = saved == NULL ? answer.json : saved;
    (void)printf("%s %s, version %s, %s\n", created ? "created" : "saved",
                 cli_scalar(saved, "id", new_id, sizeof(new_id)),
                 cli_scalar(saved, "version", version, sizeof(version)),
                 cli_scalar(saved, "status", status, sizeof(status)));
    return CLI_OK;
}

const struct cli_spec CLI_SEQUENCE[] = {
    {.name = "list", .arguments = "", .summary = "list all sequences", .run = list},
    {.name = "show",
     .arguments = "ID",
     .summary = "print one sequence as JSON",
     .least = 1,
     .most = 1,
     .run = show},
    {.name = "apply",
     .arguments = "FILE",
     .summary = "save a sequence from a JSON file",
     .help = "A file changes, live, the sequence that its id names, else the one of its name; when "
             "there is none, it makes a new one. Applying a file twice changes nothing.",
     .least = 1,
     .most = 1,
     .flags = {{"--id", "ID", "the sequence to change, in place of the file's id"}},
     .run = apply},
    {0},
};
