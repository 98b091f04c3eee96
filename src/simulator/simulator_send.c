/* POST /{number}/messages: the checks in Meta's order, the fate of the request, and its line in the
 * ledger. What Meta finds out only after its 200 (not on WhatsApp, window closed, marketing
 * stopped) is reported by webhook instead. */
#include "simulator/simulator_send.h"

#include <stdio.h>

enum { WINDOW_MS = 24 * 3600 * 1000, HUGE_BYTES = 1024 * 1024 };

/* What Meta would find out only later; 0 = nothing stands against it. */
static int64_t later_failure(const struct send *send)
{
    const struct person *person = send->person;
    bool template = text_equal(send->type, TEXT("template"));
    bool marketing = template && text_equal(send->category, TEXT("MARKETING"));
    bool open = person->last_inbound_ms > 0 &&
                send->simulator->now_ms - person->last_inbound_ms < WINDOW_MS;
    if (send->fault.kind == FAULT_FAIL) {
        return send->fault.code;
    }
    if (person->off_whatsapp || person->blocked) {
        return 131026;
    }
    if (!template && !open && send->simulator->faults.strict_window) {
        return 131047;
    }
    if (marketing && person->no_marketing) {
        return 131050;
    }
    bool american = send->digits.size == 11 && send->digits.data[0] == '1';
    return marketing && american && send->simulator->faults.us_marketing_refused ? 131049 : 0;
}

/* Brazil's ninth digit goes, Mexico gets its old 1 back. */
static struct text wa_id_of(const struct send *send)
{
    struct text digits = send->digits;
    struct arena *arena = send->simulator->arena;
    if (!send->simulator->faults.rewrite_wa_id) {
        return digits;
    }
    if (digits.size == 13 && text_starts_with(digits, TEXT("55")) && digits.data[4] == '9') {
        return arena_format(arena, "%.4s%.*s", digits.data, TEXT_ARGS(text_skip(digits, 5)));
    }
    if (digits.size == 12 && text_starts_with(digits, TEXT("52"))) {
        return arena_format(arena, "521%.*s", TEXT_ARGS(text_skip(digits, 2)));
    }
    return digits;
}

static void write_success(struct send *send)
{
    struct http_response *response = &send->job->response;
    struct json_writer writer;
    json_writer_init(&writer, &response->body);
    json_object_begin(&writer);
    json_field_chars(&writer, "messaging_product", "whatsapp");
    json_key(&writer, "contacts");
    json_array_begin(&writer);
    json_object_begin(&writer);
    json_field_text(&writer, "input", send->to);
    if (json_get_text(send->json, "to").size > 0) {
        json_field_text(&writer, "wa_id", wa_id_of(send));
    } else {
        json_field_text(&writer, "user_id", send->to);
    }
    json_object_end(&writer);
    json_array_end(&writer);
    json_key(&writer, "messages");
    json_array_begin(&writer);
    json_object_begin(&writer);
    json_field_chars(&writer, "id", send->id);
    if (text_equal(send->type, TEXT("template"))) {
        json_field_chars(&writer, "message_status",
                         send->fault.kind == FAULT_HELD ? "held_for_quality_assessment"
                                                        : "accepted");
    }
    json_object_end(&writer);
    json_array_end(&writer);
    json_object_end(&writer);
    http_response_set_header(response, "Content-Type", TEXT("application/json; charset=UTF-8"));
}

static void accept(struct send *send)
{
    struct simulator *simulator = send->simulator;
    struct world *world = &simulator->world;
    send->accepted = true;
    int64_t number = ++world->message_number;
    world_message_id(send->person->phone, number, false, send->id);
    send->person->last_sent = number;
    send->person->last_number = (size_t)(send->number - world->numbers) + 1;
    write_success(send);
    webhooks_plan_statuses(simulator, send->person, send->number, text_from(send->id), send->token,
                           send->category, later_failure(send),
                           send->fault.kind == FAULT_WEBHOOK_FIRST, send->draw);
}

static void answer_html(struct job *job, int status)
{
    http_response_clear(&job->response);
    job->response.status = status;
    http_response_set_header(&job->response, "Content-Type", TEXT("text/html"));
    buffer_add_format(&job->response.body, "<html><body><h1>%d %s</h1></body></html>\n", status,
                      http_status_text(status));
}

static void answer_cut(struct job *job)
{
    struct text whole = buffer_text(&job->response.body);
    buffer_init(&job->raw, SIMULATOR_BODY_MAX);
    buffer_add_format(&job->raw,
                      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
                      "%zu\r\n\r\n",
                      whole.size);
    buffer_add_text(&job->raw, text_head(whole, whole.size / 2));
    job->answered_by_fault = true;
}

static void answer_body(struct job *job, const char *start, int64_t filler)
{
    http_response_clear(&job->response);
    http_response_set_header(&job->response, "Content-Type", TEXT("application/json"));
    buffer_add_chars(&job->response.body, start);
    for (int64_t i = 0; i < filler; i++) {
        buffer_add_byte(&job->response.body, 'x');
    }
}

