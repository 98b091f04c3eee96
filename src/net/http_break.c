/* Ends a request the way a broken network would: for the fake provider, which must misbehave on
 * purpose. No server that serves people calls this. */
#include "net/http_server_internal.h"

#include <sys/socket.h>

static void send_raw(int descriptor, struct text raw)
{
    while (raw.size > 0) {
        ssize_t sent = send(descriptor, raw.data, raw.size, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent <= 0) {
            return;
        }
        raw = text_skip(raw, (size_t)sent);
    }
}

void http_request_break(struct http_request *request, struct text raw, bool reset)
{
    struct exchange *exchange = (struct exchange *)(void *)request;
    struct MHD_Connection *mhd = exchange->mhd;
    CHECK(exchange->phase == PHASE_HANDED);
    int descriptor = exchange->connection->descriptor;
    send_raw(descriptor, raw);
    if (reset) {
        /* Dissolving the association of an open TCP socket sends RST at once. */
        struct sockaddr nobody = {.sa_family = AF_UNSPEC};
        (void)connect(descriptor, &nobody, sizeof(nobody));
    }
    exchange->built = NULL; /* libmicrohttpd closes a connection that has nothing to answer */
    exchange->phase = PHASE_ANSWERED;
    exchange_resume(exchange->server, mhd);
}
