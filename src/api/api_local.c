/* What only the command line on this machine may ask, over the Unix socket: work that names files
 * or needs the whole database for a moment. No part of the public contract. */
#include "api/route.h"

#include "service/audit.h"
#include "service/backup.h"
#include "service/import_json.h"
#include "service/release.h"
#include "service/transaction.h"
#include "service/verify.h"

#include <stdio.h>

enum { PATH_SIZE = 4096 };

/* Answers 200 whether or not records were refused: the report says so with `done`. */
static enum error_code import_json(struct api_call *call, struct error *error)
{
    const struct json *body = NULL;
    struct json_reader reader;
    struct json_writer writer;
    struct text directory = {0};
    char path[PATH_SIZE];
    struct import_json_options options = {.directory = path};
    enum error_code code = api_body(call, &body, error);
    if (code != OK) {
        return code;
    }
    json_reader_open(&reader, body, "", error);
    if (json_reader_required(&reader, "directory")) {
        (void)json_reader_text(&reader, "directory", 1, sizeof(path) / 4, &directory);
    }
    (void)json_reader_text(&reader, "country", 2, 2, &options.country);
    (void)json_reader_bool(&reader, "dry_run", &options.dry_run);
    (void)json_reader_bool(&reader, "at_once", &options.at_once);
    code = json_reader_done(&reader);
    if (code != OK) {
        return code;
    }
    (void)snprintf(path, sizeof(path), "%.*s", TEXT_ARGS(directory));
    struct import_json_report report;
    struct error refused = {0};
    service_reader_release(call->work);
    code = import_json_run(call->service, &options, &report, &refused);
    if (code == OK || code == ERROR_INVALID) {
        api_json(call, &writer);
        import_json_encode(&writer, &report);
        code = OK;
    } else if (error != NULL) {
        *error = refused;
    }
    import_json_report_done(&report);
    return code;
}

static enum error_code verify(struct api_call *call, struct error *error)
{
    struct json_writer writer;
    api_json(call, &writer);
    return verify_repair_now(call->service, &writer, error);
}

static enum error_code release(struct api_call *call, struct error *error)
{
    const struct json *body = NULL;
    struct json_reader reader;
    struct json_writer writer;
    struct text word = {0};
    enum release_held held = RELEASE_KEEP;
    struct release_result result = {0};
    enum error_code code = api_body(call, &body, error);
    if (code != OK) {
        return code;
    }
    json_reader_open(&reader, body, "", error);
    if (json_reader_text(&reader, "held", 1, 32, &word) && !release_held_from_text(word, &held)) {
        json_reader_fail(&reader, "held", "invalid_choice", "must be keep, send_unsent or give_up");
    }
    code = json_reader_done(&reader);
    if (code == OK) {
        code = release_sending(call->service, held, &result, error);
    }
    if (code != OK) {
        return code;
    }
    api_json(call, &writer);
    json_object_begin(&writer);
    json_field_bool(&writer, "was_fenced", result.was_fenced);
    json_field_int64(&writer, "sent", result.sent);
    json_field_int64(&writer, "given_up", result.given_up);
    json_field_int64(&writer, "kept", result.kept);
    json_object_end(&writer);
    return OK;
}

/* What the command line takes out of the data directory by itself. */
static enum error_code note(struct api_call *call, struct error *error)
{
    static const struct json_choice ACTIONS[] = {{"export", 0}, {"backup", 1}};
    const struct json *body = NULL;
    struct json_reader reader;
    int action = -1;
    enum error_code code = api_body(call, &body, error);
    if (code != OK) {
        return code;
    }
    json_reader_open(&reader, body, "", error);
    if (json_reader_required(&reader, "action")) {
        (void)json_reader_choice(&reader, "action", ACTIONS, ARRAY_SIZE(ACTIONS), &action);
    }
    code = json_reader_done(&reader);
    if (code == OK && action == 1) {
        code = backup_note(call->work, error);
    }
    if (code == OK) {
        code = audit_note(call->work, ACTIONS[action].name, error);
    }
    if (code == OK) {
        api_no_content(call);
    }
    return code;
}

const struct api_route API_LOCAL_ROUTES[] = {
    {"POST", "/local/note", "local_note", API_LOCAL, API_WRITE | API_NO_IDEMPOTENCY, note, NULL},
    {"POST", "/local/release", "local_release", API_LOCAL, API_NO_IDEMPOTENCY, release, NULL},
    {"POST", "/local/import-json", "local_import_json", API_LOCAL, API_NO_IDEMPOTENCY, import_json,
     NULL},
    {"POST", "/local/verify", "local_verify", API_LOCAL, API_NO_BODY_OK | API_NO_IDEMPOTENCY,
     verify, NULL},
    {0},
};
