#pragma once

#include "base/arena.h"
#include "base/buffer.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/json_writer.h"
#include "base/queue.h"
#include "base/thread.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "simulator/simulator.h"

/* Shared by the simulator's files. Everything here belongs to the simulator thread. */

enum {
    SIMULATOR_BODY_MAX = 4 * 1024 * 1024,
    SIMULATOR_RECENT = 1000,  /* messages kept for people to look at */
    SIMULATOR_ID_MAX = 128,   /* a wamid with its NUL */
    SIMULATOR_POSTS_MAX = 16, /* webhooks under way at once */
    SIMULATOR_NUMBERS_MAX = 64,
};

/* ---- faults ---- */

enum fault_kind {
    FAULT_NONE,
    FAULT_SLOW,          /* accepts, answers after `ms` */
    FAULT_HANG,          /* accepts, never answers (until `ms`, then breaks) */
    FAULT_HANG_BEFORE,   /* drops the message, never answers */
    FAULT_RESET_BEFORE,  /* drops the message, resets the connection */
    FAULT_RESET_AFTER,   /* accepts, resets the connection */
    FAULT_CUT,           /* accepts, half an answer, end */
    FAULT_STATUS,        /* drops the message, plain `status` with HTML */
    FAULT_STATUS_AFTER,  /* accepts, plain `status` with HTML */
    FAULT_ERROR,         /* refuses with `code` in Meta's envelope */
    FAULT_ERROR_AFTER,   /* accepts, yet answers `status` with `code` in the envelope */
    FAULT_BROKEN_BODY,   /* accepts, 200 with broken JSON */
    FAULT_HUGE_BODY,     /* accepts, 200 with a body of `bytes` */
    FAULT_EMPTY_BODY,    /* accepts, 200 with nothing */
    FAULT_REDIRECT,      /* drops the message, 302 */
    FAULT_WEBHOOK_FIRST, /* accepts, reports before it answers */
    FAULT_FAIL,          /* accepts, then reports `failed` with `code` */
    FAULT_HELD,          /* accepts as held_for_quality_assessment */
};
enum { FAULT_KIND_COUNT = FAULT_HELD + 1 };
const char *fault_kind_to_text(enum fault_kind kind);

struct fault_rule {
    enum fault_kind kind;
    int64_t count;     /* times left; -1 = always */
    int64_t per_mille; /* of the requests that match */
    int64_t every;     /* only each n-th match; 0 and 1 = each */
    int64_t seen;      /* matches so far */
    int64_t ms, status, code, bytes;
    char phone[24]; /* whole number, digits; "" = any */
    char phone_suffix[24];
    char match[128]; /* text found anywhere in the body; "" = any */
};

enum { FAULT_RULES_MAX = 64 };
struct faults {
    struct fault_rule rules[FAULT_RULES_MAX];
    size_t rule_count;
    /* Shares of all requests, per mille; each draws on its own. */
    int64_t slow, hang, reset_before, reset_after, server_error, broken_body, refuse;
    int64_t refuse_code, slow_ms, hang_ms;
    /* Webhooks. */
    bool no_webhooks;
    int64_t lost, late, late_ms, repeated, reordered;
    int64_t delay_min_ms, delay_max_ms; /* before each of sent, delivered, read */
    int64_t delivered, read;            /* how many come so far, per mille */
    int64_t batch_max;                  /* statuses per webhook */
    bool no_token_on_failed;
    /* People and limits. */
    int64_t reply, stop; /* answers to a delivered message, per mille */
    bool strict_window;  /* free text only within 24 hours of the person's own message */
    bool strict_templates;
    bool us_marketing_refused;
    bool no_pair_limit;
    bool rewrite_wa_id; /* answer another spelling for Brazil and Mexico, as WhatsApp does */
    int64_t messages_per_second; /* 0 = no limit */
    uint64_t seed;
    char token[256]; /* the only token that is good; "" = any */
};
void faults_init(struct faults *faults, uint64_t seed);
/* Reads the whole settings object; what it does not name takes its default. */
MUST_USE enum error_code faults_read(struct faults *faults, const struct json *json,
                                     struct error *error);
MUST_USE enum error_code faults_read_rules(struct faults *faults, const struct json *rules,
                                           struct error *error);
