/* How a call is put to libcurl: its options, and the callbacks through which libcurl takes the
 * request and gives the answer. The rules that keep a message from being sent twice stand in
 * set_at_most_once() and before_request(). */
#include "net/http_client_internal.h"

#include "base/file.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- callbacks of libcurl, inside http_client_poll() ---- */

static size_t give_body(char *out, size_t size, size_t count, void *context)
{
    struct call *call = context;
    size_t room = size * count;
    int64_t left = call->body_size - call->body_given;
    size_t taken = left < (int64_t)room ? (size_t)left : room;
    if (taken == 0) {
        return 0;
    }
    if (call->upload >= 0) {
        ssize_t got = pread(call->upload, out, taken, call->body_given);
        if (got <= 0) {
            return CURL_READFUNC_ABORT;
        }
        taken = (size_t)got;
    } else {
        memcpy(out, call->body + call->body_given, taken);
    }
    call->body_given += (int64_t)taken;
    return taken;
}

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
    struct call *call = context;
    size_t bytes = size * count;
    if (call->save >= 0) {
        struct error error = {0};
        return file_write_all(call->save, text_make(data, bytes), &error) == OK ? bytes : 0;
    }
    size_t room = call->answer_limit - call->kept.answer.size;
    if (bytes > room) {
        buffer_add(&call->kept.answer, data, room);
        call->result.too_big = true;
        return 0;
    }
    buffer_add(&call->kept.answer, data, bytes);
    return bytes;
}

static size_t take_header(char *data, size_t size, size_t count, void *context)
{
    struct call *call = context;
    size_t bytes = size * count;
    struct http_result *result = &call->result;
    call->head_size += bytes;
    if (call->head_size > ANSWER_HEAD_MAX) {
        result->too_big = true;
        return 0;
    }
    struct text line = text_make(data, bytes);
    if (text_starts_with(line, TEXT("HTTP/"))) {
        result->header_count = 0; /* an interim answer came before */
        return bytes;
    }
    struct text name;
    if (!text_next(&line, ':', &name) || line.data == NULL ||
        result->header_count == HTTP_RESULT_HEADERS_MAX) {
        return bytes;
    }
    struct http_header *header = &result->headers[result->header_count++];
    header->name = arena_text(call->kept.arena, name);
    header->value = text_trim(arena_text(call->kept.arena, line));
    return bytes;
}

static bool is_allowed(struct call *call, const char *address)
{
    if (call->address_allowed == NULL || call->address_allowed(call->address_context, address)) {
        return true;
    }
    call->address_refused = true;
    return false;
}

static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *to)
{
    (void)purpose;
    char address[INET6_ADDRSTRLEN] = "";
    if (to->family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, &to->addr, sizeof(v4));
        (void)inet_ntop(AF_INET, &v4.sin_addr, address, sizeof(address));
    } else if (to->family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, (const void *)&to->addr, sizeof(v6));
        (void)inet_ntop(AF_INET6, &v6.sin6_addr, address, sizeof(address));
    }
    if (!is_allowed(context, address)) {
        return CURL_SOCKET_BAD;
    }
    return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

/* Called when a connection is ready and nothing of the request is written yet. A second call for
 * one request means that libcurl is about to repeat it after a reused connection broke. */
