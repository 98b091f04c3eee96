/* The signed-in user's own sessions: see them, end them. */
#include "api/api_internal.h"
#include "api/routes.h"
#include "service/access.h"

static enum error_code list_sessions(struct api_call *call, struct error *error)
{
    struct access_session *sessions = NULL;
    size_t count = 0;
    const struct request *request = call->request->context;
    enum error_code code = OK;
    if (call->work->actor.kind == ACTOR_USER) { /* a key has none */
        code = access_sessions(call->work, call->service->access, call->work->actor.id,
                               request->session_token, &sessions, &count, error);
    }
    if (code != OK) {
        return code;
    }
    struct json_writer writer;
    api_list_begin(call, &writer);
    for (size_t i = 0; i < count; i++) {
        json_object_begin(&writer);
        json_field_chars(&writer, "id", sessions[i].id);
        json_field_bool(&writer, "current", sessions[i].current);
        json_field_text(&writer, "address", sessions[i].row.address);
        json_field_text(&writer, "agent", sessions[i].row.agent);
        json_field_time(&writer, "created_at", sessions[i].row.created_at_ms);
        json_field_time(&writer, "last_seen_at", sessions[i].row.last_seen_at_ms);
        json_field_time(&writer, "expires_at", sessions[i].row.expires_at_ms);
        json_object_end(&writer);
    }
    api_list_end(call, &writer, NULL);
    return OK;
}

static enum error_code delete_session(struct api_call *call, struct error *error)
{
    if (call->work->actor.kind != ACTOR_USER) {
        return error_set(error, ERROR_NOT_FOUND, "there is no such session");
    }
    enum error_code code = access_session_revoke(call->work, call->service->access,
                                                 call->work->actor.id, call->params[0], error);
    if (code == OK) {
        api_no_content(call);
    }
    return code;
}

const struct api_route API_SESSIONS_ROUTES[] = {
    {"GET", "/api/me/sessions", "sessions_list", API_LOGGED_IN, 0, list_sessions, NULL},
    {"DELETE", "/api/me/sessions/:id", "sessions_delete", API_LOGGED_IN, API_WRITE, delete_session,
     NULL},
    {0},
};
