/* The loops of a server, started and stopped in the order in which they need each other: the
 * simulator when nothing real is connected, then the sender, then the runner of long work. */
#include "cli/serve_parts.h"

#include "base/json.h"
#include "base/log.h"
#include "delivery/delivery.h"
#include "delivery/mailer.h"
#include "delivery/notifier.h"
#include "service/alert_watch.h"
#include "service/channels.h"
#include "service/erasures.h"
#include "service/runner.h"
#include "service/settings.h"
#include "service/transaction.h"
#include "simulator/simulator.h"
#include "store/store_channel.h"

#include <stdio.h>

/* ---- the simulator and its channel ---- */

struct channel_facts {
    size_t real;
    size_t simulated;
};

static enum error_code look_at_channels(struct work *work, void *context, struct error *error)
{
    struct channel_facts *facts = context;
    struct store_channel *channels = NULL;
    size_t count = 0;
    enum error_code code = store_channel_list(work, &channels, &count, error);
    for (size_t i = 0; code == OK && i < count; i++) {
        bool simulated = text_equal(channels[i].provider, TEXT("simulator"));
        facts->simulated += simulated;
        facts->real += !simulated;
    }
    return code;
}

/* Until a number is connected, everything can be tried with a channel of the simulator's. */
static enum error_code add_channel(struct work *work, const struct service *service,
                                   struct error *error)
{
    CLEANUP(json_free) struct json *body = NULL;
    int64_t id = 0;
    enum error_code code =
        json_parse(TEXT("{\"name\":\"Simulator\",\"provider\":\"simulator\"}"), NULL, &body, error);
    return code == OK ? channels_create(work, service, body, &id, error) : code;
}

static enum error_code note_address(struct work *work, void *context, struct error *error)
{
    const struct service *service = context;
    enum error_code code = settings_started(work, service->public_url, error);
    work->wakes = 0; /* nobody runs yet who could be woken */
    return code;
}

static enum error_code settle_channels(struct work *work, void *context, struct error *error)
{
    const struct service *service = context;
    struct channel_facts facts = {0};
    enum error_code code = channels_simulator_moved(work, service, error);
    if (code == OK) {
        code = look_at_channels(work, &facts, error);
    }
    if (code == OK && facts.real + facts.simulated == 0) {
        code = add_channel(work, service, error);
    }
    return code;
}

static int control_simulator(void *context, const char *method, struct text path, struct text query,
                             struct text body, struct buffer *answer)
{
    return simulator_control(context, method, path, query, body, answer);
}

static enum error_code start_simulator(struct serve_parts *parts,
                                       const struct serve_parts_settings *settings,
                                       struct error *error)
{
    struct service *service = settings->service;
    struct channel_facts facts = {0};
    enum error_code code = service_call(service, look_at_channels, &facts, error);
    if (code != OK || (facts.real > 0 && facts.simulated == 0)) {
        return code;
    }
    char secret[CHANNELS_SIMULATOR_SECRET_MAX];
    char url[200];
    channels_simulator_secret(service, secret);
    (void)snprintf(url, sizeof(url), "http://%s:%d/webhooks/whatsapp/simulator", settings->host,
                   settings->port);
    struct simulator_settings simulator = {
        .listen = "127.0.0.1:0",
        .webhook_url = url,
        .app_secret = secret,
        .seed = 1,
        .clock = service->clock,
    };
    code = simulator_start(&simulator, &parts->simulator, error);
    if (code != OK) {
        return code;
    }
    service->simulator = (struct service_simulator){
        .context = parts->simulator,
        .base_url = simulator_base_url(parts->simulator),
        .control = control_simulator,
    };
    return service_call(service, settle_channels, service, error);
}

/* ---- all of them ---- */

static enum error_code start_notifier(struct serve_parts *parts,
                                      const struct serve_parts_settings *settings,
                                      struct error *error)
{
    const struct service *service = settings->service;
    struct notifier_settings notifier = {
        .store = service->store,
        .clock = service->clock,
        .master_key = service->master_key,
        .ca_file = settings->ca_file,
        .version = service->version,
        .allow_local = service->webhooks_allow_local,
    };
    return notifier_start(&notifier, &parts->notifier, error);
}

static enum error_code start_mailer(struct serve_parts *parts, const struct service *service,
                                    struct error *error)
{
    const struct mailer_settings mailer = {
        .store = service->store,
        .clock = service->clock,
        .master_key = service->master_key,
        .ca_file = service->ca_file,
    };
    return mailer_start(&mailer, &parts->mailer, error);
}

enum error_code serve_parts_start(struct serve_parts *parts,
                                  const struct serve_parts_settings *settings, struct error *error)
{
    struct service *service = settings->service;
    enum error_code code = service_call(service, note_address, service, error);
    if (code == OK) { /* before anything is sent: this may be a restored backup */
        code = erasures_apply(service, error);
    }
    if (code == OK) {
        code = start_simulator(parts, settings, error);
    }
    if (code == OK) {
        struct delivery_settings delivery = {
            .store = service->store,
            .clock = service->clock,
            .master_key = service->master_key,
            .hash_key = service->hash_key,
            .ca_file = settings->ca_file,
            .allow_plain = true, /* a channel takes http:// only for an address of this machine */
        };
        code = delivery_new(&delivery, &parts->delivery, error);
        service->delivery = parts->delivery;
    }
    if (code == OK) {
        code = delivery_start(parts->delivery, error);
        parts->sending = code == OK;
    }
    if (code == OK) {
        code = start_notifier(parts, settings, error);
    }
    if (code == OK) {
        code = runner_start(service, &parts->runner, error);
        service->runner = parts->runner;
    }
    if (code == OK) {
        code = start_mailer(parts, service, error);
    }
    if (code == OK) {
        code = alert_watch_start(service, &parts->alerts, error);
    }
    return code;
}

void serve_parts_wake(struct serve_parts *parts, unsigned wakes)
{
    if ((wakes & WORK_WAKE_WEBHOOKS) != 0) {
        notifier_wake(parts->notifier, (wakes & WORK_WAKE_SETTINGS) != 0);
    }
    if ((wakes & (WORK_WAKE_DELIVERY | WORK_WAKE_SETTINGS)) != 0) {
        delivery_wake(parts->delivery);
    }
    if ((wakes & WORK_WAKE_RUNNER) != 0) {
        runner_wake(parts->runner);
    }
    if ((wakes & WORK_WAKE_MAIL) != 0) {
        mailer_wake(parts->mailer);
    }
    alert_watch_wake(parts->alerts);
}

void serve_parts_stop(struct serve_parts *parts)
{
    runner_stop(parts->runner);
    parts->runner = NULL;
    if (parts->sending) {
        delivery_stop(parts->delivery);
        parts->sending = false;
    }
    notifier_stop(parts->notifier);
}

void serve_parts_free(struct serve_parts *parts)
{
    alert_watch_stop(parts->alerts);
    mailer_stop(parts->mailer);
    simulator_stop(parts->simulator);
    notifier_free(parts->notifier);
    delivery_free(parts->delivery);
    *parts = (struct serve_parts){0};
}
