/* Channels: what is refused, what is kept, and that secrets never come out again. */
#include "service/channels.h"

#include "base/crypto.h"
#include "base/json.h"
#include "store/testing.h"

static struct store_test test;
static struct service service;
static const char KEY[] = "0123456789abcdef0123456789abcdef";

static int set_up(void **state)
{
    (void)state;
    crypto_setup();
    store_test_open(&test);
    service = (struct service){
        .store = test.store, .master_key = text_make(KEY, 32), .hash_key = text_make(KEY, 32)};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    store_test_close(&test);
    return 0;
}

struct step {
    const char *body;
    int64_t id; /* 0: create */
    bool remove;
    enum error_code wanted;
    const char *field; /* of the first finding */
};

static enum error_code carry_out(struct work *work, void *context, struct error *error)
{
    struct step *step = context;
    struct error found = {0};
    CLEANUP(json_free) struct json *json = NULL;
    enum error_code code = OK;
    if (step->body != NULL) {
        assert_ok(json_parse(text_from(step->body), NULL, &json, &found), &found);
    }
    if (step->remove) {
        code = channels_remove(work, &service, step->id, &found);
    } else if (step->id != 0) {
        code = channels_update(work, &service, step->id, json, &found);
    } else {
        code = channels_create(work, &service, json, &step->id, &found);
    }
    (void)error;
    assert_int_equal(code, step->wanted);
    if (step->field != NULL) {
        assert_string_equal(found.fields[0].field, step->field);
    }
    return OK;
}

static int64_t step(struct step step)
{
    store_test_do(&test, carry_out, &step);
    return step.id;
}

#define GOOD                                                                                       \
    "\"name\":\"Desk\",\"provider\":\"cloud\",\"phone_number_id\":\"501\",\"waba_id\":\"601\","    \
    "\"access_token\":\"EAA-canary-token\",\"app_secret\":\"canary-secret\",\"verify_token\":"     \
    "\"canary-verify\""

struct look {
    int64_t id;
    struct channel_view view;
};

static enum error_code look_at(struct work *work, void *context, struct error *error)
{
    struct look *look = context;
    struct channel_open open;
    enum error_code code = channels_get(work, &service, look->id, &look->view, error);
    if (code == OK) {
        code = channels_open(work, &service, look->id, &open, error);
    }
    if (code == OK) {
        assert_true(text_equal(open.access.access_token, TEXT("EAA-canary-token")));
        assert_true(text_equal(open.verify_token, TEXT("canary-verify")));
        assert_true(look->view.has_access_token && look->view.has_app_secret &&
                    look->view.has_verify_token);
        assert_int_equal(look->view.channel.secrets.size, 0);
        assert_true(text_equal(look->view.doubt_policy, TEXT("auto")));
    }
    return code;
}

static void a_channel_is_kept_with_its_secrets_sealed(void **state)
{
    (void)state;
    struct look look = {.id = step((struct step){.body = "{" GOOD "}"})};
    store_test_do(&test, look_at, &look);
    assert_true(look.view.channel.is_default);
    assert_int_equal(look.view.channel.rate_per_second, 80);
    assert_int_equal(store_test_int64(&test, "SELECT count(*) FROM channel WHERE "
                                             "instr(CAST(secrets AS TEXT), 'canary') > 0 OR "
                                             "instr(settings, 'canary') > 0"),
                     0);
    (void)step((struct step){.body = "{" GOOD "}", .wanted = ERROR_CONFLICT});
}

