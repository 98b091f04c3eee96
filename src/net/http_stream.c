/* Answers without end. The producer appends to a bounded queue; the HTTP thread drains it, and
 * suspends the connection while there is nothing to send. Both hold a reference; the lock is held
 * while a connection is suspended or resumed, so a stream never resumes what is not suspended. */
#include "net/http_server_internal.h"

#include "base/mem.h"

struct http_stream {
    pthread_mutex_t lock;
    struct buffer waiting;
    size_t sent; /* bytes at the start of `waiting` that are gone */
    size_t limit;
    int references;
    bool closed;    /* the connection is gone, or was cut */
    bool ended;     /* the producer is done */
    bool suspended; /* the connection waits for bytes */
    bool attached;
    struct MHD_Connection *mhd;
    struct connection *connection;
};

enum { STREAM_BLOCK = 4096 };

struct http_stream *http_stream_new(size_t limit)
{
    struct http_stream *stream = mem_zalloc(sizeof(*stream));
    pthread_mutex_init(&stream->lock, NULL);
    stream->limit = limit;
    buffer_init(&stream->waiting, 2 * limit);
    stream->references = 2;
    return stream;
}

/* Unlocks, and frees when nobody is left. */
static void unlock_and_unreference(struct http_stream *stream)
{
    bool last = --stream->references == 0;
    pthread_mutex_unlock(&stream->lock);
    if (last) {
        buffer_done(&stream->waiting);
        pthread_mutex_destroy(&stream->lock);
        mem_free(stream);
    }
}

static void resume_if_waiting(struct http_stream *stream)
{
    if (stream->suspended) {
        stream->suspended = false;
        MHD_resume_connection(stream->mhd);
    }
}

bool http_stream_send(struct http_stream *stream, struct text data)
{
    pthread_mutex_lock(&stream->lock);
    if (!stream->closed && stream->waiting.size - stream->sent + data.size > stream->limit) {
        stream->closed = true; /* too slow a reader */
        if (stream->attached) {
            connection_cut(stream->connection);
        }
        resume_if_waiting(stream);
    }
    bool open = !stream->closed;
    if (open) {
        if (stream->sent == stream->waiting.size) {
            buffer_clear(&stream->waiting);
            stream->sent = 0;
        } else if (stream->sent > stream->limit / 2) {
            size_t left = stream->waiting.size - stream->sent;
            memmove(stream->waiting.data, stream->waiting.data + stream->sent, left);
            stream->waiting.size = left;
            stream->sent = 0;
        }
        buffer_add_text(&stream->waiting, data);
        resume_if_waiting(stream);
    }
    pthread_mutex_unlock(&stream->lock);
    return open;
}

bool http_stream_is_open(struct http_stream *stream)
{
    pthread_mutex_lock(&stream->lock);
    bool open = !stream->closed;
    pthread_mutex_unlock(&stream->lock);
    return open;
}

void http_stream_release(struct http_stream *stream)
{
    if (stream == NULL) {
        return;
    }
    pthread_mutex_lock(&stream->lock);
    stream->ended = true;
    resume_if_waiting(stream);
    unlock_and_unreference(stream);
}

static ssize_t read_stream(void *context, uint64_t position, char *out, size_t max)
{
    (void)position;
    struct http_stream *stream = context;
    ssize_t result = 0;
    pthread_mutex_lock(&stream->lock);
    size_t left = stream->waiting.size - stream->sent;
    if (stream->closed) {
        result = MHD_CONTENT_READER_END_WITH_ERROR;
    } else if (left > 0) {
        size_t taken = left < max ? left : max;
        memcpy(out, stream->waiting.data + stream->sent, taken);
        stream->sent += taken;
        result = (ssize_t)taken;
    } else if (stream->ended) {
        result = MHD_CONTENT_READER_END_OF_STREAM;
    } else {
        stream->suspended = true;
        MHD_suspend_connection(stream->mhd);
    }
    pthread_mutex_unlock(&stream->lock);
    return result;
}

static void detach(void *context)
{
    struct http_stream *stream = context;
    pthread_mutex_lock(&stream->lock);
    stream->closed = true;
    stream->attached = false;
    unlock_and_unreference(stream);
}

struct MHD_Response *stream_attach(struct http_stream *stream, struct exchange *exchange)
{
    pthread_mutex_lock(&stream->lock);
    stream->mhd = exchange->mhd;
    stream->connection = exchange->connection;
    stream->attached = true;
    pthread_mutex_unlock(&stream->lock);
    return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, read_stream, stream,
                                             detach);
}
