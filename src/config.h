#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* Settings of a process: one table in config.c gives each its name, default, limits and help. A
 * flag wins over an environment variable (DRIPLINE_LISTEN), that over the configuration file
 * (`listen = …`), that over the default. What people change while the server runs stands in the
 * database, not here. Only main.c and `serve` see this. */
struct config {
    char *data;
    char *listen;
    char *clock; /* "system" or "manual" */
    char *public_url;
    char *log_level;
    char *log_format; /* "text" or "json" */
    char *master_key_file;
    char *trusted_proxies;
    char *ca_file;
    char *webhooks_allow_local; /* "yes" or "no" */
    int64_t disk_warning_mb;
    int64_t import_max_mb;
    int64_t import_max_rows;
    int64_t rate_limit;
    int64_t anonymous_rate_limit;
    int64_t read_threads;
    int64_t connections;
    int64_t connections_per_address;
    bool help; /* --help was given */
};

/* Reads flags from `arguments` (without the program and command names), the environment, and the
 * file named by --config or, when it exists, `config_default_path`.
 * Errors     ERROR_INVALID: unknown name or bad value, with a finding for each */
MUST_USE enum error_code config_read(int count, char **arguments, struct config *ret_config,
                                     struct error *error);
void config_done(struct config *config);
/* Names on stderr what looks like a setting in the environment but is none: a typo, mostly. */
void config_print_strangers(void);
/* Name of the setting at `index`, without dashes, and its help; NULL behind the last one. */
const char *config_setting(size_t index, const char **ret_help);
/* Writes the table for --help to stdout. */
void config_print_help(void);
