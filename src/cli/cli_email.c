/* `dripline email show|set|test`: mails about alerts, through the API. The password comes from
 * standard input, never as an argument, which others on the machine could read. */
#include "cli/cli.h"

#include "base/crypto.h"
#include "base/json_writer.h"
#include "cli/cli_client.h"
#include "cli/cli_out.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BODY_MAX = 64 * 1024, PASSWORD_MAX = 1100 };

static const char PATH[] = "/api/settings/email";

static void print_settings(const struct json *json)
{
    static const char *const NAMES[] = {"enabled", "host",         "port",      "security",
                                        "user",    "password_set", "from",      "digest_time",
                                        "waiting", "last_sent_at", "last_error"};
    char value[512];
    struct text word = {0};
    for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++) {
        (void)printf("%-14s %s\n", NAMES[i], cli_scalar(json, NAMES[i], value, sizeof(value)));
    }
    for (const char *const *name = (const char *const[]){"recipients", "severities", NULL};
         *name != NULL; name++) {
        const struct json *list = json_get(json, *name);
        (void)printf("%-14s", *name);
        for (size_t i = 0; i < json_count(list); i++) {
            (void)json_text(json_at(list, i), &word);
            (void)printf(" %.*s", TEXT_ARGS(word));
        }
        (void)printf("\n");
    }
}

static int ask(struct cli *cli, const struct cli_request *request)
{
    CLEANUP_IN_PLACE(cli_answer_done) struct cli_answer answer = {0};
    struct error error = {0};
    if (cli_ask_once(cli, request, &answer, &error) != OK) {
        return cli_fail(cli, &error);
    }
    if (cli->json) {
        cli_print_json(cli, buffer_text(&answer.body));
    } else {
        print_settings(answer.json);
    }
    return CLI_OK;
}

static int show(struct cli *cli)
{
    return ask(cli, &(struct cli_request){.method = "GET", .path = PATH});
}

/* ---- set ---- */

static void put_list(struct json_writer *writer, const char *field, const char *value)
{
    struct text rest = text_from(value);
    struct text part;
    json_key(writer, field);
    json_array_begin(writer);
    while (text_next(&rest, ',', &part)) {
        if (text_trim(part).size > 0) {
            json_put_text(writer, text_trim(part));
        }
    }
    json_array_end(writer);
}

static enum error_code put_password(struct json_writer *writer, struct error *error)
{
    char line[PASSWORD_MAX];
    if (fgets(line, sizeof(line), stdin) == NULL) {
        return error_set(error, ERROR_INVALID, "a password is expected on standard input");
    }
    line[strcspn(line, "\r\n")] = '\0';
    json_field_chars(writer, "password", line);
    crypto_wipe(line, sizeof(line));
    return OK;
}

static enum error_code put_port(const struct cli *cli, struct json_writer *writer,
                                struct error *error)
{
    const char *value = cli_value(cli, "--port");
    int64_t port = 0;
    if (value != NULL && !text_to_int64(text_from(value), &port)) {
        return error_set(error, ERROR_INVALID, "--port needs a number");
    }
    if (value != NULL) {
        json_field_int64(writer, "port", port);
    }
    return OK;
}

static enum error_code put_fields(const struct cli *cli, struct json_writer *writer,
                                  struct error *error)
{
    static const struct {
        const char *flag;
        const char *field;
        bool is_list;
    } FIELDS[] = {
        {"--host", "host", false},    {"--security", "security", false},
        {"--user", "user", false},    {"--from", "from", false},
        {"--to", "recipients", true}, {"--severities", "severities", true},
    };
    const char *digest = cli_value(cli, "--digest");
    for (size_t i = 0; i < ARRAY_SIZE(FIELDS); i++) {
        const char *value = cli_value(cli, FIELDS[i].flag);
        if (value != NULL && FIELDS[i].is_list) {
            put_list(writer, FIELDS[i].field, value);
        } else if (value != NULL) {
            json_field_chars(writer, FIELDS[i].field, value);
        }
    }
    if (digest != NULL) {
        json_field_chars(writer, "digest_time", strcmp(digest, "off") == 0 ? NULL : digest);
    }
    if (cli_value(cli, "--on") != NULL || cli_value(cli, "--off") != NULL) {
        json_field_bool(writer, "enabled", cli_value(cli, "--on") != NULL);
    }
    if (cli_value(cli, "--allow-plain") != NULL) {
        json_field_bool(writer, "allow_plain", true);
    }
    enum error_code code = put_port(cli, writer, error);
    if (code == OK && cli_value(cli, "--password-stdin") != NULL) {
        code = put_password(writer, error);
    }
    return code;
}

