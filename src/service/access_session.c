/* A user's own sessions: which there are, and ending one. On the wire a session is named by the
 * first half of its stored hash, which opens nothing. */
#include "service/access.h"

#include "base/crypto.h"
#include "store/store_event.h"

#include <stdio.h>

enum { ID_BYTES = CRYPTO_SHA256_SIZE / 2 };

static void session_id(struct text hash, char id[ACCESS_SESSION_ID_MAX])
{
    char hex[2 * ID_BYTES + 1] = "";
    if (hash.size >= ID_BYTES) {
        crypto_hex(hash.data, ID_BYTES, hex);
    }
    (void)snprintf(id, ACCESS_SESSION_ID_MAX, "sess_%s", hex);
}

enum error_code access_sessions(struct work *work, struct access *access, int64_t user_id,
                                struct text token, struct access_session **ret_sessions,
                                size_t *ret_count, struct error *error)
{
    struct store_session *rows = NULL;
    size_t count = 0;
    uint8_t own[CRYPTO_SHA256_SIZE];
    enum error_code code =
        store_session_list(work, user_id, access_wall_ms(access),
                           access_wall_ms(access) - ACCESS_SESSION_IDLE_MS, &rows, &count, error);
    if (code != OK) {
        return code;
    }
    struct access_session *sessions = arena_array(work->arena, count + 1, sizeof(*sessions));
    crypto_sha256(token, own);
    for (size_t i = 0; i < count; i++) {
        sessions[i].row = rows[i];
        sessions[i].current =
            crypto_equal_text(rows[i].hash, text_make((const char *)own, sizeof(own)));
        session_id(rows[i].hash, sessions[i].id);
    }
    *ret_sessions = sessions;
    *ret_count = count;
    return OK;
}

enum error_code access_session_revoke(struct work *work, struct access *access, int64_t user_id,
                                      struct text id, struct error *error)
{
    struct access_session *sessions = NULL;
    size_t count = 0;
    enum error_code code =
        access_sessions(work, access, user_id, TEXT(""), &sessions, &count, error);
    for (size_t i = 0; code == OK && i < count; i++) {
        if (text_equal(id, text_from(sessions[i].id))) {
            code = store_session_end(work, sessions[i].row.hash, error);
            return code == OK ? store_audit_add(work, "session.revoke", (struct text){0},
                                                (struct text){0}, error)
                              : code;
        }
    }
    return code == OK ? error_set(error, ERROR_NOT_FOUND, "there is no such session") : code;
}
