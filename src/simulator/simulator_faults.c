/* Misbehaviour: shares of all requests drawn from the seed, and rules for single requests. */
#include "simulator/simulator_internal.h"

#include <stdio.h>

static const struct json_choice KINDS[] = {
    {"none", FAULT_NONE},
    {"slow", FAULT_SLOW},
    {"hang", FAULT_HANG},
    {"hang_before", FAULT_HANG_BEFORE},
    {"reset_before", FAULT_RESET_BEFORE},
    {"reset_after", FAULT_RESET_AFTER},
    {"cut", FAULT_CUT},
    {"status", FAULT_STATUS},
    {"status_after", FAULT_STATUS_AFTER},
    {"error", FAULT_ERROR},
    {"error_after", FAULT_ERROR_AFTER},
    {"broken_body", FAULT_BROKEN_BODY},
    {"huge_body", FAULT_HUGE_BODY},
    {"empty_body", FAULT_EMPTY_BODY},
    {"redirect", FAULT_REDIRECT},
    {"webhook_first", FAULT_WEBHOOK_FIRST},
    {"fail", FAULT_FAIL},
    {"held", FAULT_HELD},
};

const char *fault_kind_to_text(enum fault_kind kind)
{
    return KINDS[kind].name;
}

bool chance(uint64_t draw, uint64_t salt, int64_t per_mille)
{
    return per_mille > 0 &&
           (int64_t)((uint64_t)hash_int64((int64_t)(draw + salt * 0x9E3779B97F4A7C15U)) % 1000U) <
               per_mille;
}

int64_t between(uint64_t draw, uint64_t salt, int64_t low, int64_t high)
{
    uint64_t drawn = (uint64_t)hash_int64((int64_t)(draw + salt * 0x9E3779B97F4A7C15U));
    return high <= low ? low : low + (int64_t)(drawn % (uint64_t)(high - low + 1));
}

void faults_init(struct faults *faults, uint64_t seed)
{
    *faults = (struct faults){
        .refuse_code = 131026,
        .slow_ms = 1000,
        .hang_ms = 600 * 1000,
        .late_ms = 3600 * 1000,
        .delay_min_ms = 20,
        .delay_max_ms = 200,
        .delivered = 1000,
        .read = 1000,
        .batch_max = 50,
        .seed = seed,
    };
}

static void read_delay(struct json_reader *reader, struct faults *faults)
{
    const struct json *delay = json_reader_any(reader, "webhook_delay_ms");
    int64_t low = 0;
    int64_t high = 0;
    if (delay == NULL) {
        return;
    }
    bool good = json_int64(delay, &low);
    high = low;
    if (!good) {
        good = json_count(delay) == 2 && json_int64(json_at(delay, 0), &low) &&
               json_int64(json_at(delay, 1), &high);
    }
    if (!good || low < 0 || high < low) {
        json_reader_fail(reader, "webhook_delay_ms", "wrong_type",
                         "must be milliseconds, or a list of least and most");
        return;
    }
    faults->delay_min_ms = low;
    faults->delay_max_ms = high;
}

static void read_shares(struct json_reader *reader, struct faults *faults)
{
    const struct {
        const char *name;
        int64_t *share;
    } SHARES[] = {
        {"slow_per_mille", &faults->slow},
        {"hang_per_mille", &faults->hang},
        {"reset_before_per_mille", &faults->reset_before},
        {"reset_after_per_mille", &faults->reset_after},
        {"server_error_per_mille", &faults->server_error},
        {"broken_body_per_mille", &faults->broken_body},
        {"refuse_per_mille", &faults->refuse},
        {"lost_webhook_per_mille", &faults->lost},
        {"late_webhook_per_mille", &faults->late},
        {"repeated_webhook_per_mille", &faults->repeated},
        {"reordered_webhook_per_mille", &faults->reordered},
        {"delivered_per_mille", &faults->delivered},
        {"read_per_mille", &faults->read},
        {"reply_per_mille", &faults->reply},
        {"stop_per_mille", &faults->stop},
    };
    for (size_t i = 0; i < ARRAY_SIZE(SHARES); i++) {
        (void)json_reader_int64(reader, SHARES[i].name, 0, 1000, SHARES[i].share);
    }
}

