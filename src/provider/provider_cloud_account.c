/* The part of webhooks that is about the business: templates, the sending number's limits, and the
 * account's restrictions. */
#include "provider/provider_cloud_webhook.h"

static struct text template_value(const struct json *value, enum provider_event_kind kind)
{
    if (kind == PROVIDER_EVENT_TEMPLATE_QUALITY) {
        return json_get_text(value, "new_quality_score");
    }
    if (kind == PROVIDER_EVENT_TEMPLATE_CATEGORY) {
        return json_get_text(value, "new_category");
    }
    return json_get_text(value, "event");
}

static void read_template(struct webhook_list *list, enum provider_event_kind kind,
                          const struct json *value)
{
    struct text new_value = template_value(value, kind);
    struct text name = json_get_text(value, "message_template_name");
    if (new_value.size == 0 || name.size == 0) {
        return;
    }
    struct provider_event *event = webhook_add(list, kind);
    event->template_id = cloud_text(value, "message_template_id", list->arena);
    event->template_name = name;
    event->template_language =
        cloud_language(json_get_text(value, "message_template_language"), list->arena);
    event->new_value = new_value;
    event->reason = json_get_text(value, "reason");
    event->description = json_get_text(json_get(value, "other_info"), "description");
    event->digest = webhook_digest_json(list, new_value, value);
}

int64_t cloud_read_limit(const struct json *value)
{
    int64_t number = 0;
    struct text text = {0};
    if (cloud_number(value, &number)) {
        return number < 0 ? -1 : number;
    }
    if (!json_text(value, &text) || !text_starts_with(text, TEXT("TIER_"))) {
        return 0;
    }
    text = text_skip(text, 5);
    if (text_equal(text, TEXT("UNLIMITED"))) {
        return -1;
    }
    int64_t factor = 1;
    if (text_ends_with(text, TEXT("K"))) {
        factor = 1000;
        text = text_head(text, text.size - 1);
    }
    return text_to_int64(text, &number) && number > 0 && number < 1000000 ? number * factor : 0;
}

static void read_number_quality(struct webhook_list *list, const struct json *value)
{
    struct provider_event *event = webhook_add(list, PROVIDER_EVENT_NUMBER_QUALITY);
    event->event_name = json_get_text(value, "event");
    event->description = json_get_text(value, "display_phone_number");
    event->daily_limit = cloud_read_limit(json_get(value, "max_daily_conversations_per_business"));
    if (event->daily_limit == 0) {
        event->daily_limit = cloud_read_limit(json_get(value, "current_limit"));
    }
    event->digest = webhook_digest_json(list, TEXT("number_quality"), value);
}

static void read_restrictions(const struct json *value, struct provider_event *event)
{
    const struct json *restrictions = json_get(value, "restriction_info");
    for (size_t i = 0; i < json_count(restrictions); i++) {
        const struct json *restriction = json_at(restrictions, i);
        struct text type = json_get_text(restriction, "restriction_type");
        if (!text_equal(type, TEXT("RESTRICTED_BIZ_INITIATED_MESSAGING"))) {
            continue;
        }
        event->account_effect = PROVIDER_ACCOUNT_HOLD;
        event->description = type;
        event->until_ms = webhook_time_ms(json_get(restriction, "expiration"));
    }
}

static void read_account_update(struct webhook_list *list, const struct json *value)
{
    struct provider_event *event = webhook_add(list, PROVIDER_EVENT_ACCOUNT);
    struct text name = json_get_text(value, "event");
    event->event_name = name;
    event->digest = webhook_digest_json(list, TEXT("account_update"), value);
    struct text ban = json_get_text(json_get(value, "ban_info"), "waba_ban_state");
    if (text_equal(name, TEXT("ACCOUNT_RESTRICTION"))) {
        read_restrictions(value, event);
    } else if (text_equal(name, TEXT("DISABLED_UPDATE"))) {
        event->description = ban;
        if (text_equal(ban, TEXT("REINSTATE"))) {
            event->account_effect = PROVIDER_ACCOUNT_RELEASE;
        } else if (text_equal(ban, TEXT("DISABLE"))) {
            event->account_effect = PROVIDER_ACCOUNT_HOLD;
        }
    } else if (text_equal(name, TEXT("ACCOUNT_DELETED")) ||
               text_equal(name, TEXT("ACCOUNT_OFFBOARDED"))) {
        event->account_effect = PROVIDER_ACCOUNT_HOLD;
    } else if (text_equal(name, TEXT("ACCOUNT_RECONNECTED"))) {
        event->account_effect = PROVIDER_ACCOUNT_RELEASE;
    } else {
        event->description = json_get_text(json_get(value, "violation_info"), "violation_type");
    }
}

static void read_account_alert(struct webhook_list *list, const struct json *value)
{
    const struct json *info = json_get(value, "alert_info");
    struct provider_event *event = webhook_add(list, PROVIDER_EVENT_ACCOUNT_ALERT);
    event->event_name = json_get_text(info, "alert_type");
    event->severity = json_get_text(info, "alert_severity");
    event->new_value = json_get_text(info, "alert_status");
    event->description = json_get_text(info, "alert_description");
    event->digest = webhook_digest_json(list, TEXT("account_alerts"), value);
}

void webhook_read_account(struct webhook_list *list, struct text field, const struct json *value)
{
    if (text_equal(field, TEXT("message_template_status_update"))) {
        read_template(list, PROVIDER_EVENT_TEMPLATE_STATUS, value);
    } else if (text_equal(field, TEXT("message_template_quality_update"))) {
        read_template(list, PROVIDER_EVENT_TEMPLATE_QUALITY, value);
    } else if (text_equal(field, TEXT("template_category_update"))) {
        read_template(list, PROVIDER_EVENT_TEMPLATE_CATEGORY, value);
    } else if (text_equal(field, TEXT("phone_number_quality_update")) ||
               text_equal(field, TEXT("business_capability_update"))) {
        read_number_quality(list, value);
    } else if (text_equal(field, TEXT("account_update"))) {
        read_account_update(list, value);
    } else if (text_equal(field, TEXT("account_alerts"))) {
        read_account_alert(list, value);
    }
}
