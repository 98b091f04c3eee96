/* Users and API keys, for administrators. */
#include "api/access_encode.h"
#include "api/api_internal.h"
#include "api/routes.h"

#include "service/sequences.h"

static enum error_code list_users(struct api_call *call, struct error *error)
{
    struct store_user *users = NULL;
    size_t count = 0;
    enum error_code code = access_users(call->work, &users, &count, error);
    if (code != OK) {
        return code;
    }
    struct json_writer writer;
    api_list_begin(call, &writer);
    for (size_t i = 0; i < count; i++) {
        encode_user(&writer, &users[i]);
    }
    api_list_end(call, &writer, NULL);
    return OK;
}

static void answer_user(struct api_call *call, const struct store_user *user)
{
    struct json_writer writer;
    api_json(call, &writer);
    encode_user(&writer, user);
}

/* Reads the body of POST (`fresh`) and PUT, and hashes the password. */
static enum error_code prepare_input(struct api_call *call, bool fresh, struct error *error)
{
    struct access_user_input *input = arena_alloc(call->work->arena, sizeof(*input));
    struct json_reader reader;
    struct text email = {0}, password = {0};
    int role = ROLE_VIEWER;
    json_reader_open(&reader, call->body, "", error);
    if (fresh) {
        (void)json_reader_required(&reader, "email");
        (void)json_reader_required(&reader, "role");
        (void)json_reader_required(&reader, "password");
        (void)json_reader_text(&reader, "email", 3, 254, &email);
    } else {
        input->set_disabled = json_reader_bool(&reader, "disabled", &input->disabled);
    }
    input->set_name = json_reader_text(&reader, "name", 0, 200, &input->name);
    input->set_role = json_reader_choice(&reader, "role", ROLE_CHOICES, 3, &role);
    bool has_password = json_reader_text(&reader, "password", 1, ACCESS_PASSWORD_MAX, &password);
    input->role = (enum user_role)role;
    enum error_code code = json_reader_done(&reader);
    if (code == OK && fresh) {
        code = access_email(call->work->arena, email, &input->email, error);
    }
    if (code == OK && has_password) {
        code = access_password_prepare(call->work->arena, "password", password,
                                       &input->password_hash, error);
    }
    call->prepared = input;
    return code;
}

static enum error_code prepare_new_user(struct api_call *call, struct error *error)
{
    return prepare_input(call, true, error);
}

static enum error_code prepare_changed_user(struct api_call *call, struct error *error)
{
    return prepare_input(call, false, error);
}

static enum error_code create_user(struct api_call *call, struct error *error)
{
    struct store_user user;
    enum error_code code = access_user_create(call->work, call->prepared, &user, error);
    if (code == OK) {
        char id[ID_TEXT_MAX];
        api_created(call, "/api/users/%s", id_format(ID_USER, user.id, id));
        answer_user(call, &user);
    }
    return code;
}

static enum error_code update_user(struct api_call *call, struct error *error)
{
    struct store_user user;
    int64_t id = 0;
    const struct access_user_input *input = call->prepared;
    const struct actor *actor = &call->work->actor;
    enum error_code code = api_param_id(call, 0, ID_USER, &id, error);
    if (code == OK && actor->kind == ACTOR_USER && actor->id == id &&
        input->password_hash.data != NULL) { /* an open browser is not yet its owner */
        return error_field(error, "password", "not_here",
                           "change your own with your present one, in your profile");
    }
    if (code == OK) {
        code = access_user_update(call->work, id, input, &user, error);
    }
    if (code == OK) {
        answer_user(call, &user);
    }
    return code;
}

static enum error_code delete_user(struct api_call *call, struct error *error)
{
    int64_t id = 0;
    enum error_code code = api_param_id(call, 0, ID_USER, &id, error);
    if (code == OK) {
        code = access_user_remove(call->work, id, error);
    }
    if (code == OK) {
        api_no_content(call);
    }
    return code;
}

/* ---- keys ---- */

static enum error_code list_keys(struct api_call *call, struct error *error)
{
    struct store_key *keys = NULL;
    size_t count = 0;
    enum error_code code = access_keys(call->work, &keys, &count, error);
    if (code != OK) {
        return code;
    }
    struct json_writer writer;
    api_list_begin(call, &writer);
    for (size_t i = 0; i < count; i++) {
        json_object_begin(&writer);
        encode_key_fields(&writer, &keys[i]);
        json_object_end(&writer);
    }
    api_list_end(call, &writer, NULL);
    return OK;
}