static int set(struct cli *cli)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer body = {0};
    struct json_writer writer;
    struct error error = {0};
    buffer_init(&body, BODY_MAX);
    json_writer_init(&writer, &body);
    json_object_begin(&writer);
    if (put_fields(cli, &writer, &error) != OK) {
        return cli_fail(cli, &error);
    }
    json_object_end(&writer);
    int code =
        ask(cli, &(struct cli_request){.method = "PUT", .path = PATH, .body = buffer_text(&body)});
    crypto_wipe(body.data, body.size);
    return code;
}

/* ---- test ---- */

static enum error_code ask_test(struct cli *cli, struct cli_answer *answer, struct error *error)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer body = {0};
    struct json_writer writer;
    const char *to = cli_value(cli, "--to");
    buffer_init(&body, BODY_MAX);
    json_writer_init(&writer, &body);
    json_object_begin(&writer);
    if (to != NULL) {
        json_field_chars(&writer, "recipient", to);
    }
    json_object_end(&writer);
    const struct cli_request request = {
        .method = "POST", .path = "/api/settings/email/test", .body = buffer_text(&body)};
    return cli_ask_once(cli, &request, answer, error);
}

static int test(struct cli *cli)
{
    CLEANUP_IN_PLACE(cli_answer_done) struct cli_answer answer = {0};
    struct error error = {0};
    bool sent = false;
    char stage[32];
    char message[512];
    char words[512];
    if (ask_test(cli, &answer, &error) != OK) {
        return cli_fail(cli, &error);
    }
    (void)json_bool(json_get(answer.json, "ok"), &sent);
    (void)cli_scalar(answer.json, "server_answer", words, sizeof(words));
    if (cli->json) {
        cli_print_json(cli, buffer_text(&answer.body));
    } else if (sent) {
        (void)printf("the mail server took it: %s\n", words);
    } else {
        (void)fprintf(stderr, "dripline: %s: %s (%s)\n",
                      cli_scalar(answer.json, "stage", stage, sizeof(stage)),
                      cli_scalar(answer.json, "message", message, sizeof(message)), words);
    }
    return sent ? CLI_OK : CLI_FAILED;
}

const struct cli_spec CLI_EMAIL[] = {
    {.name = "show", .arguments = "", .summary = "how mails about alerts leave", .run = show},
    {.name = "set",
     .arguments = "",
     .summary = "change how mails about alerts leave; what is not named stays",
     .help = "Lists are comma-separated. The password is one line of standard input.",
     .flags = {{"--host", "NAME", "the mail server"},
               {"--port", "N", "its port"},
               {"--security", "WORD", "none, starttls or tls"},
               {"--user", "NAME", "login; empty for none"},
               {"--password-stdin", NULL, "read the password from standard input"},
               {"--from", "ADDRESS", "the sender"},
               {"--to", "ADDRESSES", "the recipients"},
               {"--severities", "WORDS", "info, warning, critical"},
               {"--digest", "HH:MM", "the daily summary; off for none"},
               {"--allow-plain", NULL, "without TLS also to other machines"},
               {"--on", NULL, "send mails"},
               {"--off", NULL, "send none"}},
     .run = set},
    {.name = "test",
     .arguments = "",
     .summary = "send a test mail and say what the mail server says",
     .flags = {{"--to", "ADDRESS", "in place of the first recipient"}},
     .run = test},
    {0},
};
