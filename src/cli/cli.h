#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* The commands of the program: `dripline NAME …`. Names, inputs, help and function stand side by
 * side: one row per command in cli.c, one struct cli_spec per subcommand beside its function. */
struct cli;

struct cli_flag {
    const char *name;  /* "--sequence" */
    const char *value; /* "ID": it takes one; NULL: a switch */
    const char *help;
};
enum { CLI_FLAGS_MAX = 12, CLI_ARGUMENTS_MAX = 32 };

struct cli_spec {
    const char *name;      /* of the subcommand, "list"; "" when the command has none */
    const char *arguments; /* "FILE.csv"; "" for none */
    const char *summary;   /* one line */
    const char *help;      /* more, or NULL */
    size_t least, most;    /* how many arguments */
    struct cli_flag flags[CLI_FLAGS_MAX]; /* beside --data, --master-key-file, --json and --help */
    int (*run)(struct cli *cli);
};

struct cli_command {
    const char *name;
    const char *summary;                     /* one line for --help */
    int (*run)(int count, char **arguments); /* reads its arguments itself; NULL: see specs */
    const char *usage;                       /* "[settings]", with `run` */
    const struct cli_spec *specs;            /* ended by a row without name; NULL with `run` */
};

/* Exit codes, the same for every command; those from 64 on are those of sysexits.h. */
enum cli_exit {
    CLI_OK = 0,
    CLI_FAILED = 1,       /* it did not work; the message says why */
    CLI_FOUND = 3,        /* a check found something */
    CLI_USAGE = 64,       /* wrong flags or arguments */
    CLI_DATA = 65,        /* the input breaks a rule */
    CLI_NOT_FOUND = 66,   /* no such file, sequence, person … */
    CLI_INTERNAL = 70,    /* a bug */
    CLI_IO = 74,          /* the disk */
    CLI_UNAVAILABLE = 75, /* locked, busy, unreachable: a retry may help */
    CLI_DENIED = 77,      /* not allowed */
    CLI_CONFIG = 78,      /* a wrong setting */
};

/* One call of a command, its arguments read. */
struct cli {
    const struct cli_command *command;
    const struct cli_spec *spec;
    const char *data;            /* the data directory */
    const char *master_key_file; /* NULL: not given, see cli_master_key_path() */
    bool json;
    const char *arguments[CLI_ARGUMENTS_MAX];
    size_t argument_count;
    const char *values[CLI_FLAGS_MAX];   /* by place in spec->flags; a switch that is set: "" */
    const char *many[CLI_ARGUMENTS_MAX]; /* every value of the last flag, in order */
    size_t many_count;
};

extern const struct cli_command CLI_COMMANDS[]; /* ended by a row without name */

/* Finds the subcommand, reads flags and arguments, and runs it. */
int cli_run(const struct cli_command *command, int count, char **arguments);
/* The value of a flag; "" for a switch that is set; NULL when it was not given. */
const char *cli_value(const struct cli *cli, const char *name);
/* Where the master key stands for a command that works without a server: what was given, else
 * DRIPLINE_MASTER_KEY_FILE, else "", which means the data directory. */
const char *cli_master_key_path(const struct cli *cli);
/* Prints what went wrong, as text or with --json as an object, and returns the exit code. */
int cli_fail(const struct cli *cli, const struct error *error);
int cli_exit_of(enum error_code code);

int cli_serve(int count, char **arguments);
int cli_config(int count, char **arguments);

extern const struct cli_spec CLI_SEQUENCE[];
extern const struct cli_spec CLI_EMAIL[];
extern const struct cli_spec CLI_ENROLL[];
extern const struct cli_spec CLI_IMPORT[];
extern const struct cli_spec CLI_IMPORT_JSON[];
extern const struct cli_spec CLI_EXPORT[];
extern const struct cli_spec CLI_SIMULATE[];
extern const struct cli_spec CLI_SIMULATOR[];
extern const struct cli_spec CLI_VERIFY[];
extern const struct cli_spec CLI_DOCTOR[];
extern const struct cli_spec CLI_BACKUP[];
extern const struct cli_spec CLI_RESTORE[];
extern const struct cli_spec CLI_COMPACT[];
extern const struct cli_spec CLI_RELEASE[];
extern const struct cli_spec CLI_MIGRATE[];
extern const struct cli_spec CLI_USER[];
extern const struct cli_spec CLI_KEY[];
extern const struct cli_spec CLI_CHANNEL[];
extern const struct cli_spec CLI_TICK[];
extern const struct cli_spec CLI_MASTER_KEY[];
extern const struct cli_spec CLI_COMPLETION[];
extern const struct cli_spec CLI_MAN[];
