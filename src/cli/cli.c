/* The table of commands, and how their arguments are read. */
#include "cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct cli_command CLI_COMMANDS[] = {
    {"serve", "run the server: web UI, API, scheduler and sender", cli_serve, "[settings]", NULL},
    {"tick", "one pass of scheduler and sender, then exit: for cron", NULL, NULL, CLI_TICK},
    {"sequence", "list, show and save sequences", NULL, NULL, CLI_SEQUENCE},
    {"enroll", "enroll one person", NULL, NULL, CLI_ENROLL},
    {"import", "enroll the people of a CSV file", NULL, NULL, CLI_IMPORT},
    {"simulator", "run the fake WhatsApp alone", NULL, NULL, CLI_SIMULATOR},
    {"simulate", "play a sequence for a list of people without sending", NULL, NULL, CLI_SIMULATE},
    {"export", "write campaigns, enrollments and the queue as JSON files", NULL, NULL, CLI_EXPORT},
    {"import-json", "read such JSON files", NULL, NULL, CLI_IMPORT_JSON},
    {"verify", "check that nothing is lost, sent twice or miscounted", NULL, NULL, CLI_VERIFY},
    {"doctor", "check files, disk, clock, limits and database", NULL, NULL, CLI_DOCTOR},
    {"backup", "write a consistent copy of the database", NULL, NULL, CLI_BACKUP},
    {"restore", "put a backup in place of the database", NULL, NULL, CLI_RESTORE},
    {"compact", "write the database anew, without what lies between its rows", NULL, NULL,
     CLI_COMPACT},
    {"release", "let sending go on after a restore or a clock jump", NULL, NULL, CLI_RELEASE},
    {"migrate", "bring the database up to this program's schema", NULL, NULL, CLI_MIGRATE},
    {"user", "add users and set passwords", NULL, NULL, CLI_USER},
    {"key", "create API keys", NULL, NULL, CLI_KEY},
    {"channel", "add and list WhatsApp numbers", NULL, NULL, CLI_CHANNEL},
    {"email", "set up mails about alerts", NULL, NULL, CLI_EMAIL},
    {"master-key", "change the key that seals credentials", NULL, NULL, CLI_MASTER_KEY},
    {"config", "check the settings of a server", cli_config, "check [settings]", NULL},
    {"completion", "print completion rules for a shell", NULL, NULL, CLI_COMPLETION},
    {"man", "print the manual page", NULL, NULL, CLI_MAN},
    {0},
};

/* ---- help ---- */

static void print_usage(FILE *out, const struct cli_command *command, const struct cli_spec *spec)
{
    (void)fprintf(out, "usage: dripline %s%s%s%s%s [options]\n", command->name,
                  spec->name[0] == '\0' ? "" : " ", spec->name,
                  spec->arguments[0] == '\0' ? "" : " ", spec->arguments);
}

static void print_flag(const char *name, const char *value, const char *help)
{
    char left[64];
    (void)snprintf(left, sizeof(left), "%s%s%s", name, value == NULL ? "" : " ",
                   value == NULL ? "" : value);
    (void)printf("  %-24s %s\n", left, help);
}

static int print_spec_help(const struct cli_command *command, const struct cli_spec *spec)
{
    print_usage(stdout, command, spec);
    (void)printf("\n%s\n", spec->summary);
    if (spec->help != NULL) {
        (void)printf("\n%s\n", spec->help);
    }
    (void)printf("\noptions:\n");
    for (size_t at = 0; at < CLI_FLAGS_MAX && spec->flags[at].name != NULL; at++) {
        print_flag(spec->flags[at].name, spec->flags[at].value, spec->flags[at].help);
    }
    print_flag("--data", "DIR", "the data directory (default: ./data)");
    print_flag("--master-key-file", "FILE",
               "where no server runs: the master key, when it is not in the data directory");
    print_flag("--json", NULL, "answer in JSON");
    print_flag("--help", NULL, "this text");
    return CLI_OK;
}

static void print_command_help(FILE *out, const struct cli_command *command)
{
    (void)fprintf(out, "dripline %s: %s\n\n", command->name, command->summary);
    for (const struct cli_spec *spec = command->specs; spec->name != NULL; spec++) {
        (void)fprintf(out, "  %s %s %-20s %s\n", command->name, spec->name, spec->arguments,
                      spec->summary);
    }
}

/* ---- reading ---- */

static int refuse(const struct cli *cli, const char *what, const char *which)
{
    (void)fprintf(stderr, "dripline: %s%s%s\n", what, which == NULL ? "" : " ",
                  which == NULL ? "" : which);
    print_usage(stderr, cli->command, cli->spec);
    return CLI_USAGE;
}

