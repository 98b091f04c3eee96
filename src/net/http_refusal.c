/* Refusals. Ours are written by the server's owner. The HTTP library has some of its own (a first
 * line that it cannot read, a chunk that is none) with a page of its own; it hands that page to its
 * MHD_queue_response() through the dynamic linker, which finds the function of that name below
 * first: so whoever speaks bad HTTP reads the same kind of answer. Where a library were built to
 * call itself directly, its page would go out as it is. */
#include "net/http_server_internal.h"

#include <dlfcn.h>

typedef enum MHD_Result queue_function(struct MHD_Connection *mhd, unsigned status,
                                       struct MHD_Response *response);

static queue_function *library_queue;
static pthread_once_t library_found = PTHREAD_ONCE_INIT;

static void find_library(void)
{
    void *found = dlsym(RTLD_NEXT, "MHD_queue_response");
    CHECK(found != NULL);
    memcpy(&library_queue, &found, sizeof(library_queue)); /* ISO C has no cast for it */
}

enum MHD_Result refusal_queue_answer(struct MHD_Connection *mhd, int status,
                                     struct MHD_Response *response)
{
    pthread_once(&library_found, find_library);
    return library_queue(mhd, (unsigned)status, response);
}

void refusal_fill(struct http_server *server, const struct http_request *request, int status,
                  const char *reason, struct http_response *response)
{
    const struct http_server_callbacks *callbacks = &server->settings.callbacks;
    http_response_init(response, 0);
    response->status = status;
    if (callbacks->on_refusal != NULL) {
        callbacks->on_refusal(callbacks->context, request, status, reason, response);
    } else {
        http_response_set_header(response, "Content-Type", TEXT("text/plain; charset=utf-8"));
        buffer_add_format(&response->body, "%s\n", reason);
    }
    response->status = status;
    response->close = true;
}

static const char *reason_of(unsigned status)
{
    switch (status) {
    case MHD_HTTP_CONTENT_TOO_LARGE:
        return "the body is larger than this address takes";
    case MHD_HTTP_URI_TOO_LONG:
        return "the address is longer than 8 KiB";
    case MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE:
        return "the headers are longer than 16 KiB or more than 100";
    case MHD_HTTP_INTERNAL_SERVER_ERROR:
    case MHD_HTTP_SERVICE_UNAVAILABLE:
        return "the server is busy; try again soon";
    default:
        return "the request cannot be read as HTTP/1.1";
    }
}

static bool head_is_complete(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    return info != NULL && info->header_size > 0;
}

/* Only the library itself comes here: answers of ours go through refusal_queue_answer(). */
enum MHD_Result MHD_queue_response(struct MHD_Connection *mhd, unsigned status,
                                   struct MHD_Response *page)
{
    struct connection *connection = connection_of(mhd);
    if (connection == NULL) {
        return refusal_queue_answer(mhd, (int)status, page);
    }
    if (!connection->head_read && head_is_complete(mhd)) {
        return MHD_NO; /* it would write this answer twice; so the connection is cut without one */
    }
    const struct http_request nothing_read = {.peer = ""};
    struct http_response response;
    refusal_fill(connection->server, &nothing_read, (int)status, reason_of(status), &response);
    struct MHD_Response *built = answer_build(NULL, &response);
    http_response_done(&response);
    enum MHD_Result queued = refusal_queue_answer(mhd, (int)status, built == NULL ? page : built);
    if (built != NULL) {
        MHD_destroy_response(built);
    }
    return queued;
}
