/* Serving the embedded web UI: see pages.h. */
#include "pages/pages.h"

#include "pages/assets.h"

static const char CONTENT_SECURITY_POLICY[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; object-src 'none'; require-trusted-types-for 'script'; "
    "trusted-types app";

bool pages_have_ui(void)
{
    return ASSETS[0].path != NULL;
}

void pages_set_html_headers(struct http_response *response)
{
    http_response_set_header(response, "Content-Security-Policy",
                             text_from(CONTENT_SECURITY_POLICY));
    http_response_set_header(response, "Permissions-Policy",
                             TEXT("camera=(), microphone=(), geolocation=()"));
    http_response_set_header(response, "Cross-Origin-Opener-Policy", TEXT("same-origin"));
}

/* The addresses that people are told of: they answer whatever asks, curl too. */
static bool is_entrance(struct text path)
{
    return text_equal(path, TEXT("/")) || text_equal(path, TEXT("/docs"));
}

static const struct asset *choose(const struct http_request *request)
{
    const struct asset *asset = asset_find(request->path);
    if (asset != NULL && !text_equal(request->path, TEXT("/openapi.json"))) {
        return asset;
    }
    /* A missing chunk must not be answered by a page: the browser would run HTML as a script. */
    if (text_starts_with(request->path, TEXT("/assets/")) ||
        text_starts_with(request->path, TEXT("/api/"))) {
        return NULL;
    }
    struct text accept = http_request_header(request, "Accept");
    bool page = is_entrance(request->path) || http_list_accepts(accept, TEXT("text/html"), false);
    return page ? asset_find(TEXT("/index.html")) : NULL;
}

static bool wants_page(const struct http_request *request)
{
    struct text accept = http_request_header(request, "Accept");
    return is_entrance(request->path) || (http_list_accepts(accept, TEXT("text/html"), false) &&
                                          !text_starts_with(request->path, TEXT("/api/")));
}

/* People who open the address in a browser learn why there is nothing to see. */
static void say_no_ui(struct http_response *response)
{
    response->status = 404;
    http_response_set_header(response, "Content-Type", TEXT("text/plain; charset=utf-8"));
    http_response_set_header(response, "Cache-Control", TEXT("no-store"));
    response->fixed = TEXT("This Dripline server runs without a web UI: it was built on a machine "
                           "without Node.js.\n"
                           "Everything else works: the JSON API below /api and the command line "
                           "(`dripline --help`).\n"
                           "For the UI, install Node.js 18 or newer where the server is built, and "
                           "build it again with ./run.sh.\n");
}

static bool is_known(const struct http_request *request, const struct asset *asset,
                     const char *encoding)
{
    struct text wanted = http_request_header(request, "If-None-Match");
    struct text part = {0};
    while (text_next(&wanted, ',', &part)) {
        part = text_trim(part);
        if (text_starts_with(part, TEXT("W/"))) {
            part = text_skip(part, 2);
        }
        struct text hash = text_from(asset->hash);
        struct text suffix = text_from(encoding);
        if (part.size == hash.size + suffix.size + 2 &&
            text_starts_with(text_skip(part, 1), hash) &&
            text_starts_with(text_skip(part, 1 + hash.size), suffix)) {
            return true;
        }
    }
    return false;
}

bool pages_answer(const struct http_request *request, struct http_response *response)
{
    if (!text_equal(request->method, TEXT("GET")) && !text_equal(request->method, TEXT("HEAD"))) {
        return false;
    }
    if (!pages_have_ui() && wants_page(request)) {
        say_no_ui(response);
        return true;
    }
    const struct asset *asset = choose(request);
    if (asset == NULL) {
        return false;
    }
    struct text accepted = http_request_header(request, "Accept-Encoding");
    const char *encoding = "";
    struct text bytes = asset->raw;
    if (asset->brotli.data != NULL && http_list_accepts(accepted, TEXT("br"), true)) {
        encoding = "-br";
        bytes = asset->brotli;
        http_response_set_header(response, "Content-Encoding", TEXT("br"));
    } else if (asset->gzip.data != NULL && http_list_accepts(accepted, TEXT("gzip"), true)) {
        encoding = "-gz";
        bytes = asset->gzip;
        http_response_set_header(response, "Content-Encoding", TEXT("gzip"));
    }
    http_response_set_header(response, "Vary", TEXT("Accept-Encoding"));
    http_response_set_header_format(response, "ETag", "\"%s%s\"", asset->hash, encoding);
    http_response_set_header(response, "Cache-Control",
                             asset->immutable ? TEXT("public, max-age=31536000, immutable")
                                              : TEXT("no-cache"));
    http_response_set_header(response, "Content-Type", text_from(asset->content_type));
    if (text_starts_with(text_from(asset->content_type), TEXT("text/html"))) {
        pages_set_html_headers(response);
    }
    response->no_compression = true;
    if (is_known(request, asset, encoding)) {
        response->status = 304;
        return true;
    }
    response->fixed = bytes;
    return true;
}