static void every_wrong_field_is_named(void **state)
{
    (void)state;
    static const struct step ROWS[] = {
        {.body = "{}", .wanted = ERROR_INVALID, .field = "name"},
        {.body = "{\"name\":\"x\",\"provider\":\"pigeon\"}",
         .wanted = ERROR_INVALID,
         .field = "provider"},
        {.body = "{\"name\":\"x\",\"provider\":\"cloud\"}",
         .wanted = ERROR_INVALID,
         .field = "phone_number_id"},
        {.body = "{" GOOD ",\"base_url\":\"http://example.org\"}",
         .wanted = ERROR_INVALID,
         .field = "base_url"},
        {.body = "{" GOOD ",\"base_url\":\"https://user@example.org\"}",
         .wanted = ERROR_INVALID,
         .field = "base_url"},
        {.body = "{" GOOD ",\"base_url\":\"http://127.0.0.1.example.org\"}",
         .wanted = ERROR_INVALID,
         .field = "base_url"},
        {.body = "{" GOOD ",\"api_version\":\"25\"}",
         .wanted = ERROR_INVALID,
         .field = "api_version"},
        {.body = "{" GOOD ",\"messages_per_second\":0}",
         .wanted = ERROR_INVALID,
         .field = "messages_per_second"},
        {.body = "{" GOOD ",\"messages_per_second\":1.5}",
         .wanted = ERROR_INVALID,
         .field = "messages_per_second"},
        {.body = "{" GOOD ",\"daily_limit\":0}", .wanted = ERROR_INVALID, .field = "daily_limit"},
        {.body = "{" GOOD ",\"doubt_policy\":\"hope\"}",
         .wanted = ERROR_INVALID,
         .field = "doubt_policy"},
        {.body = "{" GOOD ",\"colour\":1}", .wanted = ERROR_INVALID, .field = "colour"},
        {.body = "{\"name\":\"x\",\"provider\":\"cloud\",\"phone_number_id\":\"5a\"}",
         .wanted = ERROR_INVALID,
         .field = "phone_number_id"},
        {.body = "{\"name\":\"x\",\"provider\":\"simulator\"}",
         .wanted = ERROR_INVALID,
         .field = "provider"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
        (void)step(ROWS[i]);
    }
    assert_int_equal(store_test_int64(&test, "SELECT count(*) FROM channel"), 0);
    (void)step((struct step){.body = "{" GOOD ",\"base_url\":\"http://127.0.0.1:9/\"}"});
    assert_int_equal(store_test_int64(&test, "SELECT count(*) FROM channel WHERE "
                                             "instr(settings, 'http://127.0.0.1:9\"') > 0"),
                     1);
}

static void an_update_changes_only_what_it_names(void **state)
{
    (void)state;
    int64_t id = step((struct step){.body = "{" GOOD ",\"daily_limit\":250}"});
    (void)step((struct step){.id = id, .body = "{\"messages_per_second\":20,\"paused\":true}"});
    struct look look = {.id = id};
    store_test_do(&test, look_at, &look);
    assert_int_equal(look.view.channel.rate_per_second, 20);
    assert_int_equal(look.view.channel.tier_limit, 250);
    assert_int_equal(look.view.channel.state, CHANNEL_PAUSED);
    (void)step((struct step){.id = id, .body = "{\"paused\":false,\"daily_limit\":null}"});
    store_test_do(&test, look_at, &look);
    assert_int_equal(look.view.channel.state, CHANNEL_READY);
    assert_int_equal(look.view.channel.tier_limit, 0);
    (void)step((struct step){.id = 99, .body = "{}", .wanted = ERROR_NOT_FOUND});
}

static void a_channel_in_use_stays(void **state)
{
    (void)state;
    int64_t id = step((struct step){.body = "{" GOOD "}"});
    store_test_exec(&test, "INSERT INTO sequence (id, status, version, name, created_at_ms, "
                           "updated_at_ms) VALUES (1, 1, 1, 'S', 1, 1)");
    (void)step((struct step){.id = id, .remove = true, .wanted = ERROR_CONFLICT});
    store_test_exec(&test, "UPDATE sequence SET status = 2");
    (void)step((struct step){.id = id, .remove = true});
    assert_int_equal(store_test_int64(&test, "SELECT count(*) FROM channel WHERE secrets IS NULL "
                                             "AND removed_at_ms IS NOT NULL"),
                     1);
}

static void the_simulator_needs_no_credentials(void **state)
{
    (void)state;
    service.simulator.base_url = "http://127.0.0.1:4711";
    int64_t id = step((struct step){.body = "{\"name\":\"Try\",\"provider\":\"simulator\"}"});
    assert_true(id > 0);
    service.simulator.base_url = "http://127.0.0.1:4712";
    (void)id;
    assert_int_equal(store_test_int64(&test, "SELECT count(*) FROM channel WHERE "
                                             "instr(settings, '4711') > 0"),
                     1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_channel_is_kept_with_its_secrets_sealed), TEST(every_wrong_field_is_named),
        TEST(an_update_changes_only_what_it_names),      TEST(a_channel_in_use_stays),
        TEST(the_simulator_needs_no_credentials),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
