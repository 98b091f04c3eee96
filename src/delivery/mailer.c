/* The thread behind mailer.h, and what one mail's end means. While the server cannot be reached,
 * the other mails wait for the next try of the first. */
#include "delivery/mailer.h"

#include "base/clock.h"
#include "base/instant.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/queue.h"
#include "base/thread.h"
#include "delivery/mail_settings.h"
#include "store/store.h"
#include "store/store_mail.h"

#include <stdatomic.h>
#include <stdio.h>

enum { REST_MS = 30000, REST_MANUAL_MS = 1000, FAILED_REST_MS = 5000, TICK_MAILS = 1000 };

/* Between tries, in minutes; about a day in all. */
static const int64_t RETRY_MINUTES[] = {1, 2, 5, 15, 30, 60, 120, 240, 480, 480};

int64_t mailer_retry_ms(int64_t attempts)
{
    return attempts >= 1 && (size_t)attempts <= ARRAY_SIZE(RETRY_MINUTES)
               ? RETRY_MINUTES[attempts - 1] * MS_PER_MINUTE
               : -1;
}

struct mailer {
    struct mailer_settings settings;
    struct queue *queue;
    struct thread *thread;
    struct arena *arena; /* of one round */
    struct db *db;
    atomic_bool wake_waits; /* a wake is queued already */
    atomic_bool stopping;
    bool recovered;
    int64_t hold_until_ms; /* the server could not be reached */
    int64_t sent;
    /* Of the mail on its way; the writer's jobs read and fill them. */
    struct mail_settings how;
    struct store_mail mail;
    bool has_mail;
};

/* ---- writer jobs; this thread waits for each ---- */

static enum error_code recover(struct work *work, void *context UNUSED, struct error *error)
{
    return store_mail_recover(work, error);
}

/* Everything it finds out outlives the job: it is kept in the mailer's arena. */
static enum error_code claim(struct work *work, void *context, struct error *error)
{
    struct mailer *mailer = context;
    struct arena *work_arena = work->arena;
    work->arena = mailer->arena;
    mailer->has_mail = false;
    enum error_code code =
        mail_settings_read(work, mailer->settings.master_key, &mailer->how, error);
    if (code == OK && mailer->how.enabled) {
        code = store_mail_claim(work, &mailer->mail, &mailer->has_mail, error);
    }
    work->arena = work_arena;
    return code;
}

static enum error_code begin_data(struct work *work, void *context, struct error *error)
{
    const struct mailer *mailer = context;
    return store_mail_begin_data(work, mailer->mail.id, error);
}

static enum error_code settle(struct work *work, void *context, struct error *error)
{
    const struct mailer *mailer = context;
    return store_mail_settle(work, &mailer->mail, error);
}

static bool ask_writer(struct mailer *mailer,
                       enum error_code (*run)(struct work *work, void *context,
                                              struct error *error))
{
    struct error error = {0};
    if (writer_do(store_writer(mailer->settings.store), run, mailer, &error) != OK) {
        log_error("mail.queue_failed", &error);
        return false;
    }
    return true;
}

/* ---- one mail ---- */

static bool before_data(void *context)
{
    return ask_writer(context, begin_data);
}

static bool give_up(void *context)
{
    struct mailer *mailer = context;
    return atomic_load(&mailer->stopping);
}

static struct text words_of(struct arena *arena, const struct smtp_result *result)
{
    bool answered = result->answer[0] != '\0' && result->code >= 400;
    return arena_format(arena, "%s: %s%s%s%s", smtp_stage_to_text(result->stage), result->message,
                        answered ? " (" : "", answered ? result->answer : "", answered ? ")" : "");
}

static void judge(struct mailer *mailer, const struct smtp_result *result)
{
    struct store_mail *mail = &mailer->mail;
    int64_t now_ms = clock_now_ms(mailer->settings.clock);
    int64_t wait_ms = mailer_retry_ms(mail->attempts);
    mail->next_at_ms = now_ms;
    mail->error = result->outcome == SMTP_ACCEPTED ? TEXT("") : words_of(mailer->arena, result);
    switch (result->outcome) {
    case SMTP_ACCEPTED:
        mail->state = MAIL_SENT;
        mailer->sent++;
        break;
    case SMTP_REFUSED:
        mail->state = MAIL_GIVEN_UP;
        break;
    case SMTP_UNKNOWN:
        mail->state = MAIL_UNKNOWN;
        break;
    case SMTP_LATER:
        mail->state = wait_ms < 0 ? MAIL_GIVEN_UP : MAIL_WAITING;
        mail->next_at_ms = now_ms + (atomic_load(&mailer->stopping) ? 0 : wait_ms);
        break;
    }
    mail->ended_at_ms = mail->state == MAIL_WAITING ? 0 : now_ms;
    bool unreachable = result->outcome == SMTP_LATER && result->stage < SMTP_STAGE_ENVELOPE;
    mailer->hold_until_ms = unreachable ? mail->next_at_ms : 0;
    if (result->outcome == SMTP_ACCEPTED) {
        log_event(LOG_INFO, "mail.sent", "mail=%lld attempt=%lld", (long long)mail->id,
                  (long long)mail->attempts);
    } else {
        log_event(LOG_WARNING, "mail.not_sent", "mail=%lld attempt=%lld stage=%s code=%d",
                  (long long)mail->id, (long long)mail->attempts, smtp_stage_to_text(result->stage),
                  result->code);
    }
}

