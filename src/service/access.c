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
    SESSION_IDLE_MS = 30 * 60 * 1000,
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

/* Words that stand on every list of stolen passwords, and our own name. */
static bool is_common_password(struct text password)
{
    static const char *const words[] = {
        "1234567890",   "0123456789",   "12345678910", "123456789a",  "qwertyuiop",
        "q1w2e3r4t5",   "1q2w3e4r5t",   "password1",   "password12",  "password123",
        "password1234", "iloveyou123",  "1111111111",  "0000000000",  "administrator",
        "welcome123",   "changeme123",  "letmein123",  "dripline123", "driplinedripline",
        "whatsapp123",  "whatsapp1234", "abcdefghij",  "aaaaaaaaaa",  "abcd123456",
        "qwerty12345",  "qwerty123456", "asdfghjkl;",  "zxcvbnm123",
    };
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        if (text_equal_ignore_case(password, text_from(words[i]))) {
            return true;
        }
    }
    return false;
}

enum error_code access_password_prepare(struct arena *arena, const char *field,
                                        struct text password, struct text *ret_hash,
                                        struct error *error)
{
    if (password.size < ACCESS_PASSWORD_MIN) {
        return error_field(error, field, "too_short", "must have at least %d characters",
                           ACCESS_PASSWORD_MIN);
    }
    if (password.size > ACCESS_PASSWORD_MAX * 4) {
        return error_field(error, field, "too_long", "must have at most %d characters",
                           ACCESS_PASSWORD_MAX);
    }
    if (is_common_password(password)) {
        return error_field(error, field, "too_common", "is on lists of common passwords");
    }
    char *hash = arena_alloc(arena, CRYPTO_PASSWORD_MAX);
    crypto_password_hash(password, hash);
    *ret_hash = text_from(hash);
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

/* A hash of no password that anybody has: what unknown addresses are checked against. */
static const char *dummy_hash(void)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static char hash[CRYPTO_PASSWORD_MAX];
    pthread_mutex_lock(&lock);
    if (hash[0] == '\0') {
        char random[ACCESS_TOKEN_MAX];
        crypto_random_token(random, ACCESS_TOKEN_CHARS);
        crypto_password_hash(text_from(random), hash);
    }
    pthread_mutex_unlock(&lock);
    return hash;
}

enum error_code access_login_check(struct work *work, struct text email, struct text password,
                                   struct store_user *ret_user, struct error *error)
{
    struct store_user user = {0};
    bool found = false;
    const char *dummy = dummy_hash();
    enum error_code code = store_user_by_email(work, email, &user, &found, error);
    if (code != OK) {
        return code;
    }
    char *hash = arena_chars(work->arena, found ? user.password_hash : text_from(dummy));
    bool good = crypto_password_verify(hash, password);
    if (!good || !found || user.disabled_at_ms != 0) {
        return error_set(error, ERROR_UNAUTHENTICATED, "email address or password is wrong");
    }
    *ret_user = user;
    return OK;
}

enum error_code access_password_check(struct work *work, int64_t user_id, struct text password,
                                      struct error *error)
{
    struct store_user user;
    enum error_code code = find_user(work, user_id, &user, error);
    if (code == OK &&
        !crypto_password_verify(arena_chars(work->arena, user.password_hash), password)) {
        return error_set(error, ERROR_DENIED, "the present password is wrong");
    }
    return code;
}

static struct text token_hash(struct work *work, struct text token)
{
    uint8_t *hash = arena_alloc(work->arena, CRYPTO_SHA256_SIZE);
    crypto_sha256(token, hash);
    return text_make((const char *)hash, CRYPTO_SHA256_SIZE);
}

enum error_code access_session_create(struct work *work, struct access *access, int64_t user_id,
                                      struct text address, struct text agent,
                                      char token[ACCESS_TOKEN_MAX], struct error *error)
{
    int64_t wall_ms = access_wall_ms(access);
    crypto_random_token(token, ACCESS_TOKEN_CHARS);
    struct store_session session = {
        .hash = token_hash(work, text_from(token)),
        .user_id = user_id,
        .created_at_ms = wall_ms,
        .expires_at_ms = wall_ms + SESSION_LIFE_MS,
        .address = address.data == NULL ? TEXT("") : address,
        .agent =
            agent.data == NULL ? TEXT("") : text_head(agent, agent.size < 200 ? agent.size : 200),
    };
    enum error_code code = store_session_prune(work, wall_ms, error);
    if (code == OK) {
        code = store_session_add(work, &session, error);
    }
    if (code == OK) {
        code = store_user_logged_in(work, user_id, error);
    }
    if (code == OK) {
        char object[ID_TEXT_MAX];
        code = store_audit_add(work, "login", text_from(id_format(ID_USER, user_id, object)),
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
        session.last_seen_at_ms + SESSION_IDLE_MS <= wall_ms) {
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

int64_t access_session_seconds(void)
{
    return SESSION_LIFE_MS / 1000;
}
