#pragma once

/* The commands of the program: `dripline NAME …`. One row each in cli.c. */
struct cli_command {
    const char *name;
    const char *summary;                     /* one line for --help */
    int (*run)(int count, char **arguments); /* without program and command name; exit code */
    const char *usage;                       /* "[--data DIR] …" or NULL */
};

/* Exit codes, the same for every command. */
enum cli_exit {
    CLI_OK = 0,
    CLI_FAILED = 1,      /* it did not work; the message says why */
    CLI_USAGE = 2,       /* wrong flags or arguments */
    CLI_FOUND = 3,       /* a check found something */
    CLI_UNAVAILABLE = 4, /* locked, busy, unreachable: a retry may help */
};

extern const struct cli_command CLI_COMMANDS[]; /* ended by a row without name */

int cli_serve(int count, char **arguments);
