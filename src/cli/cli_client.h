#pragma once

#include "base/buffer.h"
#include "base/json.h"
#include "cli/cli.h"

/* The API as commands see it: that of the server that runs on the data directory, over its Unix
 * socket, else that of a server inside this process. */
struct cli_client;

MUST_USE enum error_code cli_client_open(const struct cli *cli, struct cli_client **ret_client,
                                         struct error *error);
void cli_client_close(struct cli_client *client); /* NULL is fine */
DEFINE_CLEANUP(struct cli_client *, cli_client_close);

struct cli_request {
    const char *method; /* "GET", "POST", "PUT" */
    const char *path;   /* with its query, encoded */
    struct text body;
    const char *body_path;    /* a file in place of `body` */
    const char *content_type; /* NULL: application/json when there is a body */
};
struct cli_answer {
    int status;
    struct buffer body;
    struct json *json; /* the body, when it is JSON */
};
void cli_answer_done(struct cli_answer *answer); /* frees; in place */

/* Asks and waits. An answer that is no success becomes an error with the server's words. */
MUST_USE enum error_code cli_ask(struct cli_client *client, const struct cli_request *request,
                                 struct cli_answer *ret_answer, struct error *error);
/* The same for commands of one request: opens, asks, closes. */
MUST_USE enum error_code cli_ask_once(const struct cli *cli, const struct cli_request *request,
                                      struct cli_answer *ret_answer, struct error *error);
/* GET of a path with its answer. */
MUST_USE enum error_code cli_get(struct cli_client *client, const char *path,
                                 struct cli_answer *ret_answer, struct error *error);