/* Changes the answer of a request after its fate is decided. */
static void apply_fault(struct send *send)
{
    struct job *job = send->job;
    const struct fault_rule *fault = &send->fault;
    int status = (int)fault->status;
    const char *title = "Something went wrong";
    switch (fault->kind) {
    case FAULT_NONE:
    case FAULT_FAIL:
    case FAULT_HELD:
    case FAULT_ERROR: /* refused before */
        return;
    case FAULT_SLOW:
    case FAULT_WEBHOOK_FIRST:
        job->answer_delay_ms = fault->ms > 0 ? fault->ms : 200;
        return;
    case FAULT_HANG:
    case FAULT_HANG_BEFORE:
        job->answer_delay_ms = fault->ms > 0 ? fault->ms : send->simulator->faults.hang_ms;
        job->answered_by_fault = true;
        return;
    case FAULT_RESET_BEFORE:
    case FAULT_RESET_AFTER:
        job->answered_by_fault = true;
        job->reset = true;
        return;
    case FAULT_CUT:
        answer_cut(job);
        return;
    case FAULT_STATUS:
    case FAULT_STATUS_AFTER:
        answer_html(job, status);
        return;
    case FAULT_ERROR_AFTER:
        http_response_clear(&job->response);
        (void)graph_code_words(fault->code, &(int){0}, &title);
        graph_error(job, status, fault->code, 0, title, "injected after acceptance");
        return;
    case FAULT_BROKEN_BODY:
        answer_body(job, "{\"messaging_product\":\"whatsapp\",\"messages\":[{\"id\":", 0);
        return;
    case FAULT_HUGE_BODY:
        answer_body(job, "{\"messages\":[{\"id\":\"", fault->bytes > 0 ? fault->bytes : HUGE_BYTES);
        return;
    case FAULT_EMPTY_BODY:
        answer_body(job, "", 0);
        return;
    case FAULT_REDIRECT:
        answer_html(job, 302);
        http_response_set_header(&job->response, "Location", TEXT("https://example.invalid/"));
        return;
    }
}

static bool fault_drops(enum fault_kind kind)
{
    return kind == FAULT_HANG_BEFORE || kind == FAULT_RESET_BEFORE || kind == FAULT_STATUS ||
           kind == FAULT_REDIRECT;
}

static bool check(struct send *send)
{
    struct error error = {0};
    struct json *json = NULL;
    struct text body = send->job->request->body;
    if (json_parse(body, NULL, &json, &error) != OK) {
        return send_refuse(send, 100, "The request body is not valid JSON");
    }
    send->json = json;
    send->token = json_get_text(json, "biz_opaque_callback_data");
    if (!text_equal(json_get_text(json, "messaging_product"), TEXT("whatsapp"))) {
        return send_refuse(send, 100, "The parameter messaging_product is required.");
    }
    if (!send_read_recipient(send)) {
        return false;
    }
    send->fault = faults_choose(&send->simulator->faults, send->digits, body, send->draw);
    bool content_good = send_check_content(send);
    if (fault_drops(send->fault.kind)) {
        return false;
    }
    if (send->fault.kind == FAULT_ERROR) {
        http_response_clear(&send->job->response);
        return send_refuse(send, send->fault.code, "injected");
    }
    return content_good && send_check_limits(send);
}

static void write_ledger(struct send *send)
{
    struct simulator *simulator = send->simulator;
    struct text body = send->job->request->body;
    if (simulator->ledger_file < 0) {
        return;
    }
    struct json_writer writer;
    json_writer_init(&writer, &simulator->ledger);
    json_object_begin(&writer);
    json_field_int64(&writer, "n", ++simulator->ledger_count);
    json_field_time(&writer, "at", simulator->now_ms);
    json_field_int64(&writer, "at_ms", simulator->now_ms);
    json_field_chars(&writer, "peer", send->job->request->peer);
    json_field_chars(&writer, "number", send->number->id);
    json_field_text(&writer, "phone", send->digits);
    json_field_text(&writer, "token", send->token);
    json_field_text(&writer, "type", send->type);
    json_field_text(&writer, "text", send->text);
    json_field_bool(&writer, "accepted", send->accepted);
    json_field_chars(&writer, "id", send->accepted ? send->id : NULL);
    json_field_int64(&writer, "status", send->job->response.status);
    json_field_int64(&writer, "code", send->code);
    json_field_chars(&writer, "fault", fault_kind_to_text(send->fault.kind));
    size_t at = 0;
    if (send->json != NULL && !text_find(body, '\n', &at) && !text_find(body, '\r', &at)) {
        json_field_raw(&writer, "request", body);
    } else {
        json_field_text(&writer, "raw", body);
    }
    json_object_end(&writer);
    buffer_add_byte(&simulator->ledger, '\n');
}

void graph_send(struct simulator *simulator, struct job *job, struct text number_id)
{
    struct send send = {.simulator = simulator, .job = job, .category = TEXT("SERVICE")};
    send.number = world_number(&simulator->world, number_id);
    if (send.number == NULL) {
        graph_error(job, 400, 100, 33, "Unsupported post request", "Object does not exist");
        return;
    }
    simulator->received++;
    if (check(&send)) {
        accept(&send);
    } else if (send.refused) {
        simulator->refused++;
    }
    simulator->accepted += send.accepted ? 1 : 0;
    apply_fault(&send);
    write_ledger(&send);
    if (send.person != NULL) {
        world_remember(&simulator->world, simulator->now_ms, send.person->phone, false,
                       send.accepted, send.id, send.type, send.text,
                       send.json == NULL ? (struct text){0} : job->request->body);
    }
    json_free((struct json *)(uintptr_t)send.json);
}
