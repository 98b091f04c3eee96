/* `dripline channel list|add`: WhatsApp numbers, through the API. Tokens come from files or
 * standard input, never as arguments, which others on the machine could read. */
#include "cli/cli.h"

#include "base/crypto.h"
#include "base/file.h"
#include "base/json_writer.h"
#include "base/mem.h"
#include "cli/cli_client.h"
#include "cli/cli_out.h"

#include <stdio.h>
#include <string.h>

enum { FILE_MAX = 64 * 1024 };

static int list(struct cli *cli)
{
    CLEANUP_IN_PLACE(cli_answer_done) struct cli_answer answer = {0};
    struct error error = {0};
    const struct cli_request request = {.method = "GET", .path = "/api/channels"};
    if (cli_ask_once(cli, &request, &answer, &error) != OK) {
        return cli_fail(cli, &error);
    }
    if (cli->json) {
        cli_print_json(cli, buffer_text(&answer.body));
        return CLI_OK;
    }
    const struct json *rows = json_get(answer.json, "data");
    (void)printf("%-10s %-12s %-10s %-16s %s\n", "id", "provider", "state", "number", "name");
    for (size_t at = 0; at < json_count(rows); at++) {
        const struct json *row = json_at(rows, at);
        char id[32], provider[32], state[32], number[32], name[256];
        (void)printf("%-10s %-12s %-10s %-16s %s\n", cli_scalar(row, "id", id, sizeof(id)),
                     cli_scalar(row, "provider", provider, sizeof(provider)),
                     cli_scalar(row, "state", state, sizeof(state)),
                     cli_scalar(row, "display_phone", number, sizeof(number)),
                     cli_scalar(row, "name", name, sizeof(name)));
    }
    return CLI_OK;
}

/* ---- add ---- */

/* Flags that are fields of POST /api/channels, and those that name a file with one. */
static const struct {
    const char *flag;
    const char *field;
    bool from_file;
} FIELDS[] = {
    {"--name", "name", false},
    {"--provider", "provider", false},
    {"--phone-number-id", "phone_number_id", false},
    {"--waba-id", "waba_id", false},
    {"--base-url", "base_url", false},
    {"--verify-token", "verify_token", false},
    {"--access-token-file", "access_token", true},
    {"--app-secret-file", "app_secret", true},
};

static enum error_code put_secret(struct json_writer *writer, const char *field, const char *path,
                                  struct error *error)
{
    char *data = NULL;
    size_t size = 0;
    enum error_code code = file_read(path, FILE_MAX, &data, &size, error);
    if (code == OK) {
        json_field_text(writer, field, text_trim(text_make(data, size)));
        crypto_wipe(data, size);
        mem_free(data);
    }
    return code;
}

static enum error_code document_of_flags(const struct cli *cli, struct buffer *document,
                                         struct error *error)
{
    struct json_writer writer;
    enum error_code code = OK;
    json_writer_init(&writer, document);
    json_object_begin(&writer);
    for (size_t at = 0; at < ARRAY_SIZE(FIELDS) && code == OK; at++) {
        const char *value = cli_value(cli, FIELDS[at].flag);
        if (value != NULL && FIELDS[at].from_file) {
            code = put_secret(&writer, FIELDS[at].field, value, error);
        } else if (value != NULL) {
            json_field_chars(&writer, FIELDS[at].field, value);
        }
    }
    if (code == OK) {
        json_object_end(&writer);
    }
    return code;
}

static enum error_code document_of_file(const struct cli *cli, struct buffer *document,
                                        struct error *error)
{
    char *data = NULL;
    size_t size = 0;
    const char *path = strcmp(cli->arguments[0], "-") == 0 ? "/dev/stdin" : cli->arguments[0];
    enum error_code code = file_read(path, FILE_MAX, &data, &size, error);
    if (code == OK) {
        buffer_add(document, data, size);
        crypto_wipe(data, size);
        mem_free(data);
    }
    return code;
}

static int add(struct cli *cli)
{
    CLEANUP_IN_PLACE(cli_answer_done) struct cli_answer answer = {0};
    CLEANUP_IN_PLACE(buffer_done) struct buffer document = {0};
    struct error error = {0};
    char id[64];
    buffer_init(&document, 2 * FILE_MAX);
    enum error_code code = cli->argument_count > 0 ? document_of_file(cli, &document, &error)
                                                   : document_of_flags(cli, &document, &error);
    const struct cli_request request = {
        .method = "POST", .path = "/api/channels", .body = buffer_text(&document)};
    if (code == OK) {
        code = cli_ask_once(cli, &request, &answer, &error);
    }
    crypto_wipe(document.data, document.size);
    if (code != OK) {
        return cli_fail(cli, &error);
    }
    if (cli->json) {
        cli_print_json(cli, buffer_text(&answer.body));
    } else {
        (void)printf("added %s\n", cli_scalar(answer.json, "id", id, sizeof(id)));
    }
    return CLI_OK;
}

const struct cli_spec CLI_CHANNEL[] = {
    {.name = "list", .arguments = "", .summary = "list all channels", .run = list},
    {.name = "add",
     .arguments = "[FILE]",
     .summary = "add a WhatsApp number: by the options, or from a JSON file (- is standard input)",
     .help =
         "A file holds what POST /api/channels takes. Tokens are read from files, so that nobody\n"
         "sees them among the arguments.",
     .most = 1,
     .flags = {{"--name", "NAME", "how you call it"},
               {"--provider", "WORD", "cloud, or simulator to try things"},
               {"--phone-number-id", "ID", "the number's id at WhatsApp"},
               {"--waba-id", "ID", "the account's id at WhatsApp"},
               {"--base-url", "URL", "another address of the provider"},
               {"--verify-token", "WORD", "what the webhook's subscription sends"},
               {"--access-token-file", "FILE", "holds the access token"},
               {"--app-secret-file", "FILE", "holds the app secret"}},
     .run = add},
    {0},
};
