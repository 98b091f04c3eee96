#pragma once

#include "base/error.h"
#include "service/service.h"
#include "store/work.h"

/* The doors to the store for those who may not see it: a read-only connection per thread, and work
 * that is carried out by the writer. */
struct service_reader;

MUST_USE enum error_code service_reader_open(struct service *service,
                                             struct service_reader **ret_reader,
                                             struct error *error);
void service_reader_close(struct service_reader *reader); /* NULL is fine */
DEFINE_CLEANUP(struct service_reader *, service_reader_close);
/* From begin to end `work->db` shows one moment of the database. */
MUST_USE enum error_code service_reader_begin(struct service_reader *reader, struct work *work,
                                              struct error *error);
void service_reader_end(struct service_reader *reader);
/* Between begin and end: from now on `work->db` shows the present. Long reading in pieces that need
 * not be of one moment lets go of what the writer has to keep for it. */
MUST_USE enum error_code service_reader_renew(struct work *work, struct error *error);
/* Ends that moment before a handler waits long, for as long as it lasts the log cannot start again.
 * Nothing can be read afterwards. */
void service_reader_release(struct work *work);

/* Work for the writer. `run` happens inside a savepoint: an error undoes all of it. `done` comes
 * exactly once, after the commit or the failure, on the writer's thread; it must not wait. With
 * `work` NULL the writer is stopping and `run` never happened. */
struct service_write {
    enum error_code (*run)(struct work *work, void *context, struct error *error);
    void (*done)(void *context, enum error_code code, const struct error *error); /* may be NULL */
    void *context;
    struct actor actor;     /* its texts must live until `done` */
    struct text request_id; /* likewise */
};
void service_submit(struct service *service, const struct service_write *write);
/* The same, waiting for the end. Never on the writer's thread. */
MUST_USE enum error_code service_call(struct service *service,
                                      enum error_code (*run)(struct work *work, void *context,
                                                             struct error *error),
                                      void *context, struct error *error);
