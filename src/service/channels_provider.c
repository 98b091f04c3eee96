/* Asking the provider: whether the connection works, and which templates it knows. The calls wait
 * for the network, so they run on a thread that may wait; what they told is kept in a second step
 * on the writer. */
#include "service/channels_internal.h"

#include "base/clock.h"
#include "delivery/channel_call.h"

enum { PAGES_MAX = 100 };

static enum error_code ask(struct work *work, const struct service *service, int64_t id,
                           struct channel_open *ret_open, struct error *error)
{
    enum error_code code = channels_open(work, service, id, ret_open, error);
    if (code == ERROR_DENIED) {
        return error_set(error, ERROR_CONFLICT,
                         "the channel's secrets cannot be opened with this server's key; enter "
                         "them anew");
    }
    return code;
}

static void digits_only(struct text text, struct arena *arena, struct text *ret_digits)
{
    char *digits = arena_alloc(arena, text.size + 1);
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] >= '0' && text.data[i] <= '9') {
            digits[count++] = text.data[i];
        }
    }
    *ret_digits = text_make(digits, count);
}

static void describe_failure(struct work *work, const struct provider *provider,
                             const struct provider_reply *reply, const struct error *problem,
                             struct channel_test *test)
{
    struct provider_outcome outcome;
    provider->decode_reply(reply, work->arena, &outcome);
    test->message = outcome.title.size > 0 && outcome.has_code
                        ? outcome.title
                        : arena_text(work->arena, text_from(problem->message));
    test->advice = outcome.has_code ? outcome.advice : (struct text){0};
    test->provider_code = outcome.code;
    test->has_provider_code = outcome.has_code;
    test->provider_message = outcome.detail;
}

enum error_code channels_test(struct work *work, const struct service *service, int64_t id,
                              struct channel_test *ret_test, struct error *error)
{
    struct channel_open open;
    struct provider_request request;
    struct provider_reply reply;
    struct error problem = {0};
    struct channel_test test = {0};
    enum error_code code = ask(work, service, id, &open, error);
    if (code != OK) {
        return code;
    }
    int64_t started_us = clock_measure_us();
    open.provider->encode_number(&open.access, work->arena, &request);
    channel_call(&request, channel_url_is_loopback(open.access.base_url), work->arena, &reply);
    test.latency_ms = (clock_measure_us() - started_us) / 1000;
    test.ok = open.provider->decode_number(&reply, work->arena, &test.number, &problem) == OK;
    if (test.ok) {
        test.message = TEXT("The connection works.");
    } else {
        describe_failure(work, open.provider, &reply, &problem, &test);
    }
    *ret_test = test;
    return OK;
}

enum error_code channels_test_keep(struct work *work, int64_t id, const struct channel_test *test,
                                   struct error *error)
{
    struct store_channel channel;
    struct channel_settings settings;
    if (!test->ok) {
        return OK;
    }
    enum error_code code = channel_find(work, id, &channel, error);
    if (code != OK) {
        return code;
    }
    channel_settings_read(channel.settings, work->arena, &settings);
    settings.verified_name = test->number.verified_name;
    settings.display_phone = test->number.display_phone_number;
    channel.settings = channel_settings_write(&settings, work->arena);
    digits_only(test->number.display_phone_number, work->arena, &channel.phone);
    code = store_channel_update(work, &channel, error);
    if (code == OK && test->number.quality_rating.size > 0) {
        code = store_channel_set_quality(work, id, test->number.quality_rating, error);
    }
    /* A tighter limit counts at once; a wider one is left to a person, as with webhooks. */
    int64_t limit = test->number.daily_limit;
    if (code == OK && limit > 0 && (channel.tier_limit == 0 || limit < channel.tier_limit)) {
        code = store_channel_set_tier(work, id, limit, error);
    }
    return code == OK ? channel_changed(work, id, "channel.test", error) : code;
}

enum error_code channels_fetch_templates(struct work *work, const struct service *service,
                                         int64_t id, struct channel_templates *ret_list,
                                         struct error *error)
{
    struct channel_open open;
    struct channel_templates list = {0};
    struct text after = {0};
    enum error_code code = ask(work, service, id, &open, error);
    if (code == OK && open.access.business_account_id.size == 0) {
        return error_set(error, ERROR_CONFLICT,
                         "the channel has no WhatsApp business account id; without it the "
                         "templates cannot be listed");
    }
    for (int i = 0; i < PAGES_MAX && code == OK; i++) {
        struct provider_request request;
        struct provider_reply reply;
        struct provider_template_page page;
        open.provider->encode_templates(&open.access, after, work->arena, &request);
        channel_call(&request, channel_url_is_loopback(open.access.base_url), work->arena, &reply);
        code = open.provider->decode_templates(&reply, work->arena, &page, error);
        if (code != OK) {
            break;
        }
        struct provider_template_info *all =
            arena_array(work->arena, list.count + page.count + 1, sizeof(*all));
        for (size_t n = 0; n < list.count; n++) {
            all[n] = list.templates[n];
        }
        for (size_t n = 0; n < page.count; n++) {
            all[list.count + n] = page.templates[n];
        }
        list.templates = all;
        list.count += page.count;
        after = page.after;
        if (after.size == 0) {
            break;
        }
    }
    if (code == OK) {
        *ret_list = list;
    }
    return code;
}

enum error_code channels_keep_templates(struct work *work, int64_t id,
                                        const struct channel_templates *list, struct error *error)
{
    enum error_code code = OK;
    for (size_t i = 0; i < list->count && code == OK; i++) {
        const struct provider_template_info *info = &list->templates[i];
        struct store_template row = {
            .channel_id = id,
            .name = info->name,
            .language = info->language,
            .status = info->status.size > 0 ? info->status : TEXT("PENDING"),
            .category = info->category.size > 0 ? info->category : TEXT("MARKETING"),
            .quality = info->quality,
            .provider_id = info->id,
            .named = info->named,
            .components = info->components,
        };
        code = store_template_put(work, &row, error);
    }
    if (code == OK) {
        code = store_template_prune(work, id, work->now_ms, error);
    }
    work->wakes |= WORK_WAKE_SETTINGS | WORK_WAKE_DELIVERY;
    return code;
}
