#pragma once

#include "base/arena.h"
#include "store/db.h"

/* Removes uploads from `directory` whose batch never came to be, or is over. */
void runner_remove_leftovers(const char *directory, struct db *db, struct arena *arena);
