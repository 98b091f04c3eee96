/* Readers and writer jobs behind names that api/ may use. Holds no rules of its own. */
#include "service/transaction.h"

#include "base/mem.h"
#include "store/store.h"

struct service_reader {
    struct db *db;
};

enum error_code service_reader_open(struct service *service, struct service_reader **ret_reader,
                                    struct error *error)
{
    struct db *db = NULL;
    enum error_code code = store_reader_open(service->store, &db, error);
    if (code == OK) {
        struct service_reader *reader = mem_zalloc(sizeof(*reader));
        reader->db = db;
        *ret_reader = reader;
    }
    return code;
}

void service_reader_close(struct service_reader *reader)
{
    if (reader != NULL) {
        db_close(reader->db);
        mem_free(reader);
    }
}

enum error_code service_reader_begin(struct service_reader *reader, struct work *work,
                                     struct error *error)
{
    work->db = reader->db;
    return db_begin(reader->db, error);
}

void service_reader_end(struct service_reader *reader)
{
    db_finish_all(reader->db);
    db_rollback(reader->db);
}

void service_reader_release(struct work *work)
{
    db_rollback(work->db);
    work->db = NULL;
}

enum error_code service_reader_renew(struct work *work, struct error *error)
{
    db_finish_all(work->db);
    db_rollback(work->db);
    return db_begin(work->db, error);
}

struct write_job {
    struct job job; /* first: the two convert into each other */
    struct service_write write;
};

static enum error_code run_job(struct work *work, struct job *job, struct error *error)
{
    struct write_job *write_job = job->context;
    return write_job->write.run(work, write_job->write.context, error);
}

static void job_done(struct work *work, struct job *job)
{
    (void)work;
    struct write_job *write_job = job->context;
    if (write_job->write.done != NULL) {
        write_job->write.done(write_job->write.context, job->result, &job->error);
    }
    mem_free(write_job);
}

void service_submit(struct service *service, const struct service_write *write)
{
    struct write_job *write_job = mem_zalloc(sizeof(*write_job));
    write_job->write = *write;
    write_job->job.run = run_job;
    write_job->job.done = job_done;
    write_job->job.context = write_job;
    write_job->job.actor = write->actor;
    write_job->job.request_id = write->request_id;
    store_submit(service->store, &write_job->job);
}

enum error_code service_call(struct service *service,
                             enum error_code (*run)(struct work *work, void *context,
                                                    struct error *error),
                             void *context, struct error *error)
{
    return writer_do(store_writer(service->store), run, context, error);
}
