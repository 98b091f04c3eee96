/* The core of the API seen through a socket: who may do what, forged pages, repeats, limits, and
 * the shape of refusals. */
#include "api/routes.h"
#include "api/testing.h"

#include "base/mem.h"
#include "net/net_test_socket.h"

#include <stdio.h>
#include <stdlib.h>

static int setup(void **state)
{
    struct api_test *test = mem_zalloc(sizeof(*test));
    api_test_open(test);
    *state = test;
    return 0;
}

static int teardown(void **state)
{
    api_test_close(*state);
    mem_free(*state);
    return 0;
}

/* "/api/users/:id" becomes "/api/users/0": an id that no object has. */
static void sample_path(const char *pattern, char out[256])
{
    struct text rest = text_from(pattern);
    struct text part;
    size_t size = 0;
    bool first = true;
    while (text_next(&rest, '/', &part)) {
        bool named = part.size > 0 && (part.data[0] == ':' || part.data[0] == '*');
        size += (size_t)snprintf(out + size, 256 - size, "%s%.*s", first ? "" : "/",
                                 named ? 1 : (int)part.size, named ? "0" : part.data);
        first = false;
    }
}

static bool scope_suffices(unsigned scopes, enum api_scope scope)
{
    switch (scope) {
    case API_PUBLIC:
    case API_LOGGED_IN:
        return true;
    case API_READ:
        return (scopes & SCOPE_READ) != 0;
    case API_ENROLL:
        return (scopes & SCOPE_ENROLL) != 0;
    case API_EDIT:
        return (scopes & SCOPE_WRITE) != 0;
    case API_ADMIN:
        return (scopes & SCOPE_ADMIN) != 0;
    case API_LOCAL:
        return false;
    }
    return false;
}

static void every_route_asks_for_its_scope(void **state)
{
    struct api_test *test = *state;
    static const unsigned scopes[] = {SCOPE_READ, SCOPE_ENROLL,
                                      SCOPE_READ | SCOPE_ENROLL | SCOPE_WRITE, SCOPE_ALL};
    char keys[ARRAY_SIZE(scopes)][128];
    struct api_answer *answer = mem_alloc(sizeof(*answer));
    for (size_t i = 0; i < ARRAY_SIZE(scopes); i++) {
        api_test_key(test, scopes[i], keys[i]);
    }
    const struct api_route *route;
    for (size_t index = 0; (route = routes_at(index)) != NULL; index++) {
        char path[256];
        sample_path(route->pattern, path);
        const char *body = strcmp(route->method, "GET") == 0 ? NULL : "[]";
        api_test_call(test, route->method, path, "", body, answer);
        bool refused = answer->status == 401;
        if (refused != (route->scope != API_PUBLIC) && route->scope != API_PUBLIC) {
            fail_msg("%s %s without login: %d", route->method, path, answer->status);
        }
        for (size_t i = 0; i < ARRAY_SIZE(scopes) && route->scope != API_PUBLIC; i++) {
            bool allowed = scope_suffices(scopes[i], route->scope);
            if (allowed && strcmp(route->operation_id, "events_stream") != 0 &&
                (route->flags & API_WRITE) != 0) {
                continue; /* what it then does is its own test's business */
            }
            api_test_call(test, route->method, path, keys[i], body, answer);
            if ((answer->status == 403) == allowed || answer->status == 401) {
                fail_msg("%s %s with scopes %u: %d", route->method, path, scopes[i],
                         answer->status);
            }
        }
    }
    mem_free(answer);
}

static void routes_are_consistent(void **state)
{
    (void)state;
    const struct api_route *route;
    for (size_t index = 0; (route = routes_at(index)) != NULL; index++) {
        assert_non_null(route->handler);
        assert_non_null(route->operation_id);
        assert_int_equal(route->pattern[0], '/');
        /* Reading a provider's templates also refreshes our copy of them. */
        bool refreshes = strcmp(route->pattern, "/api/channels/:id/templates") == 0;
        if (strcmp(route->method, "GET") == 0 && (route->flags & API_WRITE) != 0 && !refreshes) {
            fail_msg("GET %s changes something", route->pattern);
        }
        const struct api_route *other;
        for (size_t after = index + 1; (other = routes_at(after)) != NULL; after++) {
            if (strcmp(other->operation_id, route->operation_id) == 0 ||
                (strcmp(other->pattern, route->pattern) == 0 &&
                 strcmp(other->method, route->method) == 0)) {
                fail_msg("%s stands twice", other->operation_id);
            }
        }
    }
}

