#pragma once

#include "provider/provider_cloud_internal.h"

/* Shared by the files that read Cloud API webhooks only. */

struct webhook_list {
    struct arena *arena;
    struct provider_event *items;
    size_t count;
    size_t capacity;
    struct text account_id; /* of the entry being read */
    int64_t entry_at_ms;
    struct text phone_number_id; /* of the change being read */
};

/* A new event at the end of the list, its ids and time taken from the entry. Valid until the next
 * call. */
struct provider_event *webhook_add(struct webhook_list *list, enum provider_event_kind kind);
/* Unix seconds as integer or text; 0 when absent or senseless. */
int64_t webhook_time_ms(const struct json *value);
uint64_t webhook_digest(const char *kind, struct text a, struct text b, struct text c);
/* For events without an id of their own: everything they say, and when. */
uint64_t webhook_digest_json(const struct webhook_list *list, struct text field,
                             const struct json *value);

void webhook_read_messages(struct webhook_list *list, const struct json *value);
void webhook_read_preferences(struct webhook_list *list, const struct json *value);
/* Adds nothing when `field` is of no use to us. */
void webhook_read_account(struct webhook_list *list, struct text field, const struct json *value);
