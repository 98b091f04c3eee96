/* Turns a struct http_response into libmicrohttpd's, on the thread that answers: opening a file and
 * compressing happen there and not on an HTTP thread. */
#include "net/http_server_internal.h"

#include "base/mem.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

static bool is_compressible(struct text content_type)
{
    struct text type = http_media_type(content_type);
    return text_equal(type, TEXT("application/json")) ||
           text_equal(type, TEXT("application/problem+json")) ||
           text_equal(type, TEXT("text/csv")) || text_equal(type, TEXT("text/plain"));
}

/* gzip at a low level: about a tenth of the size of a JSON list for little time. */
static bool deflate_into(struct text plain, struct buffer *packed)
{
    z_stream stream = {0};
    if (deflateInit2(&stream, 3, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        return false;
    }
    size_t bound = deflateBound(&stream, (uLong)plain.size);
    char *out = mem_alloc(bound);
    stream.next_in = (Bytef *)(uintptr_t)plain.data;
    stream.avail_in = (uInt)plain.size;
    stream.next_out = (Bytef *)out;
    stream.avail_out = (uInt)bound;
    bool complete = deflate(&stream, Z_FINISH) == Z_STREAM_END;
    if (complete) {
        buffer_add(packed, out, bound - stream.avail_out);
    }
    (void)deflateEnd(&stream);
    mem_free(out);
    return complete;
}

void answer_compress(const struct exchange *exchange, struct http_response *response)
{
    bool from_body =
        response->stream == NULL && response->file_path == NULL && response->fixed.data == NULL;
    if (!from_body || response->no_compression || response->body.size < COMPRESS_LEAST ||
        response->body.size > INT32_MAX ||
        !is_compressible(http_response_header(response, "content-type"))) {
        return;
    }
    struct text vary = http_response_header(response, "vary");
    http_response_set_header_format(response, "Vary", "%.*s%sAccept-Encoding", TEXT_ARGS(vary),
                                    vary.size == 0 ? "" : ", ");
    struct text accepted = http_request_header(&exchange->request, "accept-encoding");
    if (!http_list_accepts(accepted, TEXT("gzip"), true)) {
        return;
    }
    struct buffer packed;
    buffer_init(&packed, response->body.limit);
    if (deflate_into(buffer_text(&response->body), &packed) && !buffer_overflowed(&packed)) {
        buffer_done(&response->body);
        response->body = packed;
        http_response_set_header(response, "Content-Encoding", TEXT("gzip"));
    } else {
        buffer_done(&packed);
    }
}

static struct MHD_Response *build_from_file(struct http_response *response)
{
    int descriptor = open(response->file_path, O_RDONLY | O_CLOEXEC);
    struct stat facts;
    if (descriptor < 0 || fstat(descriptor, &facts) != 0) {
        if (descriptor >= 0) {
            (void)close(descriptor);
        }
        response->status = 500;
        return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    }
    if (response->file_temporary) {
        (void)unlink(response->file_path);
        response->file_temporary = false;
    }
    return MHD_create_response_from_fd64((uint64_t)facts.st_size, descriptor);
}

static struct MHD_Response *build_bytes(struct exchange *exchange, struct http_response *response)
{
    if (response->stream != NULL) {
        struct http_stream *stream = response->stream;
        response->stream = NULL;
        return stream_attach(stream, exchange);
    }
    if (response->file_path != NULL) {
        return build_from_file(response);
    }
    if (response->fixed.data != NULL) {
        return MHD_create_response_from_buffer(
            response->fixed.size, (void *)(uintptr_t)response->fixed.data, MHD_RESPMEM_PERSISTENT);
    }
    size_t size = response->body.size;
    if (size == 0) {
        return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    }
    return MHD_create_response_from_buffer_with_free_callback(size, buffer_take(&response->body),
                                                              mem_free);
}

int64_t answer_patience_ms(const struct http_response *response)
{
    if (response->stream != NULL) {
        return 0;
    }
    struct stat facts = {0};
    int64_t bytes = (int64_t)response->body.size;
    if (response->file_path != NULL && stat(response->file_path, &facts) == 0) {
        bytes = facts.st_size;
    } else if (response->fixed.data != NULL) {
        bytes = (int64_t)response->fixed.size;
    }
    return ANSWER_GRACE_MS + bytes / ANSWER_MIN_BYTES * 1000;
}

struct MHD_Response *answer_build(struct exchange *exchange, struct http_response *response)
{
    struct MHD_Response *built = build_bytes(exchange, response);
    if (built == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < response->header_count; i++) {
        char *name = arena_chars(response->arena, response->headers[i].name);
        char *value = arena_chars(response->arena, response->headers[i].value);
        (void)MHD_add_response_header(built, name, value);
    }
    if (response->close) {
        (void)MHD_add_response_header(built, "Connection", "close");
    }
    return built;
}
