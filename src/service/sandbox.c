/* Small helps for the endpoints of the simulator and the manual clock: see sandbox.h. */
#include "service/sandbox.h"

#include "base/json.h"
#include "domain/phone.h"
#include "service/settings.h"
#include "service/transaction.h"
#include "store/store_channel.h"
#include "store/store_event.h"

enum error_code sandbox_phone(struct work *work, const char *field, struct text text,
                              int64_t *ret_phone, struct error *error)
{
    struct settings settings;
    struct phone phone;
    enum error_code code = settings_read(work, &settings, error);
    if (code != OK) {
        return code;
    }
    enum phone_verdict verdict = phone_read(text, settings.default_country, &phone);
    if (verdict != PHONE_VALID) {
        return error_field(error, field, "invalid_format", "%s", phone_verdict_to_words(verdict));
    }
    *ret_phone = phone.digits;
    return OK;
}

enum error_code sandbox_number(struct work *work, struct text *ret_number, struct error *error)
{
    struct store_channel *channels = NULL;
    size_t count = 0;
    enum error_code code = store_channel_list(work, &channels, &count, error);
    for (size_t i = 0; i < count && code == OK; i++) {
        if (text_equal(channels[i].provider, TEXT("simulator"))) {
            *ret_number = channels[i].sender_id;
            return OK;
        }
    }
    return code;
}

static enum error_code add_event(struct work *work, void *context, struct error *error)
{
    (void)context;
    struct store_event event = {.type = TEXT("clock.moved")};
    return store_event_add(work, &event, error);
}

enum error_code sandbox_clock_moved(struct service *service, struct error *error)
{
    return service_call(service, add_event, NULL, error);
}

void sandbox_free_json(void *json)
{
    json_free(json);
}
