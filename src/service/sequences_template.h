#pragma once

#include "domain/sequence_lint.h"
#include "store/store_channel.h"

/* What lint needs to know of a template as the provider listed it: how many parameters it takes
 * where, and whether it tells people how to stop. Lives in `arena`. */
struct lint_template sequences_lint_template(struct arena *arena,
                                             const struct store_template *template);