static int before_request(void *context, char *peer, char *own, int peer_port, int own_port)
{
    (void)own;
    (void)peer_port;
    (void)own_port;
    struct call *call = context;
    if (call->ready_count == 0 && !is_allowed(call, peer)) {
        return CURL_PREREQFUNC_ABORT;
    }
    call->ready_count++;
    if (call->body != NULL && call->is_post) {
        call->body_given = call->body_size; /* libcurl has it all from the start */
    }
    return call->ready_count > 1 && !call->repeatable ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

/* ---- setting up a call ---- */

enum error_code call_check_url(const struct http_call *wanted, struct error *error)
{
    CURLU *url = curl_url();
    char *scheme = NULL;
    char *user = NULL;
    enum error_code code = OK;
    if (url == NULL || curl_url_set(url, CURLUPART_URL, wanted->url, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK) {
        code = error_set(error, ERROR_INVALID, "the address is no URL");
    } else if (strcmp(scheme, "https") != 0 &&
               !(wanted->allow_plain && strcmp(scheme, "http") == 0)) {
        code = error_set(error, ERROR_INVALID, "the address must start with https://");
    } else if (curl_url_get(url, CURLUPART_USER, &user, 0) == CURLUE_OK) {
        code = error_set(error, ERROR_INVALID, "the address must not hold a user or password");
    }
    curl_free(scheme);
    curl_free(user);
    curl_url_cleanup(url);
    return code;
}

static void add_header(struct buffer *lines, struct text name, struct text value)
{
    buffer_add_text(lines, name);
    buffer_add_chars(lines, value.size == 0 ? ";" : ": ");
    for (size_t i = 0; i < value.size; i++) {
        if ((unsigned char)value.data[i] >= 0x20) {
            buffer_add_byte(lines, value.data[i]);
        }
    }
    buffer_add_byte(lines, '\0');
}

/* All header lines of the request, each with its NUL. */
static enum error_code write_headers(const struct http_call *wanted, struct buffer *lines,
                                     struct error *error)
{
    bool has_type = false;
    buffer_clear(lines);
    for (size_t i = 0; i < wanted->header_count; i++) {
        add_header(lines, wanted->headers[i].name, wanted->headers[i].value);
        has_type =
            has_type || text_equal_ignore_case(wanted->headers[i].name, TEXT("content-type"));
    }
    buffer_add_text(lines, TEXT("Expect:\0"));
    if (!has_type) {
        buffer_add_text(lines, TEXT("Content-Type:\0"));
    }
    if (buffer_overflowed(lines)) {
        return error_set(error, ERROR_TOO_BIG, "the request's headers are too large");
    }
    return OK;
}

static enum error_code set_headers(struct call *call, const struct http_call *wanted,
                                   struct error *error)
{
    struct buffer *lines = &call->kept.client->header_text;
    enum error_code code = write_headers(wanted, lines, error);
    if (code != OK || (call->kept.header_list != NULL &&
                       text_equal(buffer_text(lines), buffer_text(&call->kept.header_text)))) {
        return code;
    }
    curl_slist_free_all(TAKE(call->kept.header_list));
    for (size_t at = 0; at < lines->size; at += strlen(lines->data + at) + 1) {
        call->kept.header_list = curl_slist_append(call->kept.header_list, lines->data + at);
    }
    buffer_clear(&call->kept.header_text);
    buffer_add_text(&call->kept.header_text, buffer_text(lines));
    curl_easy_setopt(call->kept.easy, CURLOPT_HTTPHEADER, call->kept.header_list);
    return OK;
}

/* libcurl repeats a request by itself when a reused connection closes without an answer, even a
 * POST. The refused second start stops that; a body that is read from a file can be read only once
 * as well. A short body goes out with the head, in one write. */
static void set_at_most_once(struct call *call)
{
    CURL *easy = call->kept.easy;
    if (call->body != NULL && call->is_post) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, call->body);
    } else {
        curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_body);
        curl_easy_setopt(easy, CURLOPT_READDATA, call);
    }
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_request);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, call);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)IDLE_REUSE_S);
}

static void set_method(struct call *call, const struct http_call *wanted)
{
    CURL *easy = call->kept.easy;
    const char *method = wanted->method;
    if (method == NULL) {
        method = call->body_size > 0 ? "POST" : "GET";
    }
    call->repeatable = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
    call->is_post = strcmp(method, "POST") == 0;
    if (call->is_post) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body_size);
    } else if (strcmp(method, "HEAD") == 0) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else if (call->body_size > 0) {
        curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)call->body_size);
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
    } else {
        curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
    }
}

static int64_t connect_timeout(const struct http_call *wanted)
{
    return wanted->connect_timeout_ms > 0 ? wanted->connect_timeout_ms : CONNECT_TIMEOUT_MS;
}

static int64_t total_timeout(const struct http_call *wanted)
{
    return wanted->total_timeout_ms > 0 ? wanted->total_timeout_ms : TOTAL_TIMEOUT_MS;
}

