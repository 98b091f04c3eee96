/* The program: finds the command and runs it. */
#include "cli/cli.h"

#include "base/crypto.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#define VERSION_TEXT "dripline " DRIPLINE_VERSION

static void print_help(void)
{
    (void)printf("%s: WhatsApp drip sequences on your own server\n\nusage: dripline COMMAND …\n\n",
                 VERSION_TEXT);
    for (const struct cli_command *command = CLI_COMMANDS; command->name != NULL; command++) {
        (void)printf("  %-16s %s\n", command->name, command->summary);
    }
    (void)printf("  %-16s %s\n\n`dripline COMMAND --help` says more.\n", "version",
                 "print the version");
}

int main(int count, char **arguments)
{
    (void)signal(SIGPIPE, SIG_IGN);
#if !defined(__SANITIZE_ADDRESS__)   /* whose leak check must be able to trace us */
    (void)prctl(PR_SET_DUMPABLE, 0); /* keys and tokens must not end in a core file */
#endif
    crypto_setup();
    const char *wanted = count > 1 ? arguments[1] : "help";
    if (strcmp(wanted, "version") == 0 || strcmp(wanted, "--version") == 0) {
        (void)printf("%s\n", VERSION_TEXT);
        return CLI_OK;
    }
    for (const struct cli_command *command = CLI_COMMANDS; command->name != NULL; command++) {
        if (strcmp(wanted, command->name) == 0) {
            return command->run != NULL ? command->run(count - 2, arguments + 2)
                                        : cli_run(command, count - 2, arguments + 2);
        }
    }
    if (strcmp(wanted, "help") != 0 && strcmp(wanted, "--help") != 0 && strcmp(wanted, "-h") != 0) {
        (void)fprintf(stderr, "dripline: there is no command %s; `dripline help` lists them\n",
                      wanted);
        return CLI_USAGE;
    }
    print_help();
    return CLI_OK;
}
