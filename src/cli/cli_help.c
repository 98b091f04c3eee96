/* `dripline completion`, `man`: what the tables of settings and commands say about themselves. */
#include "cli/cli.h"

#include "config.h"

#include <stdio.h>
#include <string.h>

/* ---- completion ---- */

static void print_words(const struct cli_spec *spec, const char *separator)
{
    for (size_t at = 0; at < CLI_FLAGS_MAX && spec->flags[at].name != NULL; at++) {
        (void)printf("%s%s", spec->flags[at].name, separator);
    }
    (void)printf("--data%s--master-key-file%s--json%s--help", separator, separator, separator);
}

/* What commands without a table of their own take: the settings of a server. */
static void complete_settings(const struct cli_command *command)
{
    const char *help = NULL;
    const char *name = NULL;
    (void)printf("    \"%s \"*) words=\"%s--config", command->name,
                 strcmp(command->name, "config") == 0 ? "check " : "");
    for (size_t at = 0; (name = config_setting(at, &help)) != NULL; at++) {
        (void)printf(" --%s", name);
    }
    (void)printf(" --help\" ;;\n");
}

static void complete_bash(void)
{
    (void)printf("_dripline() {\n"
                 "  local word=\"${COMP_WORDS[COMP_CWORD]}\" words=\"\"\n"
                 "  case \"${COMP_WORDS[1]} ${COMP_WORDS[2]}\" in\n");
    for (const struct cli_command *command = CLI_COMMANDS; command->name != NULL; command++) {
        if (command->specs == NULL) {
            complete_settings(command);
            continue;
        }
        for (const struct cli_spec *spec = command->specs; spec->name != NULL; spec++) {
            bool plain = spec->name[0] == '\0';
            (void)printf("    \"%s %s\"%s) words=\"", command->name, spec->name, plain ? "*" : "");
            print_words(spec, " ");
            (void)printf("\" ;;\n");
        }
        if (command->specs->name[0] != '\0') {
            (void)printf("    \"%s \"*) words=\"", command->name);
            for (const struct cli_spec *spec = command->specs; spec->name != NULL; spec++) {
                (void)printf("%s ", spec->name);
            }
            (void)printf("\" ;;\n");
        }
    }
    (void)printf("  esac\n  if [ \"$COMP_CWORD\" = 1 ]; then\n    words=\"");
    for (const struct cli_command *command = CLI_COMMANDS; command->name != NULL; command++) {
        (void)printf("%s ", command->name);
    }
    (void)printf("version\"\n  fi\n"
                 "  COMPREPLY=($(compgen -f -W \"$words\" -- \"$word\"))\n"
                 "}\n"
                 "complete -o filenames -F _dripline dripline\n");
}

static void complete_fish(void)
{
    for (const struct cli_command *command = CLI_COMMANDS; command->name != NULL; command++) {
        (void)printf("complete -c dripline -n __fish_use_subcommand -a %s -d '%s'\n", command->name,
                     command->summary);
        const char *help = NULL;
        const char *name = NULL;
        for (size_t at = 0; command->specs == NULL && (name = config_setting(at, &help)) != NULL;
             at++) {
            (void)printf(
                "complete -c dripline -n '__fish_seen_subcommand_from %s' -l %s -d \"%s\"\n",
                command->name, name, help);
        }
        for (const struct cli_spec *spec = command->specs; spec != NULL && spec->name != NULL;
             spec++) {
            if (spec->name[0] != '\0') {
                (void)printf("complete -c dripline -n '__fish_seen_subcommand_from %s' -a %s\n",
                             command->name, spec->name);
            }
            for (size_t at = 0; at < CLI_FLAGS_MAX && spec->flags[at].name != NULL; at++) {
                (void)printf("complete -c dripline -n '__fish_seen_subcommand_from %s' -l %s\n",
                             command->name, spec->flags[at].name + 2);
            }
        }
    }
}

static int completion(struct cli *cli)
{
    const char *shell = cli->arguments[0];
    if (strcmp(shell, "bash") == 0) {
        complete_bash();
    } else if (strcmp(shell, "zsh") == 0) {
        (void)printf("autoload -U +X bashcompinit && bashcompinit\n");
        complete_bash();
    } else if (strcmp(shell, "fish") == 0) {
        complete_fish();
    } else {
        (void)fprintf(stderr, "dripline: there are rules for bash, zsh and fish\n");
        return CLI_USAGE;
    }
    return CLI_OK;
}

