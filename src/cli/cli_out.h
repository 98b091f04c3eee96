#pragma once

#include "base/buffer.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/cli.h"

/* What commands print: JSON for programs, lines for people, a progress bar for terminals. */

/* Prints a JSON text: as it is with --json, else indented. */
void cli_print_json(const struct cli *cli, struct text json);
/* A JSON object a command builds itself; printed compact with a line end. */
void cli_print_buffer(const struct buffer *json);
/* The text form of a scalar value: "-" for null and absent. In `out`, which it returns. */
const char *cli_scalar(const struct json *json, const char *name, char *out, size_t size);

/* A bar on stderr, only when that is a terminal and --json was not given. */
struct cli_progress {
    bool shown;
    const char *label;
    int64_t last_percent;
};
void cli_progress_start(struct cli_progress *progress, const struct cli *cli, const char *label);
/* total 0: not known yet. */
void cli_progress_show(struct cli_progress *progress, int64_t done, int64_t total);
void cli_progress_end(struct cli_progress *progress); /* clears the line */
