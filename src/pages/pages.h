#pragma once

#include "net/http.h"

#include <stdbool.h>

/* Answers requests for the embedded web UI: files by name, and index.html for every other path
 * that a browser asks for as a page, since the UI draws its own routes. Pure; any thread. */

/* Fills in `response` and returns true when the request is the UI's: GET or HEAD of a file of it
 * or of a page. False for anything else, which the caller answers with 404. */
bool pages_answer(const struct http_request *request, struct http_response *response);

/* True when the program holds a web UI. */
bool pages_have_ui(void);

/* The header values that every HTML answer carries, so that no script but our own ever runs. */
void pages_set_html_headers(struct http_response *response);
