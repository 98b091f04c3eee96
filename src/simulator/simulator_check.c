/* The checks of a send in Meta's order, each with Meta's code: what is wrong with the recipient,
 * the content and the rates. Templates: simulator_check_template.c. */
#include "simulator/simulator_send.h"

enum {
    TEXT_MAX = 4096,
    CAPTION_MAX = 1024,
    TOKEN_MAX = 512,
    PAIR_BURST = 45,
    PAIR_REFILL_MS = 6000,
};

bool send_refuse(struct send *send, int64_t code, const char *details)
{
    int status = 400;
    const char *title = "Invalid parameter";
    (void)graph_code_words(code, &status, &title);
    graph_error(send->job, status, code, 0, title, details);
    send->code = code;
    send->refused = true;
    return false;
}

/* Digits of "+49 (151) 234"; false when other characters stand there. */
static bool phone_digits(struct arena *arena, struct text to, struct text *ret_digits)
{
    char *digits = arena_alloc(arena, to.size + 1);
    size_t count = 0;
    for (size_t i = 0; i < to.size; i++) {
        char c = to.data[i];
        if (c >= '0' && c <= '9') {
            digits[count++] = c;
        } else if (c != '+' && c != '-' && c != ' ' && c != '(' && c != ')') {
            return false;
        }
    }
    *ret_digits = text_make(digits, count);
    return count >= 5 && count <= 15;
}

bool send_read_recipient(struct send *send)
{
    struct text to = json_get_text(send->json, "to");
    struct text recipient = json_get_text(send->json, "recipient");
    size_t dot = 0;
    int64_t phone = 0;
    if (to.size == 0 && recipient.size == 0) {
        return send_refuse(send, 100, "The parameter to is required.");
    }
    send->to = to.size > 0 ? to : recipient;
    if (to.size == 0 && text_find(recipient, '.', &dot)) {
        to = text_skip(recipient, dot + 1);
    }
    if (!phone_digits(send->simulator->arena, to, &send->digits) ||
        !text_to_int64(send->digits, &phone)) {
        return send_refuse(send, 131009, "Recipient phone number not in a valid format");
    }
    send->person = world_person(&send->simulator->world, phone);
    send->draw = (uint64_t)hash_int64(phone) ^ send->simulator->faults.seed;
    send->draw = (uint64_t)hash_int64((int64_t)send->draw + send->person->received_count++);
    return true;
}

static bool check_text(struct send *send)
{
    struct text body = json_get_text(json_get(send->json, "text"), "body");
    send->text = body;
    if (body.size == 0) {
        return send_refuse(send, 131008, "text.body is required");
    }
    return text_utf16_length(body) <= TEXT_MAX ||
           send_refuse(send, 131009, "text.body is longer than 4096 characters");
}

static bool check_media(struct send *send, const char *type)
{
    const struct json *media = json_get(send->json, type);
    struct text link = json_get_text(media, "link");
    struct text caption = json_get_text(media, "caption");
    send->text = caption.size > 0 ? caption : link;
    if (json_kind(media) != JSON_OBJECT) {
        return send_refuse(send, 131008, "the media object is required");
    }
    bool has_id = json_get(media, "id") != NULL;
    if (has_id == (link.size > 0)) {
        return send_refuse(send, 131009, "exactly one of id and link is required");
    }
    if (!has_id && !text_starts_with(link, TEXT("http://")) &&
        !text_starts_with(link, TEXT("https://"))) {
        return send_refuse(send, 131009, "link must start with http:// or https://");
    }
    bool no_caption =
        text_equal(text_from(type), TEXT("audio")) || text_equal(text_from(type), TEXT("sticker"));
    if (caption.size > 0 && no_caption) {
        return send_refuse(send, 100, "caption is not allowed for this type");
    }
    return text_utf16_length(caption) <= CAPTION_MAX ||
           send_refuse(send, 131009, "caption is longer than 1024 characters");
}

bool send_check_content(struct send *send)
{
    static const char *const MEDIA[] = {"image", "video", "document", "audio", "sticker"};
    send->type = json_get_text(send->json, "type");
    if (send->type.size == 0) {
        send->type = TEXT("text");
    }
    if (json_get_text(send->json, "biz_opaque_callback_data").size > TOKEN_MAX) {
        return send_refuse(send, 100, "biz_opaque_callback_data is longer than 512 characters");
    }
    if (text_equal(send->type, TEXT("text"))) {
        return check_text(send);
    }
    for (size_t i = 0; i < ARRAY_SIZE(MEDIA); i++) {
        if (text_equal(send->type, text_from(MEDIA[i]))) {
            return check_media(send, MEDIA[i]);
        }
    }
    if (text_equal(send->type, TEXT("template")) || text_equal(send->type, TEXT("interactive"))) {
        return json_kind(json_get(send->json, arena_chars(send->simulator->arena, send->type))) ==
                   JSON_OBJECT ||
               send_refuse(send, 131008, "the object named by type is required");
    }
    return send_refuse(send, 131051, "Unsupported message type");
}

/* Takes one token of a bucket that refills with time. */
static bool take(double *bucket, int64_t *at_ms, int64_t now_ms, double capacity,
                 double per_millisecond)
{
    if (*at_ms == 0) {
        *bucket = capacity;
    } else if (now_ms > *at_ms) {
        *bucket += (double)(now_ms - *at_ms) * per_millisecond;
    }
    *bucket = *bucket > capacity ? capacity : *bucket;
    *at_ms = now_ms;
    if (*bucket < 1.0) {
        return false;
    }
    *bucket -= 1.0;
    return true;
}

bool send_check_limits(struct send *send)
{
    struct simulator *simulator = send->simulator;
    int64_t rate = simulator->faults.messages_per_second;
    if (text_equal(send->digits, text_from(send->number->phone))) {
        return send_refuse(send, 131021, "Recipient phone number cannot be the sender");
    }
    if (rate > 0 && !take(&send->number->bucket, &send->number->bucket_at_ms, simulator->now_ms,
                          (double)rate, (double)rate / 1000.0)) {
        return send_refuse(send, 130429, "Cloud API message throughput has been reached.");
    }
    if (!simulator->faults.no_pair_limit &&
        !take(&send->person->bucket, &send->person->bucket_at_ms, simulator->now_ms, PAIR_BURST,
              1.0 / PAIR_REFILL_MS)) {
        return send_refuse(send, 131056,
                           "Too many messages sent from this phone number to the same "
                           "recipient");
    }
    return !text_equal(send->type, TEXT("template")) || send_check_template(send);
}