static void set_up_admin(struct api_test *test, char cookie[160])
{
    char token[ACCESS_TOKEN_MAX];
    char body[300];
    struct api_answer *answer = mem_alloc(sizeof(*answer));
    access_setup_open(test->service.access, token);
    (void)snprintf(body, sizeof(body),
                   "{\"token\":\"%s\",\"email\":\"Ann@Example.org\",\"password\":\"plenty long "
                   "enough\"}",
                   token);
    api_test_call(test, "POST", "/api/setup", "", body, answer);
    assert_int_equal(answer->status, 201);
    const char *set = strstr(answer->head, "Set-Cookie: ");
    assert_non_null(set);
    assert_non_null(strstr(set, "HttpOnly; SameSite=Lax"));
    int size = (int)strcspn(set + 12, ";");
    (void)snprintf(cookie, 160, "Cookie: %.*s\r\n", size, set + 12);
    api_test_call(test, "POST", "/api/setup", "", body, answer);
    assert_int_equal(answer->status, 403); /* the link works once */
    mem_free(answer);
}

static void a_session_lasts_until_logout(void **state)
{
    struct api_test *test = *state;
    char cookie[160];
    char headers[300];
    struct api_answer *answer = mem_alloc(sizeof(*answer));
    set_up_admin(test, cookie);
    api_test_call(test, "GET", "/api/me", cookie, NULL, answer);
    assert_int_equal(answer->status, 200);
    assert_non_null(strstr(answer->body, "ann@example.org"));
    (void)snprintf(headers, sizeof(headers), "%sSec-Fetch-Site: same-origin\r\n", cookie);
    api_test_call(test, "POST", "/api/logout", headers, NULL, answer);
    assert_int_equal(answer->status, 204);
    api_test_call(test, "GET", "/api/me", cookie, NULL, answer);
    assert_int_equal(answer->status, 401);
    api_test_call(test, "GET", "/api/me", "Cookie: dripline_session=made-up\r\n", NULL, answer);
    assert_int_equal(answer->status, 401);
    mem_free(answer);
}

static void other_pages_cannot_use_the_cookie(void **state)
{
    struct api_test *test = *state;
    static const struct {
        const char *headers;
        bool allowed;
    } rows[] = {
        {"Sec-Fetch-Site: same-origin\r\n", true},
        {"Sec-Fetch-Site: none\r\n", true},
        {"Sec-Fetch-Site: same-site\r\n", false},
        {"Sec-Fetch-Site: cross-site\r\n", false},
        {"Sec-Fetch-Site: cross-site\r\nOrigin: http://localhost\r\n", false},
        {"Origin: http://localhost\r\n", true},
        {"Origin: http://localhost.evil.example\r\n", false},
        {"Origin: http://localhost:81\r\n", false},
        {"Origin: null\r\n", false},
        {"", false},
    };
    char cookie[160];
    struct api_answer *answer = mem_alloc(sizeof(*answer));
    set_up_admin(test, cookie);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char headers[400];
        (void)snprintf(headers, sizeof(headers), "%s%s", cookie, rows[i].headers);
        api_test_call(test, "POST", "/api/keys", headers, "{\"name\":\"k\",\"scopes\":[\"read\"]}",
                      answer);
        assert_int_equal(answer->status, rows[i].allowed ? 201 : 403);
    }
    mem_free(answer);
}