/* A publishable key names the sequences it is for and the pages it may be used on. */
static void read_rights(struct api_call *call, struct json_reader *reader,
                        struct access_key_input *input)
{
    const struct json *list = NULL;
    if (json_reader_required(reader, "sequence_ids") &&
        json_reader_array(reader, "sequence_ids", 1, ACCESS_KEY_SEQUENCES_MAX, &list)) {
        int64_t *ids = arena_array(call->work->arena, json_count(list), sizeof(*ids));
        for (size_t i = 0; i < json_count(list); i++) {
            struct text text = {0};
            struct sequence_view sequence;
            struct error missing = {0};
            if (!json_text(json_at(list, i), &text) || !id_parse(ID_SEQUENCE, text, &ids[i]) ||
                sequences_get(call->work, ids[i], &sequence, &missing) != OK) {
                json_reader_fail(reader, "sequence_ids", "invalid_choice",
                                 "there is no such sequence");
                return;
            }
        }
        input->sequences = ids;
        input->sequence_count = json_count(list);
    }
    if (json_reader_array(reader, "origins", 0, ACCESS_KEY_ORIGINS_MAX, &list)) {
        struct text *origins =
            arena_array(call->work->arena, json_count(list) + 1, sizeof(*origins));
        for (size_t i = 0; i < json_count(list); i++) {
            if (!json_text(json_at(list, i), &origins[i]) || !access_origin_valid(origins[i])) {
                json_reader_fail(reader, "origins", "invalid_format",
                                 "must look like \"https://shop.example.org\", in lower case, "
                                 "without a path or a star");
                return;
            }
        }
        input->origins = origins;
        input->origin_count = json_count(list);
    }
}

static enum error_code create_key(struct api_call *call, struct error *error)
{
    struct access_key_input input = {0};
    struct json_reader reader;
    static const struct json_choice KINDS[] = {{"secret", 0}, {"publishable", 1}};
    struct store_key key;
    int kind = 0;
    char secret[ACCESS_TOKEN_MAX];
    json_reader_open(&reader, call->body, "", error);
    (void)json_reader_required(&reader, "name");
    (void)json_reader_text(&reader, "name", 1, 200, &input.name);
    (void)json_reader_choice(&reader, "kind", KINDS, ARRAY_SIZE(KINDS), &kind);
    input.publishable = kind == 1;
    if (input.publishable) {
        read_rights(call, &reader, &input);
    } else {
        (void)read_scopes(&reader, "scopes", &input.scopes);
    }
    if (!json_reader_is_null(&reader, "expires_at") &&
        json_reader_time(&reader, "expires_at", &input.expires_at_ms) &&
        input.expires_at_ms <= call->work->now_ms) {
        json_reader_fail(&reader, "expires_at", "out_of_range", "must be in the future");
    }
    enum error_code code = json_reader_done(&reader);
    if (code == OK) {
        code = access_key_create(call->work, &input, &key, secret, error);
    }
    if (code != OK) {
        return code;
    }
    struct json_writer writer;
    char id[ID_TEXT_MAX];
    api_created(call, "/api/keys/%s", id_format(ID_KEY, key.id, id));
    api_json(call, &writer);
    json_object_begin(&writer);
    encode_key_fields(&writer, &key);
    json_field_chars(&writer, "secret", secret);
    json_object_end(&writer);
    return OK;
}

static enum error_code delete_key(struct api_call *call, struct error *error)
{
    int64_t id = 0;
    enum error_code code = api_param_id(call, 0, ID_KEY, &id, error);
    if (code == OK) {
        code = access_key_revoke(call->work, id, error);
    }
    if (code == OK) {
        api_no_content(call);
    }
    return code;
}

const struct api_route API_USERS_ROUTES[] = {
    {"GET", "/api/users", "users_list", API_ADMIN, 0, list_users, NULL},
    {"POST", "/api/users", "users_create", API_ADMIN, API_WRITE | API_SLOW, create_user,
     prepare_new_user},
    {"PUT", "/api/users/:id", "users_update", API_ADMIN, API_WRITE | API_SLOW, update_user,
     prepare_changed_user},
    {"DELETE", "/api/users/:id", "users_delete", API_ADMIN, API_WRITE, delete_user, NULL},
    {"GET", "/api/keys", "keys_list", API_ADMIN, 0, list_keys, NULL},
    {"POST", "/api/keys", "keys_create", API_ADMIN, API_WRITE | API_SENSITIVE, create_key, NULL},
    {"DELETE", "/api/keys/:id", "keys_delete", API_ADMIN, API_WRITE, delete_key, NULL},
    {0},
};
