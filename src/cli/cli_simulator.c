/* `dripline simulator`: the fake WhatsApp alone, for trying a server against it from outside. Runs
 * until SIGTERM or SIGINT. */
#include "cli/cli.h"

#include "base/file.h"
#include "base/mem.h"
#include "simulator/simulator.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

enum { FAULTS_MAX = 1024 * 1024 };

/* The value itself when it is JSON, else the content of the file it names. */
static enum error_code read_faults(const char *value, char **ret_faults, struct error *error)
{
    size_t size = 0;
    if (value[0] == '{') {
        *ret_faults = mem_copy_text(value);
        return OK;
    }
    return file_read(value, FAULTS_MAX, ret_faults, &size, error);
}

static enum error_code read_settings(const struct cli *cli, struct simulator_settings *settings,
                                     char **ret_faults, struct error *error)
{
    const char *listen = cli_value(cli, "--listen");
    const char *seed = cli_value(cli, "--seed");
    const char *clock = cli_value(cli, "--clock");
    const char *faults = cli_value(cli, "--faults");
    int64_t number = 1;
    if (seed != NULL && !text_to_int64(text_from(seed), &number)) {
        return error_set(error, ERROR_INVALID, "--seed must be a whole number");
    }
    bool follow = clock != NULL && strcmp(clock, "follow") == 0;
    if (clock != NULL && !follow && strcmp(clock, "system") != 0) {
        return error_set(error, ERROR_INVALID, "--clock must be system or follow");
    }
    *settings = (struct simulator_settings){
        .listen = listen == NULL ? "127.0.0.1:8081" : listen,
        .webhook_url = cli_value(cli, "--webhook-url"),
        .app_secret = cli_value(cli, "--app-secret"),
        .ledger_path = cli_value(cli, "--ledger"),
        .seed = (uint64_t)number,
        .follow_clock = follow,
    };
    if (settings->webhook_url != NULL && settings->app_secret == NULL) {
        return error_set(error, ERROR_INVALID,
                         "--app-secret is needed with --webhook-url: webhooks are signed");
    }
    enum error_code code = OK;
    if (faults != NULL) {
        code = read_faults(faults, ret_faults, error);
        settings->faults = *ret_faults;
    }
    return code;
}

static void wait_for_end(void)
{
    sigset_t signals;
    int received = 0;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)sigwait(&signals, &received);
}

/* Before any thread exists, so that all inherit it and sigwait() gets them. */
static void hold_signals(void)
{
    sigset_t signals;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &signals, NULL);
}

/* A sender may open more connections than the usual 1,024 files. */
static void allow_many_connections(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
}

static int run_simulator(struct cli *cli)
{
    struct error error = {0};
    struct simulator_settings settings;
    CLEANUP(mem_free_char) char *faults = NULL;
    CLEANUP(simulator_stop) struct simulator *simulator = NULL;
    hold_signals();
    allow_many_connections();
    enum error_code code = read_settings(cli, &settings, &faults, &error);
    if (code == OK) {
        code = simulator_start(&settings, &simulator, &error);
    }
    if (code != OK) {
        return cli_fail(cli, &error);
    }
    (void)printf("%s\n", simulator_base_url(simulator));
    (void)fflush(stdout);
    wait_for_end();
    return CLI_OK;
}

const struct cli_spec CLI_SIMULATOR[] = {
    {.name = "",
     .arguments = "",
     .summary = "run the fake WhatsApp until it is ended",
     .help = "It answers like the Cloud API, keeps a ledger of what it received, sends signed\n"
             "webhooks, and misbehaves as --faults asks: a JSON object, or a file that holds one.\n"
             "Connect it as a channel of the provider \"cloud\" with its address as base_url.",
     .flags = {{"--listen", "ADDRESS:PORT", "default 127.0.0.1:8081"},
               {"--webhook-url", "URL", "where statuses and messages go"},
               {"--app-secret", "SECRET", "signs the webhooks"},
               {"--ledger", "FILE", "one JSON line per message received"},
               {"--seed", "N", "the same seed gives the same luck; default 1"},
               {"--clock", "KIND", "system, or follow: the time the sender tells"},
               {"--faults", "JSON|FILE", "what goes wrong, and how often"}},
     .run = run_simulator},
    {0},
};
