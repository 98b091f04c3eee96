/* Users, sessions, keys and the first administrator. Only hashes of tokens are stored, so a copied
 * database opens nothing. What a person may do is a set of scopes, from their role or their key. */
#include "service/access.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "base/ids.h"
#include "base/mem.h"
#include "store/store_event.h"

#include <pthread.h>
#include <stdio.h>

enum {
    SETUP_LIFE_MS = 15 * 60 * 1000,
    SESSION_LIFE_MS = 12 * 60 * 60 * 1000,
    TOUCH_INTERVAL_MS = 60 * 1000,
    EMAIL_MAX = 254,
};

struct access {
    struct clock *wall;
    pthread_mutex_t lock;
    bool setup_open;
    uint8_t setup_hash[CRYPTO_SHA256_SIZE];
    int64_t setup_until_ms;
};

struct access *access_new(void)
{
    struct access *access = mem_zalloc(sizeof(*access));
    access->wall = clock_new_system();
    pthread_mutex_init(&access->lock, NULL);
    return access;
}

void access_free(struct access *access)
{
    if (access != NULL) {
        clock_free(access->wall);
        pthread_mutex_destroy(&access->lock);
        mem_free(access);
    }
}

int64_t access_wall_ms(struct access *access)
{
    return clock_now_ms(access->wall);
}

/* ---- first administrator ---- */

enum error_code access_setup_needed(struct work *work, bool *ret_needed, struct error *error)
{
    int64_t count = 0;
    enum error_code code = store_user_count(work, &count, error);
    if (code == OK) {
        *ret_needed = count == 0;
    }
    return code;
}

void access_setup_open(struct access *access, char token[ACCESS_TOKEN_MAX])
{
    crypto_random_token(token, ACCESS_TOKEN_CHARS);
    pthread_mutex_lock(&access->lock);
    crypto_sha256(text_from(token), access->setup_hash);
    access->setup_until_ms = clock_now_ms(access->wall) + SETUP_LIFE_MS;
    access->setup_open = true;
    pthread_mutex_unlock(&access->lock);
}

enum error_code access_setup_check(struct access *access, struct text token, struct error *error)
{
    uint8_t hash[CRYPTO_SHA256_SIZE];
    crypto_sha256(token, hash);
    pthread_mutex_lock(&access->lock);
    bool good = access->setup_open && clock_now_ms(access->wall) < access->setup_until_ms &&
                crypto_equal(hash, access->setup_hash, sizeof(hash));
    pthread_mutex_unlock(&access->lock);
    return good ? OK
                : error_set(error, ERROR_DENIED,
                            "this setup link is wrong, used or older than 15 minutes; start the "
                            "server again for a new one");
}

void access_setup_close(struct access *access)
{
    pthread_mutex_lock(&access->lock);
    access->setup_open = false;
    pthread_mutex_unlock(&access->lock);
}

/* ---- users ---- */

unsigned access_role_scopes(enum user_role role)
{
    switch (role) {
    case ROLE_VIEWER:
        return SCOPE_READ;
    case ROLE_EDITOR:
        return SCOPE_READ | SCOPE_ENROLL | SCOPE_WRITE;
    case ROLE_ADMIN:
        return SCOPE_ALL;
    }
    return 0;
}

const char *access_role_to_text(enum user_role role)
{
    switch (role) {
    case ROLE_VIEWER:
        return "viewer";
    case ROLE_EDITOR:
        return "editor";
    case ROLE_ADMIN:
        return "admin";
    }
    return "viewer";
}

enum error_code access_email(struct arena *arena, struct text email, struct text *ret_email,
                             struct error *error)
{
    struct text trimmed = text_trim(email);
    char *lower = arena_chars(arena, trimmed);
    size_t at_count = 0;
    bool blank = false;
    for (size_t i = 0; i < trimmed.size; i++) {
        if (lower[i] >= 'A' && lower[i] <= 'Z') {
            lower[i] = (char)(lower[i] - 'A' + 'a');
        }
        at_count += lower[i] == '@';
        blank = blank || (unsigned char)lower[i] <= ' ';
    }
    bool ends = trimmed.size > 2 && lower[0] != '@' && lower[trimmed.size - 1] != '@';
    if (at_count != 1 || blank || !ends || trimmed.size > EMAIL_MAX) {
        return error_field(error, "email", "invalid_format", "must be an email address");
    }
    *ret_email = text_make(lower, trimmed.size);
    return OK;
}

