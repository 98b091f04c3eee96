/* `dripline config check`: would a server start with these settings? Nothing is changed and nothing
 * is opened but files that are only read; a port that is taken may be our own server's. */
#include "cli/cli.h"

#include "base/file.h"
#include "base/mem.h"
#include "cli/serve_parts.h"
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The data directory, or where it would be made. */
static void check_data(const char *data, struct error *error)
{
    CLEANUP(mem_free_char) char *path = mem_copy_text(data);
    struct stat facts;
    while (stat(path, &facts) != 0 && errno == ENOENT) {
        char *slash = strrchr(path, '/');
        if (slash == NULL) {
            mem_free(path);
            path = mem_copy_text(".");
        } else {
            slash[slash == path] = '\0'; /* of "/data" the root stays */
        }
    }
    if (stat(path, &facts) != 0 || access(path, W_OK | X_OK) != 0) {
        (void)error_field(error, "data", "invalid_format", "\"%s\" cannot be written: %s", path,
                          strerror(errno));
    } else if (!S_ISDIR(facts.st_mode)) {
        (void)error_field(error, "data", "invalid_format", "\"%s\" is no directory", path);
    }
}

static void check_key(const char *path, struct error *error)
{
    struct error found = {0};
    if (path[0] != '\0' && serve_key_check(path, &found) != OK) {
        (void)error_field(error, "master-key-file", "invalid_format", "%s", found.message);
    }
}

static enum error_code check(int count, char **arguments, struct config *config,
                             struct error *error)
{
    enum error_code code = config_read(count, arguments, config, error);
    if (code == OK && !config->help) {
        check_data(config->data, error);
        check_key(config->master_key_file, error);
    }
    return code == OK ? error->code : code;
}

int cli_config(int count, char **arguments)
{
    struct cli cli = {.data = "./data"};
    struct config config = {0};
    struct error error = {0};
    char *settings[CLI_ARGUMENTS_MAX];
    int kept = 0;
    if (count < 1 || strcmp(arguments[0], "check") != 0) {
        bool help =
            count > 0 && (strcmp(arguments[0], "--help") == 0 || strcmp(arguments[0], "-h") == 0);
        (void)fprintf(help ? stdout : stderr, "usage: dripline config check [settings]\n");
        return help ? CLI_OK : CLI_USAGE;
    }
    for (int at = 1; at < count && kept < CLI_ARGUMENTS_MAX; at++) {
        if (strcmp(arguments[at], "--json") == 0) {
            cli.json = true;
        } else {
            settings[kept++] = arguments[at];
        }
    }
    if (check(kept, settings, &config, &error) != OK) {
        (void)cli_fail(&cli, &error);
        config_done(&config);
        return CLI_CONFIG;
    }
    if (config.help) {
        config_print_help();
    } else if (cli.json) {
        (void)printf("{\"ok\":true}\n");
    } else {
        config_print_strangers();
        (void)printf("the settings are fine: data %s, listen %s, clock %s\n", config.data,
                     config.listen, config.clock);
    }
    config_done(&config);
    return CLI_OK;
}
