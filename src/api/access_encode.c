/* Users, keys and scopes in JSON. */
#include "api/access_encode.h"

const struct json_choice ROLE_CHOICES[3] = {
    {"viewer", ROLE_VIEWER}, {"editor", ROLE_EDITOR}, {"admin", ROLE_ADMIN}};

static const struct {
    const char *word;
    unsigned bit;
} scope_words[] = {
    {"read", SCOPE_READ}, {"enroll", SCOPE_ENROLL}, {"write", SCOPE_WRITE}, {"admin", SCOPE_ADMIN}};

void encode_scopes(struct json_writer *writer, const char *name, unsigned scopes)
{
    json_key(writer, name);
    json_array_begin(writer);
    for (size_t i = 0; i < ARRAY_SIZE(scope_words); i++) {
        if ((scopes & scope_words[i].bit) != 0) {
            json_put_chars(writer, scope_words[i].word);
        }
    }
    json_array_end(writer);
}

bool read_scopes(struct json_reader *reader, const char *name, unsigned *ret_scopes)
{
    const struct json *array = NULL;
    unsigned scopes = 0;
    if (!json_reader_required(reader, name) ||
        !json_reader_array(reader, name, 1, ARRAY_SIZE(scope_words), &array)) {
        return false;
    }
    for (size_t i = 0; i < json_count(array); i++) {
        struct text word;
        unsigned bit = 0;
        for (size_t k = 0; json_text(json_at(array, i), &word) && k < ARRAY_SIZE(scope_words);
             k++) {
            if (text_equal(word, text_from(scope_words[k].word))) {
                bit = scope_words[k].bit;
            }
        }
        if (bit == 0) {
            json_reader_fail(reader, name, "invalid_choice",
                             "must hold only read, enroll, write, admin");
            return false;
        }
        scopes |= bit;
    }
    *ret_scopes = scopes;
    return true;
}

void encode_user(struct json_writer *writer, const struct store_user *user)
{
    json_object_begin(writer);
    json_field_id(writer, "id", ID_USER, user->id);
    json_field_text(writer, "email", user->email);
    json_field_text_or_null(writer, "name", user->name);
    json_field_chars(writer, "role", access_role_to_text(user->role));
    json_field_bool(writer, "disabled", user->disabled_at_ms != 0);
    json_field_bool(writer, "second_factor", user->second_factor);
    json_field_time(writer, "created_at", user->created_at_ms);
    json_field_time_or_null(writer, "last_seen_at", user->last_login_at_ms);
    json_object_end(writer);
}

/* Which sequences and pages a publishable key is for; null for secret keys. */
static void encode_rights(struct json_writer *writer, const struct store_key *key)
{
    CLEANUP(json_free) struct json *list = NULL;
    struct error ignored = {0};
    json_key(writer, "sequence_ids");
    if (!key->publishable || json_parse(key->sequences, NULL, &list, &ignored) != OK) {
        json_put_null(writer);
    } else {
        json_array_begin(writer);
        for (size_t i = 0; i < json_count(list); i++) {
            char id[ID_TEXT_MAX];
            int64_t number = 0;
            (void)json_int64(json_at(list, i), &number);
            json_put_chars(writer, id_format(ID_SEQUENCE, number, id));
        }
        json_array_end(writer);
    }
    json_key(writer, "origins");
    if (key->publishable && key->origins.size > 0) {
        json_raw(writer, key->origins);
    } else {
        json_put_null(writer);
    }
}

void encode_key_fields(struct json_writer *writer, const struct store_key *key)
{
    json_field_id(writer, "id", ID_KEY, key->id);
    json_field_text(writer, "name", key->name);
    json_field_text(writer, "prefix", key->prefix);
    json_field_chars(writer, "kind", key->publishable ? "publishable" : "secret");
    encode_scopes(writer, "scopes", key->scopes);
    encode_rights(writer, key);
    json_field_time(writer, "created_at", key->created_at_ms);
    json_field_time_or_null(writer, "last_used_at", key->last_used_at_ms);
    json_field_time_or_null(writer, "expires_at", key->expires_at_ms);
}