enum error_code access_users(struct work *work, struct store_user **ret_users, size_t *ret_count,
                             struct error *error)
{
    return store_user_list(work, ret_users, ret_count, error);
}

enum error_code access_user_find(struct work *work, int64_t id, struct store_user *ret_user,
                                 bool *ret_found, struct error *error)
{
    return store_user_get(work, id, ret_user, ret_found, error);
}

static enum error_code note_user(struct work *work, const char *action, int64_t id,
                                 struct error *error)
{
    char object[ID_TEXT_MAX];
    enum error_code code = store_audit_add(work, action, text_from(id_format(ID_USER, id, object)),
                                           (struct text){0}, error);
    if (code == OK) {
        struct store_event event = {.type = TEXT("user.updated")};
        code = store_event_add(work, &event, error);
    }
    return code;
}

enum error_code access_user_create(struct work *work, const struct access_user_input *input,
                                   struct store_user *ret_user, struct error *error)
{
    struct store_user user = {
        .email = input->email,
        .name = input->name.data == NULL ? TEXT("") : input->name,
        .role = input->role,
        .password_hash = input->password_hash,
        .created_at_ms = work->now_ms,
    };
    enum error_code code = store_user_add(work, &user, &user.id, error);
    if (code == OK) {
        code = note_user(work, "user.create", user.id, error);
    }
    if (code == OK) {
        *ret_user = user;
    }
    return code;
}

static enum error_code find_user(struct work *work, int64_t id, struct store_user *ret_user,
                                 struct error *error)
{
    bool found = false;
    enum error_code code = store_user_get(work, id, ret_user, &found, error);
    if (code == OK && !found) {
        char text[ID_TEXT_MAX];
        return error_set(error, ERROR_NOT_FOUND, "user \"%s\" does not exist",
                         id_format(ID_USER, id, text));
    }
    return code;
}

/* Somebody must stay who can let others in. */
static enum error_code check_admin_left(struct work *work, const struct store_user *before,
                                        bool stays_admin, struct error *error)
{
    if (before->role != ROLE_ADMIN || before->disabled_at_ms != 0 || stays_admin) {
        return OK;
    }
    int64_t admins = 0;
    enum error_code code = store_user_count_admins(work, &admins, error);
    if (code == OK && admins <= 1) {
        return error_set(error, ERROR_CONFLICT, "this is the last administrator");
    }
    return code;
}

enum error_code access_user_update(struct work *work, int64_t id,
                                   const struct access_user_input *input,
                                   struct store_user *ret_user, struct error *error)
{
    struct store_user user;
    enum error_code code = find_user(work, id, &user, error);
    if (code != OK) {
        return code;
    }
    bool disabled = input->set_disabled ? input->disabled : user.disabled_at_ms != 0;
    enum user_role role = input->set_role ? input->role : user.role;
    code = check_admin_left(work, &user, role == ROLE_ADMIN && !disabled, error);
    if (code != OK) {
        return code;
    }
    bool new_rights = role != user.role || disabled || input->password_hash.data != NULL;
    user.role = role;
    user.name = input->set_name ? input->name : user.name;
    if (disabled != (user.disabled_at_ms != 0)) {
        user.disabled_at_ms = disabled ? work->now_ms : 0;
    }
    if (input->password_hash.data != NULL) {
        user.password_hash = input->password_hash;
    }
    code = store_user_update(work, &user, error);
    if (code == OK && new_rights) {
        code = store_session_end_all(work, id, (struct text){0}, error);
    }
    if (code == OK) {
        code = note_user(work, "user.update", id, error);
    }
    if (code == OK) {
        *ret_user = user;
    }
    return code;
}

