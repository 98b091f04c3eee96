/* The rules for URLs that users enter and this server calls: see target.h. Parsed by the library
 * that will make the request, so that both understand the same host. */
#include "net/target.h"

#include "net/address.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdio.h>

enum { HOST_MAX = 300 };

struct parts {
    char scheme[16];
    char host[HOST_MAX];
    char port[16];
    bool has_user, has_fragment;
};

/* False when the part is absent or too long. */
static bool part(CURLU *url, CURLUPart which, unsigned flags, char *out, size_t size)
{
    char *value = NULL;
    bool there = curl_url_get(url, which, &value, flags) == CURLUE_OK && value != NULL;
    if (there && out != NULL) {
        int needed = snprintf(out, size, "%s", value);
        there = needed >= 0 && (size_t)needed < size;
    }
    curl_free(value);
    return there;
}

static bool split(const char *text, struct parts *ret_parts)
{
    CURLU *url = curl_url();
    struct parts parts = {.scheme = ""};
    bool good = url != NULL && curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK &&
                part(url, CURLUPART_SCHEME, 0, parts.scheme, sizeof(parts.scheme)) &&
                part(url, CURLUPART_HOST, 0, parts.host, sizeof(parts.host)) &&
                part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT, parts.port, sizeof(parts.port));
    if (good) {
        parts.has_user =
            part(url, CURLUPART_USER, 0, NULL, 0) || part(url, CURLUPART_PASSWORD, 0, NULL, 0);
        parts.has_fragment = part(url, CURLUPART_FRAGMENT, 0, NULL, 0);
        *ret_parts = parts;
    }
    curl_url_cleanup(url);
    return good;
}

/* The numeric address in a host, without brackets; false for a name. */
static bool literal(const char *host, char out[INET6_ADDRSTRLEN])
{
    struct in6_addr ignored;
    size_t size = strlen(host);
    if (host[0] == '[' && size > 2 && size < INET6_ADDRSTRLEN && host[size - 1] == ']') {
        (void)snprintf(out, INET6_ADDRSTRLEN, "%.*s", (int)(size - 2), host + 1);
        return true;
    }
    if (size < INET6_ADDRSTRLEN && inet_pton(AF_INET, host, &ignored) == 1) {
        (void)snprintf(out, INET6_ADDRSTRLEN, "%s", host);
        return true;
    }
    return false;
}

static bool is_printable(struct text text)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if (byte <= 0x20 || byte >= 0x7F || byte == '\\') {
            return false;
        }
    }
    return true;
}

static bool is_web_port(const char *port)
{
    return strcmp(port, "443") == 0 || strcmp(port, "8443") == 0;
}

enum error_code target_check(struct text url, bool local_too, struct target *ret_target,
                             struct error *error)
{
    char copy[TARGET_URL_MAX + 1];
    char address[INET6_ADDRSTRLEN] = "";
    struct parts parts;
    if (url.size == 0 || url.size > TARGET_URL_MAX || !is_printable(url)) {
        return error_set(error, ERROR_INVALID, "must be a URL without spaces, at most %d bytes",
                         (int)TARGET_URL_MAX);
    }
    (void)snprintf(copy, sizeof(copy), "%.*s", TEXT_ARGS(url));
    if (!split(copy, &parts)) {
        return error_set(error, ERROR_INVALID, "must be a URL like https://example.org/hook");
    }
    bool numeric = literal(parts.host, address);
    bool here = numeric ? address_is_loopback(address)
                        : text_equal_ignore_case(text_from(parts.host), TEXT("localhost"));
    bool plain = strcmp(parts.scheme, "http") == 0;
    bool local = here && local_too;
    if (strcmp(parts.scheme, "https") != 0 && !(plain && local)) {
        return error_set(error, ERROR_INVALID, "must start with https://");
    }
    if (parts.has_user || parts.has_fragment) {
        return error_set(error, ERROR_INVALID, "must not hold a user, a password or a fragment");
    }
    if (!local && (here || (numeric && !address_is_public(address)))) {
        return error_set(error, ERROR_INVALID, "must be a public address");
    }
    if (!local && !is_web_port(parts.port)) {
        return error_set(error, ERROR_INVALID, "must use port 443 or 8443");
    }
    *ret_target = (struct target){.plain = plain, .local = local};
    return OK;
}

bool target_address_allowed(void *context, const char *address)
{
    const struct target *target = context;
    return target->local ? address_is_loopback(address) : address_is_public(address);
}
