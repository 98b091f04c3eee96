/* `dripline user`, `dripline key` and `dripline channel`, through the API. Passwords come from the
 * terminal without echo, or as one line of standard input; never as an argument, which others on
 * the machine could read. */
#include "cli/cli.h"

#include "base/crypto.h"
#include "base/file.h"
#include "base/json_writer.h"
#include "base/mem.h"
#include "cli/cli_client.h"
#include "cli/cli_out.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { PASSWORD_MAX = 1024, FILE_MAX = 64 * 1024 };

/* ---- asking ---- */

static enum error_code read_secret_line(const char *prompt, char out[PASSWORD_MAX],
                                        struct error *error)
{
    struct termios before;
    bool terminal = isatty(STDIN_FILENO) == 1 && tcgetattr(STDIN_FILENO, &before) == 0;
    if (terminal) {
        struct termios quiet = before;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        (void)fprintf(stderr, "%s: ", prompt);
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    }
    const char *line = fgets(out, PASSWORD_MAX, stdin);
    if (terminal) {
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        (void)fprintf(stderr, "\n");
    }
    if (line == NULL) {
        return error_set(error, ERROR_INVALID, "a password is expected on standard input");
    }
    out[strcspn(out, "\r\n")] = '\0';
    return OK;
}

/* One call whose answer is printed: as JSON, or as `words` and the answer's id. */
static int ask_and_print(struct cli *cli, const struct cli_request *request, const char *words,
                         const char *field)
{
    CLEANUP(cli_client_close) struct cli_client *client = NULL;
    CLEANUP_IN_PLACE(cli_answer_done) struct cli_answer answer = {0};
    struct error error = {0};
    char value[256];
    enum error_code code = cli_client_open(cli, &client, &error);
    if (code == OK) {
        code = cli_ask(client, request, &answer, &error);
    }
    if (code != OK) {
        return cli_fail(cli, &error);
    }
    if (cli->json) {
        cli_print_json(cli, buffer_text(&answer.body));
    } else {
        (void)printf("%s %s\n", words, cli_scalar(answer.json, field, value, sizeof(value)));
    }
    return CLI_OK;
}

/* ---- users ---- */

static int user_add(struct cli *cli)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer body;
    struct json_writer writer;
    struct error error = {0};
    char password[PASSWORD_MAX];
    const char *role = cli_value(cli, "--role");
    const char *name = cli_value(cli, "--name");
    if (read_secret_line("password", password, &error) != OK) {
        return cli_fail(cli, &error);
    }
    buffer_init(&body, 16 * 1024);
    json_writer_init(&writer, &body);
    json_object_begin(&writer);
    json_field_chars(&writer, "email", cli->arguments[0]);
    json_field_chars(&writer, "role", role == NULL ? "admin" : role);
    if (name != NULL) {
        json_field_chars(&writer, "name", name);
    }
    json_field_chars(&writer, "password", password);
    json_object_end(&writer);
    crypto_wipe(password, sizeof(password));
    const struct cli_request request = {
        .method = "POST", .path = "/api/users", .body = buffer_text(&body)};
    int code = ask_and_print(cli, &request, "added", "id");
    crypto_wipe(body.data, body.size);
    return code;
}

static enum error_code find_user(struct cli_client *client, const char *email, char *ret_id,
                                 size_t size, struct error *error)
{
    CLEANUP_IN_PLACE(cli_answer_done) struct cli_answer answer = {0};
    enum error_code code = cli_get(client, "/api/users", &answer, error);
    const struct json *rows = json_get(answer.json, "data");
    for (size_t at = 0; code == OK && at < json_count(rows); at++) {
        const struct json *row = json_at(rows, at);
        if (text_equal_ignore_case(json_get_text(row, "email"), text_from(email))) {
            (void)cli_scalar(row, "id", ret_id, size);
            return OK;
        }
    }
    return code != OK ? code : error_set(error, ERROR_NOT_FOUND, "there is no user \"%s\"", email);
}