void faults_write(const struct faults *faults, struct json_writer *writer);
/* What happens to this request. `draw` is a number that the seed and the message decide. */
struct fault_rule faults_choose(struct faults *faults, struct text phone, struct text body,
                                uint64_t draw);
/* True for `per_mille` of all draws; `salt` makes draws of one message independent. */
bool chance(uint64_t draw, uint64_t salt, int64_t per_mille);
int64_t between(uint64_t draw, uint64_t salt, int64_t low, int64_t high);

/* ---- the world ---- */

struct person {
    int64_t phone;
    int64_t last_inbound_ms; /* their last message to us; 0 = never */
    int64_t bucket_at_ms;    /* pair limit: tokens as of that moment */
    double bucket;
    int64_t last_sent;      /* our newest message to them: number of its id; 0 = none */
    int64_t received_count; /* requests for them, for the draw */
    int64_t offline_until_ms;
    size_t last_number; /* index + 1 of the number that wrote last; 0 = none */
    bool off_whatsapp, blocked, no_marketing, no_receipts, hidden_phone;
};

struct number {
    char id[24];
    char account_id[24];
    char phone[24];
    double bucket; /* throughput */
    int64_t bucket_at_ms;
};

/* What a button of a template takes with each send. */
enum template_button {
    TEMPLATE_BUTTON_NONE,        /* no such button */
    TEMPLATE_BUTTON_PLAIN,       /* nothing */
    TEMPLATE_BUTTON_QUICK_REPLY, /* a payload, if the sender likes */
    TEMPLATE_BUTTON_URL,         /* the end of its address */
    TEMPLATE_BUTTON_COPY_CODE,   /* a code */
};
enum { TEMPLATE_BUTTONS = 10 };

struct template
{
    char *name, *language, *category, *status, *components; /* owned */
    int64_t id;
    char *header, *body;              /* owned: their texts with {{places}} */
    char header_format[12];           /* "TEXT", "IMAGE" …; empty without a header */
    int64_t body_count, header_count; /* parameters */
    bool named;
    enum template_button buttons[TEMPLATE_BUTTONS];
};

struct recent {
    int64_t at_ms;
    int64_t phone;
    bool inbound;
    bool accepted;
    char id[SIMULATOR_ID_MAX];
    char *type, *text, *payload; /* owned; payload may be NULL */
};

struct world {
    struct person *persons;
    size_t person_count, person_capacity;
    struct map64 *person_at; /* phone → index + 1 */
    struct number numbers[SIMULATOR_NUMBERS_MAX];
    size_t number_count;
    struct template *templates;
    size_t template_count;
    struct recent recent[SIMULATOR_RECENT];
    size_t recent_next;
    int64_t message_number; /* of the last id given */
    int64_t template_number;
};
void world_init(struct world *world);
void world_done(struct world *world);
/* Valid until the next call that may add a person. */
struct person *world_person(struct world *world, int64_t phone);
/* Found or made; NULL when the id is no decimal number or the table is full. */
struct number *world_number(struct world *world, struct text id);
struct number *world_first_number(struct world *world);
const struct template *world_template(const struct world *world, struct text name,
                                      struct text language, bool *ret_name_known);
/* Adds or replaces by name and language. */
MUST_USE enum error_code world_template_put(struct world *world, const struct json *json,
                                            struct error *error);
void world_template_status(struct world *world, struct text name, struct text language,
                           struct text status);
void world_write_templates(const struct world *world, struct text status, struct text name,
                           size_t skip, size_t limit, struct json_writer *writer, bool *ret_more);
void world_remember(struct world *world, int64_t at_ms, int64_t phone, bool inbound, bool accepted,
                    const char *id, struct text type, struct text text, struct text payload);
void world_write_recent(const struct world *world, int64_t phone, size_t limit,
                        struct json_writer *writer);
/* "wamid." + base64 that holds the phone and the number, as real ones do. */
void world_message_id(int64_t phone, int64_t number, bool inbound, char out[SIMULATOR_ID_MAX]);

/* ---- planned things, ordered by time ---- */

struct timer {
    int64_t due_ms;
    uint64_t order; /* first planned first, among equals */
    void (*run)(struct simulator *simulator, void *context);
    void (*drop)(void *context); /* at the end of the simulator, in place of run */
    void *context;
};
struct timers {
    struct timer *items;
    size_t count, capacity;
    uint64_t order;
};
void timers_add(struct timers *timers, int64_t due_ms,
                void (*run)(struct simulator *simulator, void *context),
                void (*drop)(void *context), void *context);