static void wrong_passwords_are_slowed_for_the_guesser_only(void **state)
{
    struct api_test *test = *state;
    char cookie[160];
    struct api_answer *answer = mem_alloc(sizeof(*answer));
    char unknown[128], wrong[128];
    set_up_admin(test, cookie);
    api_test_call(test, "POST", "/api/login", "",
                  "{\"email\":\"nobody@example.org\",\"password\":\"guess guess\"}", answer);
    assert_int_equal(answer->status, 401);
    api_answer_field(answer, "detail", unknown);
    for (int i = 0; i < 5; i++) {
        api_test_call(test, "POST", "/api/login", "",
                      "{\"email\":\"ann@example.org\",\"password\":\"guess guess\"}", answer);
        assert_int_equal(answer->status, 401);
        api_answer_field(answer, "detail", wrong);
        assert_string_equal(unknown, wrong);
    }
    api_test_call(test, "POST", "/api/login", "",
                  "{\"email\":\"ann@example.org\",\"password\":\"plenty long enough\"}", answer);
    assert_int_equal(answer->status, 429);
    assert_non_null(strstr(answer->head, "Retry-After: "));
    mem_free(answer);
}

static void a_repeated_post_has_one_effect(void **state)
{
    struct api_test *test = *state;
    static const char user[] = "{\"email\":\"eve@example.org\",\"role\":\"viewer\","
                               "\"password\":\"plenty long enough\"}";
    static const char other[] = "{\"email\":\"bob@example.org\",\"role\":\"viewer\","
                                "\"password\":\"plenty long enough\"}";
    char key[128];
    char headers[256];
    char first[128], again[128];
    struct api_answer *answer = mem_alloc(sizeof(*answer));
    api_test_key(test, SCOPE_ALL, key);
    (void)snprintf(headers, sizeof(headers), "%sIdempotency-Key: order-1\r\n", key);
    api_test_call(test, "POST", "/api/users", headers, user, answer);
    assert_int_equal(answer->status, 201);
    api_answer_field(answer, "id", first);
    api_test_call(test, "POST", "/api/users", headers, user, answer);
    assert_int_equal(answer->status, 201);
    assert_non_null(strstr(answer->head, "Idempotent-Replayed: true"));
    api_answer_field(answer, "id", again);
    assert_string_equal(first, again);
    api_test_call(test, "POST", "/api/users", headers, other, answer);
    assert_int_equal(answer->status, 422);
    assert_non_null(strstr(answer->body, "idempotency_key_reused"));
    api_test_call(test, "POST", "/api/users", key, user, answer);
    assert_int_equal(answer->status, 409); /* without the key it is a second try */
    assert_int_equal(store_test_int64(&test->store, "SELECT count(*) FROM user_account"), 1);
    mem_free(answer);
}

static void refusals_say_what_is_wrong(void **state)
{
    struct api_test *test = *state;
    static const struct {
        const char *method, *path, *headers, *body;
        int status;
        const char *words;
    } rows[] = {
        {"POST", "/api/keys", "", "{\"name\":\"a\",", 400, "bad_json"},
        {"POST", "/api/keys", "", "{\"name\":\"a\",\"name\":\"b\"}", 400, "bad_json"},
        {"POST", "/api/keys", "", "{\"name\":5,\"scopes\":[\"all\"],\"nam\":1}", 422, "wrong_type"},
        {"POST", "/api/keys", "", "{\"name\":\"a\",\"scopes\":[\"read\"],\"x\":1}", 422,
         "unknown_field"},
        {"POST", "/api/keys", "Content-Type: text/plain\r\n", "hello", 415, "application/json"},
        {"POST", "/api/keys", "", NULL, 422, "required"},
        {"DELETE", "/api/keys/key_999", "", NULL, 404, "not_found"},
        {"DELETE", "/api/keys/999", "", NULL, 404, "not_found"},
        {"GET", "/api/events?limit=0", "", NULL, 422, "out_of_range"},
        {"GET", "/api/events?cursor=zzz", "", NULL, 422, "invalid_format"},
        {"GET", "/api/events?what=1", "", NULL, 422, "unknown_field"},
        {"GET", "/api/events?last_event_id=-1", "", NULL, 422, "out_of_range"},
        {"GET", "/api/nothing", "", NULL, 404, "not_found"},
        {"GET", "/api/../etc/passwd", "", NULL, 404, "not_found"},
        {"GET", "/api//keys", "", NULL, 404, "not_found"},
        {"GET", "/assets/%00", "", NULL, 404, "not_found"},
        {"PATCH", "/api/keys", "", NULL, 405, "method_not_allowed"},
        {"TRACE", "/api/keys", "", NULL, 405, "method_not_allowed"},
    };
    char key[128];
    struct api_answer *answer = mem_alloc(sizeof(*answer));
    api_test_key(test, SCOPE_ALL, key);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char headers[300];
        (void)snprintf(headers, sizeof(headers), "%s%s", key, rows[i].headers);
        api_test_call(test, rows[i].method, rows[i].path, headers, rows[i].body, answer);
        if (answer->status != rows[i].status || strstr(answer->body, rows[i].words) == NULL ||
            strstr(answer->head, "application/problem+json") == NULL ||
            strstr(answer->head, "X-Content-Type-Options: nosniff") == NULL) {
            fail_msg("row %zu: %s%s", i, answer->head, answer->body);
        }
        if (rows[i].status == 405) {
            assert_non_null(strstr(answer->head, "Allow: GET, HEAD, POST"));
        }
    }
    mem_free(answer);
}