static enum error_code set_password(struct cli *cli, const char *password, struct error *error)
{
    CLEANUP(cli_client_close) struct cli_client *client = NULL;
    CLEANUP_IN_PLACE(cli_answer_done) struct cli_answer answer = {0};
    CLEANUP_IN_PLACE(buffer_done) struct buffer body;
    struct json_writer writer;
    char id[64] = "";
    char path[128];
    buffer_init(&body, 16 * 1024);
    json_writer_init(&writer, &body);
    json_object_begin(&writer);
    json_field_chars(&writer, "password", password);
    json_object_end(&writer);
    enum error_code code = cli_client_open(cli, &client, error);
    if (code == OK) {
        code = find_user(client, cli->arguments[0], id, sizeof(id), error);
    }
    (void)snprintf(path, sizeof(path), "/api/users/%s", id);
    const struct cli_request request = {.method = "PUT", .path = path, .body = buffer_text(&body)};
    if (code == OK) {
        code = cli_ask(client, &request, &answer, error);
    }
    crypto_wipe(body.data, body.size);
    if (code == OK && cli->json) {
        cli_print_json(cli, buffer_text(&answer.body));
    } else if (code == OK) {
        (void)printf("the password of %s is set; other sessions are signed out\n",
                     cli->arguments[0]);
    }
    return code;
}

static int user_passwd(struct cli *cli)
{
    struct error error = {0};
    char password[PASSWORD_MAX];
    enum error_code code = read_secret_line("new password", password, &error);
    if (code == OK) {
        code = set_password(cli, password, &error);
    }
    crypto_wipe(password, sizeof(password));
    return code == OK ? CLI_OK : cli_fail(cli, &error);
}

const struct cli_spec CLI_USER[] = {
    {.name = "add",
     .arguments = "EMAIL",
     .summary = "add a user; the password is asked for, or read from standard input",
     .least = 1,
     .most = 1,
     .flags = {{"--role", "ROLE", "viewer, editor or admin (default: admin)"},
               {"--name", "NAME", "the name others see"}},
     .run = user_add},
    {.name = "passwd",
     .arguments = "EMAIL",
     .summary = "set a user's password; it is asked for, or read from standard input",
     .least = 1,
     .most = 1,
     .run = user_passwd},
    {0},
};

/* ---- keys ---- */

static int key_create(struct cli *cli)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer body;
    struct json_writer writer;
    struct text scopes = text_from(cli_value(cli, "--scopes"));
    struct text scope = {0};
    scopes = scopes.data == NULL ? TEXT("read") : scopes;
    buffer_init(&body, 16 * 1024);
    json_writer_init(&writer, &body);
    json_object_begin(&writer);
    json_field_chars(&writer, "name", cli->arguments[0]);
    json_key(&writer, "scopes");
    json_array_begin(&writer);
    while (text_next(&scopes, ',', &scope)) {
        json_put_text(&writer, text_trim(scope));
    }
    json_array_end(&writer);
    json_object_end(&writer);
    const struct cli_request request = {
        .method = "POST", .path = "/api/keys", .body = buffer_text(&body)};
    return ask_and_print(cli, &request, "shown only now:", "secret");
}

const struct cli_spec CLI_KEY[] = {
    {.name = "create",
     .arguments = "NAME",
     .summary = "create an API key and print it once",
     .least = 1,
     .most = 1,
     .flags = {{"--scopes", "LIST", "read, enroll, write, admin, with commas (default: read)"}},
     .run = key_create},
    {0},
};

/* ---- channels ---- */

static int channel_list(struct cli *cli)
{
    CLEANUP(cli_client_close) struct cli_client *client = NULL;
    CLEANUP_IN_PLACE(cli_answer_done) struct cli_answer answer = {0};
    struct error error = {0};
    enum error_code code = cli_client_open(cli, &client, &error);
    if (code == OK) {
        code = cli_get(client, "/api/channels", &answer, &error);
    }
    if (code != OK) {
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

static int channel_add(struct cli *cli)
{
    CLEANUP(mem_free_char) char *data = NULL;
    struct error error = {0};
    size_t size = 0;
    const char *path = strcmp(cli->arguments[0], "-") == 0 ? "/dev/stdin" : cli->arguments[0];
    if (file_read(path, FILE_MAX, &data, &size, &error) != OK) {
        return cli_fail(cli, &error);
    }
    const struct cli_request request = {
        .method = "POST", .path = "/api/channels", .body = text_make(data, size)};
    int code = ask_and_print(cli, &request, "added", "id");
    crypto_wipe(data, size);
    return code;
}

const struct cli_spec CLI_CHANNEL[] = {
    {.name = "list", .arguments = "", .summary = "list all channels", .run = channel_list},
    {.name = "add",
     .arguments = "FILE",
     .summary = "add a WhatsApp number from a JSON file, or - for standard input",
     .help = "The file holds what POST /api/channels takes, for example\n"
             "  {\"name\": \"Support\", \"provider\": \"meta\", \"phone_number_id\": \"1065…\",\n"
             "   \"waba_id\": \"1029…\", \"access_token\": \"EAA…\", \"app_secret\": \"9f…\"}",
     .least = 1,
     .most = 1,
     .run = channel_add},
    {0},
};