static void read_words(struct json_reader *reader, struct faults *faults)
{
    static const struct json_choice WEBHOOKS[] = {{"all", 0}, {"none", 1}};
    static const struct json_choice WINDOWS[] = {{"open", 0}, {"strict", 1}};
    static const struct json_choice TEMPLATES[] = {{"any", 0}, {"strict", 1}};
    int choice = 0;
    if (json_reader_choice(reader, "webhooks", WEBHOOKS, ARRAY_SIZE(WEBHOOKS), &choice)) {
        faults->no_webhooks = choice == 1;
    }
    if (json_reader_choice(reader, "window", WINDOWS, ARRAY_SIZE(WINDOWS), &choice)) {
        faults->strict_window = choice == 1;
    }
    if (json_reader_choice(reader, "templates", TEMPLATES, ARRAY_SIZE(TEMPLATES), &choice)) {
        faults->strict_templates = choice == 1;
    }
    bool pair_limit = true;
    if (json_reader_bool(reader, "pair_limit", &pair_limit)) {
        faults->no_pair_limit = !pair_limit;
    }
    (void)json_reader_bool(reader, "us_marketing_refused", &faults->us_marketing_refused);
    (void)json_reader_bool(reader, "rewrite_wa_id", &faults->rewrite_wa_id);
    bool token_on_failed = true;
    if (json_reader_bool(reader, "token_on_failed", &token_on_failed)) {
        faults->no_token_on_failed = !token_on_failed;
    }
    struct text token;
    if (json_reader_text(reader, "token", 0, sizeof(faults->token) - 1, &token)) {
        (void)snprintf(faults->token, sizeof(faults->token), "%.*s", TEXT_ARGS(token));
    }
}

enum error_code faults_read(struct faults *faults, const struct json *json, struct error *error)
{
    struct faults fresh;
    struct json_reader reader;
    faults_init(&fresh, faults->seed);
    json_reader_open(&reader, json, NULL, error);
    int64_t seed = 0;
    if (json_reader_int64(&reader, "seed", 0, INT64_MAX, &seed)) {
        fresh.seed = (uint64_t)seed;
    }
    read_shares(&reader, &fresh);
    read_delay(&reader, &fresh);
    read_words(&reader, &fresh);
    (void)json_reader_int64(&reader, "refuse_code", 0, 9999999, &fresh.refuse_code);
    (void)json_reader_int64(&reader, "slow_ms", 0, 3600000, &fresh.slow_ms);
    (void)json_reader_int64(&reader, "hang_ms", 0, 3600000, &fresh.hang_ms);
    (void)json_reader_int64(&reader, "late_ms", 0, INT64_C(31536000000), &fresh.late_ms);
    (void)json_reader_int64(&reader, "webhook_batch", 1, 1000, &fresh.batch_max);
    (void)json_reader_int64(&reader, "messages_per_second", 0, 1000000, &fresh.messages_per_second);
    const struct json *rules = json_reader_any(&reader, "rules");
    if (json_reader_done(&reader) != OK) {
        return ERROR_INVALID;
    }
    if (rules != NULL && faults_read_rules(&fresh, rules, error) != OK) {
        return ERROR_INVALID;
    }
    *faults = fresh;
    return OK;
}

static void copy_text(struct json_reader *reader, const char *name, char *out, size_t size)
{
    struct text text;
    if (json_reader_text(reader, name, 1, size - 1, &text)) {
        (void)snprintf(out, size, "%.*s", TEXT_ARGS(text));
    }
}

static enum error_code read_rule(const struct json *json, const char *path,
                                 struct fault_rule *ret_rule, struct error *error)
{
    struct fault_rule rule = {.count = 1, .per_mille = 1000, .status = 500, .code = 131000};
    struct json_reader reader;
    int kind = FAULT_NONE;
    json_reader_open(&reader, json, path, error);
    if (json_reader_required(&reader, "fault")) {
        (void)json_reader_choice(&reader, "fault", KINDS, ARRAY_SIZE(KINDS), &kind);
    }
    rule.kind = (enum fault_kind)kind;
    (void)json_reader_int64(&reader, "count", -1, INT32_MAX, &rule.count);
    (void)json_reader_int64(&reader, "per_mille", 0, 1000, &rule.per_mille);
    (void)json_reader_int64(&reader, "every", 0, INT32_MAX, &rule.every);
    (void)json_reader_int64(&reader, "ms", 0, 3600000, &rule.ms);
    (void)json_reader_int64(&reader, "status", 200, 599, &rule.status);
    (void)json_reader_int64(&reader, "code", 0, 9999999, &rule.code);
    (void)json_reader_int64(&reader, "bytes", 1, 64 * 1024 * 1024, &rule.bytes);
    copy_text(&reader, "phone", rule.phone, sizeof(rule.phone));
    copy_text(&reader, "phone_suffix", rule.phone_suffix, sizeof(rule.phone_suffix));
    copy_text(&reader, "match", rule.match, sizeof(rule.match));
    if (json_reader_done(&reader) != OK) {
        return ERROR_INVALID;
    }
    *ret_rule = rule;
    return OK;
}