/* The address goes in taken apart: libcurl would do that for every request again. */
static void set_address(struct call *call, const struct http_call *wanted)
{
    call->kept.address = curl_url();
    CHECK(call->kept.address != NULL);
    CHECK(curl_url_set(call->kept.address, CURLUPART_URL, wanted->url, 0) == CURLUE_OK);
    curl_easy_setopt(call->kept.easy, CURLOPT_CURLU, call->kept.address);
    call->kept.url = mem_copy_text(wanted->url);
    call->kept.posts_text = call->is_post && call->body != NULL && call->save < 0;
    call->kept.plain = wanted->allow_plain;
    call->kept.guarded = wanted->address_allowed != NULL;
    call->kept.connect_ms = connect_timeout(wanted);
    call->kept.total_ms = total_timeout(wanted);
}

static void set_connection(struct call *call, const struct http_call *wanted)
{
    CURL *easy = call->kept.easy;
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, wanted->allow_plain ? "http,https" : "https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)connect_timeout(wanted));
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)total_timeout(wanted));
    if (call->kept.client->ca_file != NULL) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, call->kept.client->ca_file);
    }
    if (call->kept.client->unix_path != NULL) {
        curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, call->kept.client->unix_path);
    } else if (call->address_allowed != NULL) {
        curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
        curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, call);
    }
}

static void set_answer(struct call *call)
{
    CURL *easy = call->kept.easy;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->message);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, call);
    if (call->save < 0) {
        curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)ANSWER_PART);
    }
}

static enum error_code open_files(struct call *call, const struct http_call *wanted,
                                  struct error *error)
{
    if (wanted->body_path != NULL) {
        struct stat facts;
        call->upload = open(wanted->body_path, O_RDONLY | O_CLOEXEC);
        if (call->upload < 0 || fstat(call->upload, &facts) != 0) {
            return error_set(error, ERROR_NOT_FOUND, "could not read \"%s\"", wanted->body_path);
        }
        call->body_size = facts.st_size;
    }
    if (wanted->save_path != NULL) {
        call->save = open(wanted->save_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (call->save < 0) {
            return error_set(error, ERROR_CONFLICT, "could not create \"%s\"", wanted->save_path);
        }
    }
    return OK;
}

/* A POST of a text in memory, as the one before was: the sender's and the webhooks' calls. */
static bool is_like_before(const struct call *call, const struct http_call *wanted)
{
    const struct call_kept *kept = &call->kept;
    return kept->posts_text && wanted->body.size > 0 && wanted->body_path == NULL &&
           wanted->save_path == NULL &&
           (wanted->method == NULL || strcmp(wanted->method, "POST") == 0) &&
           kept->plain == wanted->allow_plain &&
           kept->guarded == (wanted->address_allowed != NULL) &&
           kept->connect_ms == connect_timeout(wanted) && kept->total_ms == total_timeout(wanted) &&
           strcmp(kept->url, wanted->url) == 0;
}

void call_forget(struct call *call)
{
    call->kept.posts_text = false;
    curl_easy_reset(call->kept.easy);
    curl_slist_free_all(TAKE(call->kept.header_list));
    buffer_clear(&call->kept.header_text);
    curl_url_cleanup(TAKE(call->kept.address));
    mem_free(TAKE(call->kept.url));
}

static enum error_code set_all(struct call *call, const struct http_call *wanted,
                               struct error *error)
{
    call_forget(call);
    enum error_code code = open_files(call, wanted, error);
    if (code != OK) {
        return code;
    }
    set_connection(call, wanted);
    set_method(call, wanted);
    set_at_most_once(call);
    set_answer(call);
    set_address(call, wanted);
    return OK;
}

enum error_code call_set_up(struct call *call, const struct http_call *wanted, struct error *error)
{
    enum error_code code = OK;
    if (is_like_before(call, wanted)) {
        call->is_post = true;
        curl_easy_setopt(call->kept.easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body_size);
        curl_easy_setopt(call->kept.easy, CURLOPT_POSTFIELDS, call->body);
    } else {
        code = set_all(call, wanted, error);
    }
    return code == OK ? set_headers(call, wanted, error) : code;
}
