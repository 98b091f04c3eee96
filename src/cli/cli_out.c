/* Printing: see cli_out.h. */
#include "cli/cli_out.h"

#include "base/json_writer.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BAR_WIDTH = 30 };

int cli_exit_of(enum error_code code)
{
    switch (code) {
    case OK:
        return CLI_OK;
    case ERROR_INVALID:
    case ERROR_TOO_BIG:
    case ERROR_UNSUPPORTED:
        return CLI_DATA;
    case ERROR_NOT_FOUND:
        return CLI_NOT_FOUND;
    case ERROR_CONFLICT:
        return CLI_FAILED;
    case ERROR_DENIED:
    case ERROR_UNAUTHENTICATED:
        return CLI_DENIED;
    case ERROR_TOO_MANY:
    case ERROR_UNAVAILABLE:
        return CLI_UNAVAILABLE;
    case ERROR_INTERNAL:
        return CLI_INTERNAL;
    }
    return CLI_INTERNAL;
}

static void fail_as_json(const struct error *error)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer buffer = {0};
    struct json_writer writer;
    buffer_init(&buffer, 1 << 20);
    json_writer_init(&writer, &buffer);
    json_object_begin(&writer);
    json_field_chars(&writer, "error", error_code_to_text(error->code));
    json_field_chars(&writer, "message", error->message);
    json_key(&writer, "errors");
    json_array_begin(&writer);
    for (size_t at = 0; at < error->field_count && at < ERROR_FIELDS_MAX; at++) {
        json_object_begin(&writer);
        json_field_chars(&writer, "field", error->fields[at].field);
        json_field_chars(&writer, "code", error->fields[at].code);
        json_field_chars(&writer, "message", error->fields[at].message);
        json_object_end(&writer);
    }
    json_array_end(&writer);
    json_object_end(&writer);
    cli_print_buffer(&buffer);
}

int cli_fail(const struct cli *cli, const struct error *error)
{
    if (cli->json) {
        fail_as_json(error);
        return cli_exit_of(error->code);
    }
    (void)fprintf(stderr, "dripline: %s\n", error->message);
    for (size_t at = 0; at < error->field_count && at < ERROR_FIELDS_MAX; at++) {
        const struct error_field *field = &error->fields[at];
        (void)fprintf(stderr, "  %s%s%s\n", field->field, field->field[0] == '\0' ? "" : ": ",
                      field->message);
    }
    return cli_exit_of(error->code);
}

void cli_print_buffer(const struct buffer *json)
{
    (void)printf("%s\n", buffer_chars(json));
}

/* JSON that went through a parser once, so strings and brackets pair up. */
void cli_print_json(const struct cli *cli, struct text json)
{
    if (cli->json) {
        (void)printf("%.*s\n", TEXT_ARGS(json));
        return;
    }
    int depth = 0;
    bool in_text = false;
    bool escaped = false;
    for (size_t at = 0; at < json.size; at++) {
        char byte = json.data[at];
        bool closes = !in_text && (byte == '}' || byte == ']');
        bool empty = closes && at > 0 && (json.data[at - 1] == '{' || json.data[at - 1] == '[');
        depth -= closes;
        if (closes && !empty) {
            (void)printf("\n%*s", 2 * depth, "");
        }
        (void)putchar(byte);
        if (!in_text && byte == ':') {
            (void)putchar(' ');
        }
        bool opens = !in_text && (byte == '{' || byte == '[');
        depth += opens;
        bool next_closes =
            at + 1 < json.size && (json.data[at + 1] == '}' || json.data[at + 1] == ']');
        if ((opens && !next_closes) || (!in_text && byte == ',')) {
            (void)printf("\n%*s", 2 * depth, "");
        }
        if (byte == '"' && !escaped) {
            in_text = !in_text;
        }
        escaped = in_text && byte == '\\' && !escaped;
    }
    (void)putchar('\n');
}

const char *cli_scalar(const struct json *json, const char *name, char *out, size_t size)
{
    const struct json *value = json_get(json, name);
    struct text text = {0};
    int64_t number = 0;
    bool flag = false;
    if (json_text(value, &text)) {
        (void)snprintf(out, size, "%.*s", TEXT_ARGS(text));
    } else if (json_int64(value, &number)) {
        (void)snprintf(out, size, "%lld", (long long)number);
    } else if (json_bool(value, &flag)) {
        (void)snprintf(out, size, "%s", flag ? "yes" : "no");
    } else {
        (void)snprintf(out, size, "-");
    }
    return out;
}

/* ---- progress ---- */

void cli_progress_start(struct cli_progress *progress, const struct cli *cli, const char *label)
{
    *progress = (struct cli_progress){
        .shown = !cli->json && isatty(STDERR_FILENO) == 1, .label = label, .last_percent = -1};
}

void cli_progress_show(struct cli_progress *progress, int64_t done, int64_t total)
{
    if (!progress->shown) {
        return;
    }
    if (total <= 0) {
        (void)fprintf(stderr, "\r\033[K%s %lld", progress->label, (long long)done);
        return;
    }
    int64_t percent = done >= total ? 100 : done * 100 / total;
    if (percent == progress->last_percent) {
        return;
    }
    char bar[BAR_WIDTH + 1];
    int filled = (int)(percent * BAR_WIDTH / 100);
    memset(bar, '.', BAR_WIDTH);
    memset(bar, '#', (size_t)filled);
    bar[BAR_WIDTH] = '\0';
    (void)fprintf(stderr, "\r\033[K%s [%s] %3lld %% %lld of %lld", progress->label, bar,
                  (long long)percent, (long long)done, (long long)total);
    progress->last_percent = percent;
}

void cli_progress_end(struct cli_progress *progress)
{
    if (progress->shown) {
        (void)fprintf(stderr, "\r\033[K");
    }
}
