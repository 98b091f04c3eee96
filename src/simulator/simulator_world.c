/* The people, numbers, ids and recent messages of the fake WhatsApp. Everybody exists from the
 * first message to them on; only what a test changed about a person makes them different. */
#include "simulator/simulator_internal.h"

#include "base/crypto.h"
#include "base/mem.h"

#include <stdio.h>

enum { PAIR_BURST = 45 };

void world_init(struct world *world)
{
    *world = (struct world){.person_at = map64_new(1024), .template_number = 700000000000000};
    static const char *const TEMPLATES[] = {
        "{\"name\":\"hello\",\"language\":\"en\",\"category\":\"UTILITY\",\"components\":[{"
        "\"type\":\"BODY\",\"text\":\"Hello {{1}}, nice to have you here.\"}]}",
        "{\"name\":\"hello_world\",\"language\":\"en_US\",\"category\":\"UTILITY\",\"components\":["
        "{\"type\":\"BODY\",\"text\":\"Hello World\"}]}",
        "{\"name\":\"welcome_offer\",\"language\":\"en\",\"category\":\"MARKETING\",\"components\":"
        "[{\"type\":\"HEADER\",\"format\":\"TEXT\",\"text\":\"Good to see you, {{1}}\"},{\"type\":"
        "\"BODY\",\"text\":\"Dear {{1}}, your code is {{2}} and it is good for a week.\"},{\"type\""
        ":\"FOOTER\",\"text\":\"Reply STOP to end\"},{\"type\":\"BUTTONS\",\"buttons\":[{\"type\":"
        "\"QUICK_REPLY\",\"text\":\"Stop\"}]}]}",
        "{\"name\":\"appointment\",\"language\":\"en\",\"category\":\"UTILITY\","
        "\"parameter_format\":\"NAMED\",\"components\":[{\"type\":\"BODY\",\"text\":\"Hello {{name"
        "}}, we see you on {{day}} at the clinic.\"}]}",
    };
    for (size_t i = 0; i < ARRAY_SIZE(TEMPLATES); i++) {
        struct json *json = NULL;
        struct error error = {0};
        bool good = json_parse(text_from(TEMPLATES[i]), NULL, &json, &error) == OK &&
                    world_template_put(world, json, &error) == OK;
        json_free(json);
        CHECK(good);
    }
}

static void template_done(struct template *template)
{
    mem_free(template->name);
    mem_free(template->language);
    mem_free(template->category);
    mem_free(template->status);
    mem_free(template->components);
    mem_free(template->header);
    mem_free(template->body);
}

static void recent_done(struct recent *recent)
{
    mem_free(recent->type);
    mem_free(recent->text);
    mem_free(recent->payload);
}

void world_done(struct world *world)
{
    for (size_t i = 0; i < world->template_count; i++) {
        template_done(&world->templates[i]);
    }
    for (size_t i = 0; i < SIMULATOR_RECENT; i++) {
        recent_done(&world->recent[i]);
    }
    mem_free(world->templates);
    mem_free(world->persons);
    map64_free(world->person_at);
}

struct person *world_person(struct world *world, int64_t phone)
{
    int64_t at = 0;
    if (map64_get(world->person_at, phone, &at)) {
        return &world->persons[at - 1];
    }
    if (world->person_count == world->person_capacity) {
        world->person_capacity = world->person_capacity == 0 ? 1024 : world->person_capacity * 2;
        world->persons =
            mem_resize(world->persons, world->person_capacity * sizeof(*world->persons));
    }
    struct person *person = &world->persons[world->person_count++];
    *person = (struct person){.phone = phone, .bucket = PAIR_BURST};
    (void)map64_put(world->person_at, phone, (int64_t)world->person_count);
    return person;
}

static bool is_decimal(struct text text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
    }
    return text.size > 0 && text.size < sizeof(((struct number *)NULL)->id);
}