/* True when a mail was tried, so that there may be another. */
static bool send_one(struct mailer *mailer)
{
    struct smtp_result result = {0};
    if (!ask_writer(mailer, claim) || !mailer->has_mail) {
        return false;
    }
    const struct mail_sender sender = {
        .ca_file = mailer->settings.ca_file,
        .install_id = text_from(store_identity(mailer->settings.store)->install_id),
        .now_ms = clock_now_ms(mailer->settings.clock),
        .before_data = before_data,
        .give_up = give_up,
        .context = mailer,
    };
    mail_settings_send(&mailer->how, &sender, &mailer->mail, mailer->arena, &result);
    judge(mailer, &result);
    return ask_writer(mailer, settle) && mailer->hold_until_ms == 0;
}

/* ---- the loop ---- */

/* When there is something to do: reads only, so that the writer is asked for nothing while no mail
 * waits. */
static int64_t wait_ms(struct mailer *mailer)
{
    struct error error = {0};
    int64_t next_at_ms = 0;
    int64_t now_ms = clock_now_ms(mailer->settings.clock);
    int64_t rest_ms = clock_is_manual(mailer->settings.clock) ? REST_MANUAL_MS : REST_MS;
    struct mail_settings how = {0};
    struct work work = {.arena = mailer->arena, .db = mailer->db, .now_ms = now_ms};
    enum error_code code = store_mail_next(&work, &next_at_ms, &error);
    if (code == OK && next_at_ms != 0) {
        code = mail_settings_read(&work, (struct text){0}, &how, &error);
    }
    if (code != OK) {
        log_error("mail.queue_failed", &error);
        return FAILED_REST_MS;
    }
    if (next_at_ms == 0 || !how.enabled) {
        return rest_ms;
    }
    next_at_ms = next_at_ms > mailer->hold_until_ms ? next_at_ms : mailer->hold_until_ms;
    int64_t until_ms = next_at_ms - now_ms;
    return until_ms <= 0 ? 0 : until_ms < rest_ms ? until_ms : rest_ms;
}

static void take_wakes(struct queue_link *link)
{
    while (link != NULL) {
        struct queue_link *next = link->next;
        mem_free(link);
        link = next;
    }
}

static void run(void *context)
{
    struct mailer *mailer = context;
    int64_t rest_ms = 0;
    while (!atomic_load(&mailer->stopping)) {
        struct queue_link *wakes = queue_wait_all(mailer->queue, rest_ms);
        /* Whoever wakes us may have put right why the server could not be reached. */
        mailer->hold_until_ms = wakes != NULL ? 0 : mailer->hold_until_ms;
        take_wakes(wakes);
        atomic_store(&mailer->wake_waits, false);
        mailer->recovered = mailer->recovered || ask_writer(mailer, recover);
        rest_ms = mailer->recovered ? wait_ms(mailer) : FAILED_REST_MS;
        arena_reset(mailer->arena);
        while (rest_ms == 0 && !atomic_load(&mailer->stopping) && send_one(mailer)) {
            arena_reset(mailer->arena);
        }
        arena_reset(mailer->arena);
        /* After a failure of our own database the loop must not spin. */
        rest_ms = rest_ms == 0 ? (mailer->has_mail ? wait_ms(mailer) : REST_MANUAL_MS) : rest_ms;
        arena_reset(mailer->arena);
    }
}

static void push_wake(struct mailer *mailer)
{
    struct queue_link *link = mem_zalloc(sizeof(*link));
    if (!queue_push(mailer->queue, link)) {
        mem_free(link);
    }
}

void mailer_wake(struct mailer *mailer)
{
    if (mailer != NULL && !atomic_exchange(&mailer->wake_waits, true)) {
        push_wake(mailer);
    }
}

/* ---- life ---- */

static void mailer_free(struct mailer *mailer)
{
    queue_close(mailer->queue);
    take_wakes(queue_pop_all(mailer->queue));
    queue_free(mailer->queue);
    db_close(mailer->db);
    arena_free(mailer->arena);
    mem_free(mailer);
}

static enum error_code open_mailer(const struct mailer_settings *settings,
                                   struct mailer **ret_mailer, struct error *error)
{
    struct mailer *mailer = mem_zalloc(sizeof(*mailer));
    mailer->settings = *settings;
    mailer->arena = arena_new();
    mailer->queue = queue_new(NULL, NULL);
    enum error_code code = store_reader_open(settings->store, &mailer->db, error);
    if (code != OK) {
        mailer_free(mailer);
        return code;
    }
    *ret_mailer = mailer;
    return OK;
}

enum error_code mailer_start(const struct mailer_settings *settings, struct mailer **ret_mailer,
                             struct error *error)
{
    struct mailer *mailer = NULL;
    enum error_code code = open_mailer(settings, &mailer, error);
    if (code == OK) {
        code = thread_start("mailer", run, mailer, &mailer->thread, error);
        if (code != OK) {
            mailer_free(mailer);
            return code;
        }
        *ret_mailer = mailer;
    }
    return code;
}

void mailer_stop(struct mailer *mailer)
{
    if (mailer != NULL) {
        atomic_store(&mailer->stopping, true);
        push_wake(mailer);
        thread_join(mailer->thread);
        mailer_free(mailer);
    }
}

enum error_code mailer_tick(const struct mailer_settings *settings, int64_t *ret_sent,
                            struct error *error)
{
    struct mailer *mailer = NULL;
    enum error_code code = open_mailer(settings, &mailer, error);
    if (code != OK) {
        return code;
    }
    code = writer_do(store_writer(settings->store), recover, mailer, error);
    for (int i = 0; code == OK && i < TICK_MAILS && wait_ms(mailer) == 0; i++) {
        bool sent = send_one(mailer);
        arena_reset(mailer->arena);
        if (!sent) {
            break;
        }
    }
    *ret_sent = mailer->sent;
    mailer_free(mailer);
    return code;
}
