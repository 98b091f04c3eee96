/* `dripline tick`: one pass of planning and sending, for cron on machines without a running server.
 * What the pass cannot finish waits for the next one. */
#include "cli/cli.h"

#include "cli/cli_local.h"
#include "delivery/delivery.h"
#include "delivery/mailer.h"
#include "delivery/notifier.h"
#include "service/runner.h"
#include "store/store.h"

#include <stdio.h>

/* Webhooks that are due, and mails. What opens alerts is a server's work. */
static enum error_code tell_others(const struct cli *cli, const struct service *service,
                                   struct error *error)
{
    int64_t mails = 0;
    const struct notifier_settings webhooks = {
        .store = service->store,
        .clock = service->clock,
        .master_key = service->master_key,
        .version = service->version,
        .allow_local = cli_value(cli, "--webhooks-allow-local") != NULL,
    };
    const struct mailer_settings mailer = {
        .store = service->store,
        .clock = service->clock,
        .master_key = service->master_key,
    };
    enum error_code code = notifier_tick(&webhooks, error);
    return code == OK ? mailer_tick(&mailer, &mails, error) : code;
}

/* `ret_idle`: what keeps it from sending more. */
static enum error_code tick_once(struct cli *cli, int64_t *ret_sent, enum delivery_idle *ret_idle,
                                 struct error *error)
{
    CLEANUP(cli_local_close) struct cli_local *local = NULL;
    CLEANUP(delivery_free) struct delivery *delivery = NULL;
    enum error_code code = cli_local_open(cli, false, &local, error);
    if (code == OK) {
        code = cli_local_unlock(local, error);
    }
    if (code != OK) {
        return code;
    }
    const struct service *service = cli_local_service(local);
    const struct delivery_settings settings = {
        .store = service->store,
        .clock = service->clock,
        .master_key = service->master_key,
        .hash_key = service->hash_key,
        .allow_plain = true, /* a channel takes http:// only for an address of this machine */
    };
    code = runner_run_once(service, error); /* imports, actions and edits that commands began */
    if (code == OK) {
        code = delivery_new(&settings, &delivery, error);
    }
    if (code == OK) {
        code = delivery_tick(delivery, ret_sent, error);
    }
    if (code == OK) {
        struct delivery_stats stats;
        delivery_stats(delivery, &stats);
        *ret_idle = stats.idle;
    }
    return code == OK ? tell_others(cli, service, error) : code;
}

static int tick(struct cli *cli)
{
    struct error error = {0};
    int64_t sent = 0;
    enum delivery_idle idle = DELIVERY_NOTHING_DUE;
    int64_t holder = store_lock_holder(cli->data);
    if (holder != 0) {
        (void)error_set(&error, ERROR_UNAVAILABLE,
                        "process %lld runs on this directory and sends by itself",
                        (long long)holder);
        return cli_fail(cli, &error);
    }
    if (tick_once(cli, &sent, &idle, &error) != OK) {
        return cli_fail(cli, &error);
    }
    if (cli->json) {
        (void)printf("{\"sent\":%lld}\n", (long long)sent);
    } else {
        (void)printf("sent %lld\n", (long long)sent);
    }
    if (idle != DELIVERY_NOTHING_DUE && idle != DELIVERY_BUSY && idle != DELIVERY_STOPPED) {
        (void)fprintf(stderr, "dripline: %s\n", delivery_idle_sentence(idle));
    }
    return CLI_OK;
}

const struct cli_spec CLI_TICK[] = {
    {.name = "",
     .arguments = "",
     .summary = "go on with long work, send what is due now, tell webhooks, wait for answers, exit",
     .help = "For cron, where no server runs. Status webhooks need a server.",
     .flags = {{"--webhooks-allow-local", NULL, "webhooks may go to this machine; for tests"}},
     .run = tick},
    {0},
};