static void a_large_body_is_refused(void **state)
{
    struct api_test *test = *state;
    char key[128];
    char headers[256];
    struct api_answer *answer = mem_alloc(sizeof(*answer));
    api_test_key(test, SCOPE_ALL, key);
    (void)snprintf(headers, sizeof(headers), "%sExpect: 100-continue\r\nContent-Length: 65537\r\n",
                   key);
    api_test_call(test, "POST", "/api/keys", headers, NULL, answer);
    assert_int_equal(answer->status, 413);
    mem_free(answer);
}

static void a_revoked_key_ends_at_once(void **state)
{
    struct api_test *test = *state;
    char admin[128], key[128];
    struct api_answer *answer = mem_alloc(sizeof(*answer));
    api_test_key(test, SCOPE_ALL, admin);
    api_test_key(test, SCOPE_READ, key);
    api_test_call(test, "GET", "/api/me", key, NULL, answer);
    assert_int_equal(answer->status, 200);
    api_test_call(test, "DELETE", "/api/keys/key_002", admin, NULL, answer);
    assert_int_equal(answer->status, 204);
    api_test_call(test, "GET", "/api/me", key, NULL, answer);
    assert_int_equal(answer->status, 401);
    mem_free(answer);
}

static void the_last_administrator_stays(void **state)
{
    struct api_test *test = *state;
    char cookie[160];
    char key[128];
    struct api_answer *answer = mem_alloc(sizeof(*answer));
    set_up_admin(test, cookie);
    api_test_key(test, SCOPE_ALL, key);
    api_test_call(test, "DELETE", "/api/users/user_001", key, NULL, answer);
    assert_int_equal(answer->status, 409);
    api_test_call(test, "PUT", "/api/users/user_001", key, "{\"role\":\"viewer\"}", answer);
    assert_int_equal(answer->status, 409);
    api_test_call(test, "PUT", "/api/users/user_001", key, "{\"disabled\":true}", answer);
    assert_int_equal(answer->status, 409);
    api_test_call(test, "PUT", "/api/users/user_001", key, "{\"name\":\"Ann\"}", answer);
    assert_int_equal(answer->status, 200);
    mem_free(answer);
}

static void the_event_feed_loses_nothing(void **state)
{
    struct api_test *test = *state;
    char key[128];
    char cursor[128];
    char path[200];
    struct api_answer *answer = mem_alloc(sizeof(*answer));
    api_test_key(test, SCOPE_ALL, key);
    store_test_exec(&test->store, "INSERT INTO event (at_ms, type) VALUES (1, 'message.updated'), "
                                  "(2, 'batch.updated'), (3, 'message.updated')");
    api_test_call(test, "GET", "/api/events?limit=2&type=message", key, NULL, answer);
    assert_int_equal(answer->status, 200);
    assert_null(strstr(answer->body, "batch.updated"));
    assert_non_null(strstr(answer->body, "evt_004"));
    api_answer_field(answer, "next_cursor", cursor);
    (void)snprintf(path, sizeof(path), "/api/events?cursor=%s", cursor);
    store_test_exec(&test->store, "INSERT INTO event (at_ms, type) VALUES (4, 'late.one')");
    api_test_call(test, "GET", path, key, NULL, answer);
    assert_non_null(strstr(answer->body, "late.one"));
    assert_null(strstr(answer->body, "evt_004"));
    mem_free(answer);
}