/* One rule, or a list of rules; they are asked in order. */
enum error_code faults_read_rules(struct faults *faults, const struct json *rules,
                                  struct error *error)
{
    size_t count = json_kind(rules) == JSON_ARRAY ? json_count(rules) : 1;
    if (faults->rule_count + count > FAULT_RULES_MAX) {
        return error_set(error, ERROR_TOO_MANY, "the simulator takes %d rules",
                         (int)FAULT_RULES_MAX);
    }
    struct fault_rule read[FAULT_RULES_MAX];
    for (size_t i = 0; i < count; i++) {
        const struct json *rule = json_kind(rules) == JSON_ARRAY ? json_at(rules, i) : rules;
        char path[24];
        (void)snprintf(path, sizeof(path), "rules[%zu]", i);
        if (read_rule(rule, path, &read[i], error) != OK) {
            return ERROR_INVALID;
        }
    }
    memcpy(&faults->rules[faults->rule_count], read, count * sizeof(*read));
    faults->rule_count += count;
    return OK;
}

static void write_shares(const struct faults *faults, struct json_writer *writer)
{
    json_field_int64(writer, "seed", (int64_t)(faults->seed & INT64_MAX));
    json_field_int64(writer, "slow_per_mille", faults->slow);
    json_field_int64(writer, "hang_per_mille", faults->hang);
    json_field_int64(writer, "reset_before_per_mille", faults->reset_before);
    json_field_int64(writer, "reset_after_per_mille", faults->reset_after);
    json_field_int64(writer, "server_error_per_mille", faults->server_error);
    json_field_int64(writer, "broken_body_per_mille", faults->broken_body);
    json_field_int64(writer, "refuse_per_mille", faults->refuse);
    json_field_int64(writer, "refuse_code", faults->refuse_code);
    json_field_int64(writer, "lost_webhook_per_mille", faults->lost);
    json_field_int64(writer, "late_webhook_per_mille", faults->late);
    json_field_int64(writer, "repeated_webhook_per_mille", faults->repeated);
    json_field_int64(writer, "reordered_webhook_per_mille", faults->reordered);
    json_field_int64(writer, "reply_per_mille", faults->reply);
    json_field_int64(writer, "stop_per_mille", faults->stop);
}

void faults_write(const struct faults *faults, struct json_writer *writer)
{
    json_object_begin(writer);
    write_shares(faults, writer);
    json_object_end(writer);
}

static bool rule_matches(const struct fault_rule *rule, struct text phone, struct text body)
{
    size_t at;
    return rule->count != 0 &&
           (rule->phone[0] == '\0' || text_equal(phone, text_from(rule->phone))) &&
           (rule->phone_suffix[0] == '\0' ||
            text_ends_with(phone, text_from(rule->phone_suffix))) &&
           (rule->match[0] == '\0' || text_find_text(body, text_from(rule->match), &at));
}

static struct fault_rule choose_share(const struct faults *faults, uint64_t draw)
{
    const struct {
        int64_t share;
        struct fault_rule rule;
    } SHARES[] = {
        {faults->hang, {.kind = FAULT_HANG, .ms = faults->hang_ms}},
        {faults->reset_before, {.kind = FAULT_RESET_BEFORE}},
        {faults->reset_after, {.kind = FAULT_RESET_AFTER}},
        {faults->server_error,
         {.kind = chance(draw, 90, 500) ? FAULT_STATUS_AFTER : FAULT_STATUS, .status = 502}},
        {faults->broken_body, {.kind = FAULT_BROKEN_BODY}},
        {faults->refuse, {.kind = FAULT_ERROR, .code = faults->refuse_code}},
        {faults->slow, {.kind = FAULT_SLOW, .ms = faults->slow_ms}},
    };
    for (size_t i = 0; i < ARRAY_SIZE(SHARES); i++) {
        if (chance(draw, 10 + i, SHARES[i].share)) {
            return SHARES[i].rule;
        }
    }
    return (struct fault_rule){.kind = FAULT_NONE};
}

struct fault_rule faults_choose(struct faults *faults, struct text phone, struct text body,
                                uint64_t draw)
{
    for (size_t i = 0; i < faults->rule_count; i++) {
        struct fault_rule *rule = &faults->rules[i];
        if (!rule_matches(rule, phone, body)) {
            continue;
        }
        rule->seen++;
        if ((rule->every > 1 && rule->seen % rule->every != 0) ||
            !chance(draw, 50 + i, rule->per_mille)) {
            continue;
        }
        if (rule->count > 0) {
            rule->count--;
        }
        return *rule;
    }
    return choose_share(faults, draw);
}
