/* `dripline user` and `dripline key`, through the API. Passwords come from the
 * terminal without echo, or as one line of standard input; never as an argument, which others on
 * the machine could read. */
#include "cli/cli.h"

#include "base/crypto.h"
#include "base/json_writer.h"
#include "cli/cli_client.h"
#include "cli/cli_out.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { PASSWORD_MAX = 1024 };

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
    CLEANUP_IN_PLACE(cli_answer_done) struct cli_answer answer = {0};
    struct error error = {0};
    char value[256];
    if (cli_ask_once(cli, request, &answer, &error) != OK) {
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
    CLEANUP_IN_PLACE(buffer_done) struct buffer body = {0};
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
    CLEANUP_IN_PLACE(buffer_done) struct buffer body = {0};
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

static int user_reset_second_factor(struct cli *cli)
{
    CLEANUP(cli_client_close) struct cli_client *client = NULL;
    CLEANUP_IN_PLACE(cli_answer_done) struct cli_answer answer = {0};
    struct error error = {0};
    char id[64] = "";
    char path[128];
    enum error_code code = cli_client_open(cli, &client, &error);
    if (code == OK) {
        code = find_user(client, cli->arguments[0], id, sizeof(id), &error);
    }
    (void)snprintf(path, sizeof(path), "/api/users/%s/second-factor", id);
    const struct cli_request request = {.method = "DELETE", .path = path};
    if (code == OK) {
        code = cli_ask(client, &request, &answer, &error);
    }
    if (code != OK) {
        return cli_fail(cli, &error);
    }
    (void)printf("%s signs in with the password alone from now on\n", cli->arguments[0]);
    return CLI_OK;
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
    {.name = "reset-second-factor",
     .arguments = "EMAIL",
     .summary = "switch off two-step sign-in for a user who lost app and recovery codes",
     .least = 1,
     .most = 1,
     .run = user_reset_second_factor},
    {0},
};

/* ---- keys ---- */

/* The answer with the secret under the name people look for. */
static void print_key(const struct json *answer)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer buffer = {0};
    struct json_writer writer;
    buffer_init(&buffer, 16 * 1024);
    json_writer_init(&writer, &buffer);
    json_object_begin(&writer);
    json_field_text(&writer, "key", json_get_text(answer, "secret"));
    json_field_text(&writer, "id", json_get_text(answer, "id"));
    json_field_text(&writer, "name", json_get_text(answer, "name"));
    json_field_text(&writer, "prefix", json_get_text(answer, "prefix"));
    json_object_end(&writer);
    cli_print_buffer(&buffer);
}

static int ask_for_key(struct cli *cli, const struct cli_request *request)
{
    CLEANUP_IN_PLACE(cli_answer_done) struct cli_answer answer = {0};
    struct error error = {0};
    if (cli_ask_once(cli, request, &answer, &error) != OK) {
        return cli_fail(cli, &error);
    }
    if (cli->json) {
        print_key(answer.json);
    } else {
        (void)printf("%.*s\n", TEXT_ARGS(json_get_text(answer.json, "secret")));
        (void)fprintf(stderr, "this is the only time the key is shown\n");
    }
    return CLI_OK;
}

static int key_create(struct cli *cli)
{
    const char *name = cli_value(cli, "--name");
    name = name == NULL && cli->argument_count > 0 ? cli->arguments[0] : name;
    CLEANUP_IN_PLACE(buffer_done) struct buffer body = {0};
    struct json_writer writer;
    struct text scopes = text_from(cli_value(cli, "--scope"));
    struct text scope = {0};
    scopes = scopes.data == NULL ? TEXT("read") : scopes;
    buffer_init(&body, 16 * 1024);
    json_writer_init(&writer, &body);
    json_object_begin(&writer);
    json_field_chars(&writer, "name", name == NULL ? "command line" : name);
    json_key(&writer, "scopes");
    json_array_begin(&writer);
    while (text_next(&scopes, ',', &scope)) {
        json_put_text(&writer, text_trim(scope));
    }
    json_array_end(&writer);
    if (cli_value(cli, "--expires") != NULL) {
        json_field_chars(&writer, "expires_at", cli_value(cli, "--expires"));
    }
    json_object_end(&writer);
    const struct cli_request request = {
        .method = "POST", .path = "/api/keys", .body = buffer_text(&body)};
    return ask_for_key(cli, &request);
}

const struct cli_spec CLI_KEY[] = {
    {.name = "create",
     .arguments = "[NAME]",
     .summary = "create an API key and print it once",
     .most = 1,
     .flags = {{"--name", "NAME", "what the key is for, in place of the argument"},
               {"--scope", "LIST", "read, enroll, write, admin, with commas (default: read)"},
               {"--expires", "TIME", "refused from then on, like 2027-03-02T00:00:00Z"}},
     .run = key_create},
    {0},
};