const struct cli_spec CLI_COMPLETION[] = {
    {.name = "",
     .arguments = "SHELL",
     .summary = "print completion rules for bash, zsh or fish",
     .help = "For bash: dripline completion bash > /etc/bash_completion.d/dripline",
     .least = 1,
     .most = 1,
     .run = completion},
    {0},
};

/* ---- man ---- */

/* roff takes a line's first dot or quote for a command, and '-' for a hyphen. */
static void print_roff(const char *text)
{
    bool line_start = true;
    for (const char *at = text; *at != '\0'; at++) {
        if (line_start && (*at == '.' || *at == '\'')) {
            (void)printf("\\&");
        }
        if (*at == '\\') {
            (void)printf("\\e");
        } else if (*at == '-') {
            (void)printf("\\-");
        } else {
            (void)putchar(*at);
        }
        line_start = *at == '\n';
    }
}

static void man_spec(const struct cli_command *command, const struct cli_spec *spec)
{
    (void)printf(".SS dripline %s %s %s\n", command->name, spec->name, spec->arguments);
    print_roff(spec->summary);
    (void)printf(".\n");
    if (spec->help != NULL) {
        (void)printf(".PP\n");
        print_roff(spec->help);
        (void)printf("\n");
    }
    for (size_t at = 0; at < CLI_FLAGS_MAX && spec->flags[at].name != NULL; at++) {
        (void)printf(".TP\n.B ");
        print_roff(spec->flags[at].name);
        (void)printf(" %s\n", spec->flags[at].value == NULL ? "" : spec->flags[at].value);
        print_roff(spec->flags[at].help);
        (void)printf("\n");
    }
}

static const struct {
    int code;
    const char *meaning;
} EXITS[] = {
    {CLI_OK, "it worked"},
    {CLI_FAILED, "it did not work; the message says why"},
    {CLI_FOUND, "a check found something, or somebody was not enrolled"},
    {CLI_USAGE, "wrong options or arguments"},
    {CLI_DATA, "the input breaks a rule"},
    {CLI_NOT_FOUND, "no such file, sequence or person"},
    {CLI_INTERNAL, "a bug"},
    {CLI_IO, "the disk failed"},
    {CLI_UNAVAILABLE, "locked, busy or unreachable; a retry may help"},
    {CLI_DENIED, "not allowed"},
    {CLI_CONFIG, "a wrong setting"},
};

static void man_settings(void)
{
    const char *help = NULL;
    const char *name = NULL;
    (void)printf(".SH SETTINGS\n"
                 "Of \\fBserve\\fR and \\fBconfig check\\fR: as a flag, in the environment\n"
                 "(DRIPLINE_LISTEN for \\-\\-listen) or in the file that \\-\\-config names.\n");
    for (size_t at = 0; (name = config_setting(at, &help)) != NULL; at++) {
        (void)printf(".TP\n.B \\-\\-");
        print_roff(name);
        (void)printf("\n");
        print_roff(help);
        (void)printf("\n");
    }
}

static int man(struct cli *cli)
{
    (void)cli;
    (void)printf(
        ".TH DRIPLINE 1\n.SH NAME\n"
        "dripline \\- WhatsApp drip sequences on your own server\n"
        ".SH SYNOPSIS\n.B dripline\n.I COMMAND\n[options]\n"
        ".SH DESCRIPTION\n"
        "Every command works on a data directory (\\-\\-data, default ./data): through the\n"
        "server that runs on it, or by itself when none does. With \\-\\-json it answers\n"
        "in JSON.\n.SH COMMANDS\n");
    for (const struct cli_command *command = CLI_COMMANDS; command->name != NULL; command++) {
        if (command->specs == NULL) {
            (void)printf(".SS dripline %s %s\n", command->name, command->usage);
            print_roff(command->summary);
            (void)printf(".\n");
        }
        for (const struct cli_spec *spec = command->specs; spec != NULL && spec->name != NULL;
             spec++) {
            man_spec(command, spec);
        }
    }
    man_settings();
    (void)printf(".SH EXIT STATUS\n");
    for (size_t at = 0; at < ARRAY_SIZE(EXITS); at++) {
        (void)printf(".TP\n%d\n%s\n", EXITS[at].code, EXITS[at].meaning);
    }
    return CLI_OK;
}

const struct cli_spec CLI_MAN[] = {
    {.name = "",
     .arguments = "",
     .summary = "print the manual page: dripline man | man -l -",
     .run = man},
    {0},
};