bool timers_take(struct timers *timers, int64_t now_ms, struct timer *ret_timer);
int64_t timers_next_ms(const struct timers *timers); /* CLOCK_NEVER when empty */
void timers_done(struct timers *timers);

/* ---- webhooks ---- */

struct outgoing; /* a message whose statuses are still to be reported */
struct post;     /* one webhook on its way */

struct webhooks {
    struct post *ready_first, *ready_last; /* waiting for a free slot */
    struct event *due_first, *due_last;    /* to be put into bodies at the end of this round */
    struct post *open[SIMULATOR_POSTS_MAX];
    size_t posts_open;
    int64_t pending; /* planned and not yet answered 200 */
    int64_t posted, failed, lost;
};
/* Plans sent, delivered, read or failed of an accepted message. `fail_code` 0 = none.
 * Takes the draw of the message; `at_once` puts `sent` before the answer. */
void webhooks_plan_statuses(struct simulator *simulator, const struct person *person,
                            const struct number *number, struct text id, struct text token,
                            struct text category, int64_t fail_code, bool at_once, uint64_t draw);
/* A ready-made value for `field`; `owned_value` is freed. */
void webhooks_plan_value(struct simulator *simulator, const struct number *number,
                         const char *field, char *owned_value, int64_t delay_ms);
/* A complete body, posted as it is. */
void webhooks_post_raw(struct simulator *simulator, struct text body);
/* Builds bodies of what came due and posts what fits. */
void webhooks_flush(struct simulator *simulator);
void webhooks_done(struct simulator *simulator);

/* What a person does: appended value JSON for a webhook; returns the inbound wamid. */
struct inbound {
    const char *type; /* "text", "button", "reaction", "image", "interactive" */
    struct text text, payload, name;
    bool with_context;
};
void people_write(struct simulator *simulator, struct person *person, struct number *number,
                  const struct inbound *inbound, int64_t delay_ms, char ret_id[SIMULATOR_ID_MAX]);
void people_preference(struct simulator *simulator, struct person *person, struct number *number,
                       bool stop);
void people_change_number(struct simulator *simulator, struct person *person, struct number *number,
                          int64_t new_phone);

/* ---- requests ---- */

struct job {
    struct queue_link link;
    struct http_request *request; /* NULL: a control call from inside the process */
    struct job *next_answer;
    struct http_response response;
    bool answered_by_fault; /* break instead of respond */
    bool reset;
    struct buffer raw;
    int64_t answer_delay_ms; /* of real time */
    /* control from inside */
    const char *method;
    struct text path, query, body;
    struct gate *done;
};

struct simulator {
    struct simulator_settings settings;
    char *webhook_url, *app_secret, *ledger_path;
    char base_url[64];
    struct http_server *server;
    struct http_client *client;
    struct thread *thread;
    struct queue *queue;
    struct clock *own_clock;
    struct clock *clock;
    struct clock_participant *participant;
    int64_t followed_ms, followed_at_ms; /* follow mode: last header, and our clock then */
    int64_t now_ms;
    struct arena *arena; /* reset after each round */
    struct world world;
    struct faults faults;
    struct webhooks webhooks;
    struct timers timers; /* by now_ms */
    struct timers held;   /* answers held back, by real time */
    struct buffer ledger;
    int ledger_file; /* -1 = none */
    int64_t ledger_count;
    int64_t received, accepted, refused;
    struct job *answers_first, *answers_last; /* leave after the ledger is written */
};

/* Fills job->response (and the ledger) for one request. */
void graph_handle(struct simulator *simulator, struct job *job);
void graph_send(struct simulator *simulator, struct job *job, struct text number_id);
/* Meta's error envelope. */
void graph_error(struct job *job, int status, int64_t code, int64_t subcode, const char *title,
                 const char *details);
/* What Meta says for `code`, as status and title; true when the code is known here. */
bool graph_code_words(int64_t code, int *ret_status, const char **ret_title);
void control_handle(struct simulator *simulator, struct job *job);

void ledger_flush(struct simulator *simulator);
/* Hands the job back to its client once the ledger is written. */
void simulator_answer(struct simulator *simulator, struct job *job);
int64_t simulator_real_ms(void);
