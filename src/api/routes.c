/* The table of tables, and the search in it. A pattern is compared part by part: ":name" takes one
 * part, a last "*name" takes all that is left (even nothing), anything else must be equal. More
 * exact tables stand first. */
#include "api/routes.h"
#include "api/api_internal.h"

#include <stdio.h>

static const struct api_route *const tables[] = {
    API_ACCESS_ROUTES,       API_ACTIONS_ROUTES,  API_FACTOR_ROUTES,   API_ALERTS_ROUTES,
    API_METRICS_ROUTES,      API_BATCHES_ROUTES,  API_CHANNELS_ROUTES, API_CONTACTS_ROUTES,
    API_ENROLLMENTS_ROUTES,  API_ENROLL_ROUTES,   API_EVENTS_ROUTES,   API_HEALTH_ROUTES,
    API_LOCAL_ROUTES,        API_OPT_OUTS_ROUTES, API_PREVIEW_ROUTES,  API_SEQUENCES_MORE_ROUTES,
    API_SEQUENCES_ROUTES,    API_QUEUE_ROUTES,    API_SANDBOX_ROUTES,  API_SETTINGS_ROUTES,
    API_STATS_ROUTES,        API_EMAIL_ROUTES,    API_FORMS_ROUTES,    API_PUBLIC_ROUTES,
    API_PUBLIC_PAGES_ROUTES, API_SESSIONS_ROUTES, API_USERS_ROUTES,    API_WEBHOOK_WHATSAPP_ROUTES,
    API_WEBHOOKS_ROUTES,     API_ASSETS_ROUTES, /* last: takes every path that nobody else has */
};

static bool match_path(const struct api_route *route, struct text path, struct route_match *match)
{
    struct text pattern = text_from(route->pattern);
    struct text wanted;
    struct text part;
    size_t count = 0;
    while (text_next(&pattern, '/', &wanted)) {
        if (wanted.size > 0 && wanted.data[0] == '*') {
            match->params[count] = path.data == NULL ? text_make("", 0) : path;
            match->param_count = count + 1;
            return true;
        }
        if (!text_next(&path, '/', &part)) {
            return false;
        }
        if (wanted.size > 0 && wanted.data[0] == ':') {
            if (part.size == 0) {
                return false;
            }
            match->params[count++] = part;
        } else if (!text_equal(wanted, part)) {
            return false;
        }
    }
    match->param_count = count;
    return path.data == NULL;
}

static bool match_method(const struct api_route *route, struct text method)
{
    struct text own = text_from(route->method);
    return text_equal(own, method) ||
           (text_equal(own, TEXT("GET")) && text_equal(method, TEXT("HEAD")));
}

static void add_allowed(struct route_match *match, const char *method)
{
    size_t used = strlen(match->allow);
    if (strstr(match->allow, method) == NULL) {
        (void)snprintf(match->allow + used, sizeof(match->allow) - used, "%s%s%s",
                       used == 0 ? "" : ", ", method, strcmp(method, "GET") == 0 ? ", HEAD" : "");
    }
}

void route_find(struct text method, struct text path, struct route_match *ret_match)
{
    struct route_match found = {0};
    size_t number = 0;
    for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
        for (const struct api_route *route = tables[i]; route->method != NULL; route++) {
            struct route_match match = {.number = ++number};
            if (!match_path(route, path, &match)) {
                continue;
            }
            if (match_method(route, method)) {
                match.route = route;
                *ret_match = match;
                return;
            }
            /* A page's wildcard does not make an unknown API path "known". */
            if (strchr(route->pattern, '*') == NULL) {
                found.path_known = true;
                add_allowed(&found, route->method);
            }
        }
    }
    *ret_match = found;
}

const struct api_route *routes_at(size_t index)
{
    for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
        for (const struct api_route *route = tables[i]; route->method != NULL; route++) {
            if (index-- == 0) {
                return route;
            }
        }
    }
    return NULL;
}
