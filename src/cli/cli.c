/* The table of commands. */
#include "cli/cli.h"

#include <stddef.h>

const struct cli_command CLI_COMMANDS[] = {
    {"serve", "run the server: web UI, API, scheduler and sender", cli_serve, "[settings]"},
    {0},
};
