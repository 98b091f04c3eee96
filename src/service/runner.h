#pragma once

#include "base/error.h"
#include "service/service.h"
#include "store/work.h"

#include <stdbool.h>

/* Carries out long work: imports, bulk actions, edits of live sequences, undoing. One thread takes
 * the open batches in turn and hands one chunk of each to the writer at a time, so that small
 * writes go in between and a pause does not wait for an import. All state that matters is in the
 * batch rows: whatever was open when the process died goes on at the next start. */
struct runner;

/* Starts the thread, which looks for open batches at once. `service` must outlive it.
 * Errors   ERROR_UNAVAILABLE */
MUST_USE enum error_code runner_start(const struct service *service, struct runner **ret_runner,
                                      struct error *error);
/* Carries out on the calling thread what is open, and returns. What cannot be done for now stays.
 */
MUST_USE enum error_code runner_run_once(const struct service *service, struct error *error);
/* A batch was added or changed (WORK_WAKE_RUNNER after a commit). Any thread; NULL is fine. */
void runner_wake(struct runner *runner);
/* Waits for the chunk that is with the writer and ends the thread. Call it while the writer still
 * works. NULL is fine. */
void runner_stop(struct runner *runner);
DEFINE_CLEANUP(struct runner *, runner_stop);

/* Where the files of open imports stand: "<data>/imports". */
MUST_USE enum error_code runner_import_directory(const struct service *service, char *ret_path,
                                                 size_t size, struct error *error);