enum error_code access_user_remove(struct work *work, int64_t id, struct error *error)
{
    struct store_user user;
    bool found = false;
    enum error_code code = find_user(work, id, &user, error);
    if (code == OK) {
        code = check_admin_left(work, &user, false, error);
    }
    if (code == OK) {
        code = store_user_remove(work, id, &found, error);
    }
    if (code == OK) {
        code = note_user(work, "user.remove", id, error);
    }
    return code;
}

/* ---- signing in ---- */

static struct text token_hash(struct work *work, struct text token)
{
    uint8_t *hash = arena_alloc(work->arena, CRYPTO_SHA256_SIZE);
    crypto_sha256(token, hash);
    return text_make((const char *)hash, CRYPTO_SHA256_SIZE);
}

/* The check ran before, on another thread: what it found must still hold. */
static enum error_code check_unchanged(struct work *work, const struct store_user *checked,
                                       struct error *error)
{
    struct store_user user = {0};
    bool found = false;
    enum error_code code = store_user_get(work, checked->id, &user, &found, error);
    if (code == OK && (!found || user.disabled_at_ms != 0 ||
                       !text_equal(user.password_hash, checked->password_hash))) {
        return error_set(error, ERROR_UNAUTHENTICATED, "email address or password is wrong");
    }
    return code;
}

enum error_code access_session_create(struct work *work, struct access *access,
                                      const struct store_user *user, struct text agent,
                                      char token[ACCESS_TOKEN_MAX], struct error *error)
{
    int64_t wall_ms = access_wall_ms(access);
    struct text address = work->actor.address;
    crypto_random_token(token, ACCESS_TOKEN_CHARS);
    struct store_session session = {
        .hash = token_hash(work, text_from(token)),
        .user_id = user->id,
        .created_at_ms = wall_ms,
        .expires_at_ms = wall_ms + SESSION_LIFE_MS,
        .address = address.data == NULL ? TEXT("") : address,
        .agent =
            agent.data == NULL ? TEXT("") : text_head(agent, agent.size < 200 ? agent.size : 200),
    };
    enum error_code code = check_unchanged(work, user, error);
    if (code == OK) {
        code = access_prune(work, access, error);
    }
    if (code == OK) {
        code = store_session_add(work, &session, error);
    }
    if (code == OK) {
        code = store_user_logged_in(work, user, error);
    }
    if (code == OK) {
        char object[ID_TEXT_MAX];
        code = store_audit_add(work, "login", text_from(id_format(ID_USER, user->id, object)),
                               (struct text){0}, error);
    }
    return code;
}

enum error_code access_session_end(struct work *work, struct text token, struct error *error)
{
    enum error_code code = store_session_end(work, token_hash(work, token), error);
    return code == OK ? store_audit_add(work, "logout", (struct text){0}, (struct text){0}, error)
                      : code;
}

enum error_code access_by_session(struct work *work, struct access *access, struct text token,
                                  bool *ret_touch, struct error *error)
{
    struct store_session session = {0};
    struct store_user user = {0};
    bool found = false;
    enum error_code code =
        store_session_find(work, token_hash(work, token), &session, &user, &found, error);
    if (code != OK) {
        return code;
    }
    int64_t wall_ms = access_wall_ms(access);
    if (!found || user.disabled_at_ms != 0 || session.expires_at_ms <= wall_ms ||
        session.last_seen_at_ms + ACCESS_SESSION_IDLE_MS <= wall_ms) {
        return error_set(error, ERROR_UNAUTHENTICATED, "please sign in");
    }
    work->actor.kind = ACTOR_USER;
    work->actor.id = user.id;
    work->actor.scopes = access_role_scopes(user.role);
    work->actor.name = user.email;
    *ret_touch = session.last_seen_at_ms + TOUCH_INTERVAL_MS <= wall_ms;
    return OK;
}

enum error_code access_session_touch(struct work *work, struct access *access, struct text token,
                                     struct error *error)
{
    return store_session_seen(work, token_hash(work, token), access_wall_ms(access), error);
}

enum error_code access_prune(struct work *work, struct access *access, struct error *error)
{
    int64_t wall_ms = access_wall_ms(access);
    return store_session_prune(work, wall_ms, wall_ms - ACCESS_SESSION_IDLE_MS, error);
}

int64_t access_session_seconds(void)
{
    return SESSION_LIFE_MS / 1000;
}