static void live_events_replay_what_was_missed(void **state)
{
    struct api_test *test = *state;
    char key[128];
    char request[400];
    char answer[8192];
    bool closed = false;
    api_test_key(test, SCOPE_READ, key); /* the first event */
    store_test_exec(&test->store, "INSERT INTO event (at_ms, type) VALUES (1, 'batch.updated')");
    int size = snprintf(request, sizeof(request),
                        "GET /api/events HTTP/1.1\r\nHost: localhost\r\n%s"
                        "Accept: text/event-stream\r\nLast-Event-ID: 1\r\n\r\n",
                        key);
    int descriptor = test_connect(test->port);
    test_send(descriptor, request, (size_t)size);
    (void)test_receive(descriptor, "batch.updated", answer, sizeof(answer), &closed);
    assert_non_null(strstr(answer, "id: 2\nevent: batch\n"));
    assert_null(strstr(answer, "id: 1\n"));
    api_test_key(test, SCOPE_READ, key);
    dispatch_wake_events(test->dispatch);
    (void)test_receive(descriptor, "key.updated", answer, sizeof(answer), &closed);
    assert_non_null(strstr(answer, "id: 3\nevent: key\n"));
    (void)close(descriptor);
}

/* A page that has just read everything says so in the address; nothing that came since is lost. */
static void a_stream_begins_where_the_page_stands(void **state)
{
    struct api_test *test = *state;
    char key[128];
    char request[400];
    char answer[8192];
    bool closed = false;
    struct api_answer *me = mem_alloc(sizeof(*me));
    api_test_key(test, SCOPE_READ, key); /* the first event */
    api_test_call(test, "GET", "/api/me", key, NULL, me);
    assert_non_null(strstr(me->body, "\"last_event_id\":1"));
    mem_free(me);
    store_test_exec(&test->store, "INSERT INTO event (at_ms, type) VALUES (1, 'batch.updated'), "
                                  "(2, 'contact.updated')");
    static const struct {
        const char *header;
        const char *first;
    } rows[] = {{"", "id: 2\nevent: batch\n"}, {"Last-Event-ID: 2\r\n", "id: 3\nevent: contact\n"}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        int size = snprintf(request, sizeof(request),
                            "GET /api/events?last_event_id=1 HTTP/1.1\r\nHost: localhost\r\n%s%s"
                            "Accept: text/event-stream\r\n\r\n",
                            key, rows[i].header);
        int descriptor = test_connect(test->port);
        test_send(descriptor, request, (size_t)size);
        (void)test_receive(descriptor, "contact.updated", answer, sizeof(answer), &closed);
        const char *first = strstr(answer, "id: ");
        assert_non_null(first);
        assert_memory_equal(first, rows[i].first, strlen(rows[i].first));
        (void)close(descriptor);
    }
}

int main(void)
{
#define API_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(routes_are_consistent),
        API_TEST(every_route_asks_for_its_scope),
        API_TEST(a_session_lasts_until_logout),
        API_TEST(other_pages_cannot_use_the_cookie),
        API_TEST(wrong_passwords_are_slowed_for_the_guesser_only),
        API_TEST(a_repeated_post_has_one_effect),
        API_TEST(refusals_say_what_is_wrong),
        API_TEST(a_large_body_is_refused),
        API_TEST(a_revoked_key_ends_at_once),
        API_TEST(the_last_administrator_stays),
        API_TEST(the_event_feed_loses_nothing),
        API_TEST(live_events_replay_what_was_missed),
        API_TEST(a_stream_begins_where_the_page_stands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