struct number *world_number(struct world *world, struct text id)
{
    for (size_t i = 0; i < world->number_count; i++) {
        if (text_equal(text_from(world->numbers[i].id), id)) {
            return &world->numbers[i];
        }
    }
    if (!is_decimal(id) || world->number_count == SIMULATOR_NUMBERS_MAX) {
        return NULL;
    }
    struct number *number = &world->numbers[world->number_count];
    *number = (struct number){0};
    (void)snprintf(number->id, sizeof(number->id), "%.*s", TEXT_ARGS(id));
    (void)snprintf(number->account_id, sizeof(number->account_id), "2%.*s",
                   (int)(id.size > 20 ? 20 : id.size), id.data);
    (void)snprintf(number->phone, sizeof(number->phone), "1555%07d",
                   (int)(hash_text(id) % 10000000U));
    world->number_count++;
    return number;
}

struct number *world_first_number(struct world *world)
{
    return world->number_count > 0 ? &world->numbers[0] : world_number(world, TEXT("1000000001"));
}

void world_message_id(int64_t phone, int64_t number, bool inbound, char out[SIMULATOR_ID_MAX])
{
    char digits[24];
    char raw[64];
    int phone_size = snprintf(digits, sizeof(digits), "%lld", (long long)phone);
    int size =
        snprintf(raw, sizeof(raw), "\x1c\x18%c%s\x15\x02%c\x11\x18\x12%018llX", (char)phone_size,
                 digits, inbound ? '\x12' : '\x11', (unsigned long long)number);
    memcpy(out, "wamid.", 6);
    size_t encoded = crypto_base64(raw, (size_t)size, out + 6);
    out[6 + encoded] = '\0';
}

void world_remember(struct world *world, int64_t at_ms, int64_t phone, bool inbound, bool accepted,
                    const char *id, struct text type, struct text text, struct text payload)
{
    struct recent *recent = &world->recent[world->recent_next++ % SIMULATOR_RECENT];
    recent_done(recent);
    *recent = (struct recent){
        .at_ms = at_ms,
        .phone = phone,
        .inbound = inbound,
        .accepted = accepted,
        .type = mem_copy(type.data == NULL ? "" : type.data, type.size + 1),
        .text = mem_copy(text.data == NULL ? "" : text.data, text.size + 1),
        .payload = payload.size == 0 ? NULL : mem_copy(payload.data, payload.size + 1),
    };
    recent->type[type.size] = '\0';
    recent->text[text.size] = '\0';
    if (recent->payload != NULL) {
        recent->payload[payload.size] = '\0';
    }
    (void)snprintf(recent->id, sizeof(recent->id), "%s", id);
}

static void write_recent(const struct recent *recent, struct json_writer *writer)
{
    char digits[24];
    (void)snprintf(digits, sizeof(digits), "%lld", (long long)recent->phone);
    json_object_begin(writer);
    json_field_chars(writer, "id", recent->id);
    json_field_time(writer, "at", recent->at_ms);
    json_field_chars(writer, "phone", digits);
    json_field_chars(writer, "direction", recent->inbound ? "in" : "out");
    json_field_bool(writer, "accepted", recent->accepted);
    json_field_chars(writer, "type", recent->type);
    json_field_chars(writer, "text", recent->text);
    if (recent->payload != NULL) {
        json_field_raw(writer, "payload", text_from(recent->payload));
    }
    json_object_end(writer);
}

void world_write_recent(const struct world *world, int64_t phone, size_t limit,
                        struct json_writer *writer)
{
    size_t kept = world->recent_next < SIMULATOR_RECENT ? world->recent_next : SIMULATOR_RECENT;
    size_t written = 0;
    for (size_t i = 1; i <= kept && written < limit; i++) {
        const struct recent *recent = &world->recent[(world->recent_next - i) % SIMULATOR_RECENT];
        if (phone == 0 || recent->phone == phone) {
            write_recent(recent, writer);
            written++;
        }
    }
}