static bool is_flag(const char *argument, const char *name, const char **ret_inline)
{
    size_t size = strlen(name);
    *ret_inline = NULL;
    if (strncmp(argument, name, size) != 0 || (argument[size] != '\0' && argument[size] != '=')) {
        return false;
    }
    *ret_inline = argument[size] == '=' ? argument + size + 1 : NULL;
    return true;
}

/* Reads one flag and its value; advances *at past a value that stands alone. */
static int read_flag(struct cli *cli, int count, char **arguments, int *at)
{
    const char *given = NULL;
    const char *argument = arguments[*at];
    if (is_flag(argument, "--json", &given)) {
        cli->json = true;
        return CLI_OK;
    }
    const struct cli_flag data = {"--data", "DIR", ""};
    const struct cli_flag key = {"--master-key-file", "FILE", ""};
    const struct cli_flag *flag = is_flag(argument, data.name, &given)  ? &data
                                  : is_flag(argument, key.name, &given) ? &key
                                                                        : NULL;
    size_t place = 0;
    for (; flag == NULL && place < CLI_FLAGS_MAX && cli->spec->flags[place].name != NULL; place++) {
        if (is_flag(argument, cli->spec->flags[place].name, &given)) {
            flag = &cli->spec->flags[place];
            break;
        }
    }
    if (flag == NULL) {
        return refuse(cli, "unknown option", argument);
    }
    if (flag->value == NULL) {
        cli->values[place] = "";
        return given == NULL ? CLI_OK : refuse(cli, "no value is taken by", flag->name);
    }
    if (given == NULL && *at + 1 >= count) {
        return refuse(cli, "a value is needed by", flag->name);
    }
    given = given != NULL ? given : arguments[++*at];
    if (flag == &data || flag == &key) {
        *(flag == &data ? &cli->data : &cli->master_key_file) = given;
        return CLI_OK;
    }
    cli->values[place] = given;
    bool last = place + 1 == CLI_FLAGS_MAX || cli->spec->flags[place + 1].name == NULL;
    if (last && cli->many_count < CLI_ARGUMENTS_MAX) {
        cli->many[cli->many_count++] = given;
    }
    return CLI_OK;
}

static int read_all(struct cli *cli, int count, char **arguments)
{
    bool flags = true;
    int code = CLI_OK;
    for (int at = 0; at < count && code == CLI_OK; at++) {
        const char *argument = arguments[at];
        if (flags && strcmp(argument, "--") == 0) {
            flags = false;
        } else if (flags && argument[0] == '-' && argument[1] != '\0') {
            code = read_flag(cli, count, arguments, &at);
        } else if (cli->argument_count < CLI_ARGUMENTS_MAX) {
            cli->arguments[cli->argument_count++] = argument;
        }
    }
    if (code == CLI_OK && cli->argument_count < cli->spec->least) {
        code = refuse(cli, "something is missing:", cli->spec->arguments);
    }
    if (code == CLI_OK && cli->argument_count > cli->spec->most) {
        code = refuse(cli, "too many arguments, from", cli->arguments[cli->spec->most]);
    }
    return code;
}

static bool wants_help(int count, char **arguments)
{
    for (int at = 0; at < count && strcmp(arguments[at], "--") != 0; at++) {
        if (strcmp(arguments[at], "--help") == 0 || strcmp(arguments[at], "-h") == 0) {
            return true;
        }
    }
    return false;
}

int cli_run(const struct cli_command *command, int count, char **arguments)
{
    struct cli cli = {.command = command, .spec = command->specs, .data = "./data"};
    if (command->specs->name[0] != '\0') { /* it has subcommands */
        const char *wanted = count > 0 ? arguments[0] : "";
        while (cli.spec->name != NULL && strcmp(cli.spec->name, wanted) != 0) {
            cli.spec++;
        }
        if (cli.spec->name == NULL) {
            bool help = wants_help(count, arguments);
            if (!help && wanted[0] != '\0') {
                (void)fprintf(stderr, "dripline: there is no command %s %s\n", command->name,
                              wanted);
            }
            print_command_help(help ? stdout : stderr, command);
            return help ? CLI_OK : CLI_USAGE;
        }
        count--;
        arguments++;
    }
    if (wants_help(count, arguments)) {
        return print_spec_help(command, cli.spec);
    }
    int code = read_all(&cli, count, arguments);
    return code == CLI_OK ? cli.spec->run(&cli) : code;
}

const char *cli_master_key_path(const struct cli *cli)
{
    const char *path = cli->master_key_file;
    path = path == NULL ? getenv("DRIPLINE_MASTER_KEY_FILE") : path;
    return path == NULL ? "" : path;
}

const char *cli_value(const struct cli *cli, const char *name)
{
    for (size_t at = 0; at < CLI_FLAGS_MAX && cli->spec->flags[at].name != NULL; at++) {
        if (strcmp(cli->spec->flags[at].name, name) == 0) {
            return cli->values[at];
        }
    }
    CHECK(false); /* the command asks for a flag it does not have */
    return NULL;
}
