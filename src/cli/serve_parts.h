#pragma once

#include "base/clock.h"
#include "base/crypto.h"
#include "base/error.h"
#include "service/service.h"
#include "store/store.h"

/* What `serve` starts beside the doors: the loops that work by themselves, and the files they need.
 * Thread: main. */
struct serve_parts_settings {
    struct service *service; /* its pointers to the loops are set here */
    const char *host;        /* where our own webhooks are reached on this machine */
    int port;
    const char *ca_file; /* NULL = the system's */
};
struct serve_parts {
    struct simulator *simulator;
    struct delivery *delivery;
    struct runner *runner;
    struct notifier *notifier; /* outgoing webhooks */
    struct alert_watch *alerts;
    struct mailer *mailer;
    bool sending; /* the sender's thread runs */
};
MUST_USE enum error_code serve_parts_start(struct serve_parts *parts,
                                           const struct serve_parts_settings *settings,
                                           struct error *error);
void serve_parts_wake(struct serve_parts *parts, unsigned wakes); /* WORK_WAKE_…; any thread */
void serve_parts_stop(struct serve_parts *parts);                 /* the loops end their work */
void serve_parts_free(struct serve_parts *parts);

/* Before any thread and any door: rights, core files and system calls that are never needed. */
void serve_give_up_rights(void);
/* As many connections as wanted, or as the limit of open files allows; it is raised first. */
size_t serve_allow_connections(size_t wanted);
/* The keys of this data directory, see service/master_key.h. */
struct serve_keys {
    struct secret *master;
    struct secret *hash;
};
/* From `path`; with "" from the data directory, where one is made when nothing was sealed yet. A
 * change of the key that was cut off is ended here.
 * Errors     ERROR_DENIED: another key sealed what stands in the database, or it is not there */
MUST_USE enum error_code serve_keys_open(struct store *store, const char *data_directory,
                                         const char *path, struct serve_keys *keys,
                                         struct error *error);
void serve_keys_done(struct serve_keys *keys);
/* For `config check`: what `path` holds is a key. */
MUST_USE enum error_code serve_key_check(const char *path, struct error *error);
/* Changes the master key of a data directory without a server. `path` is where the present one
 * stands ("": in the directory), `new_path` where the new one will ("": in the directory). The
 * old one is left beside it under a name of its own, given in `ret_old_path` (on the heap). */
struct serve_key_change {
    const char *path, *new_path;
    int64_t ret_sealed, ret_left;
    char *ret_old_path; /* NULL: the old key stays at `path`, which is not ours */
};
MUST_USE enum error_code serve_key_change(struct store *store, const char *data_directory,
                                          struct text key, struct serve_key_change *change,
                                          struct error *error);
/* Makes the directory of uploads and removes what a dead process left there. */
MUST_USE enum error_code serve_clean_spool(const char *directory, struct error *error);
/* The last moment that the data directory knows of; 0: none. */
MUST_USE enum error_code serve_last_moment(struct store *store, int64_t *ret_ms,
                                           struct error *error);
int64_t serve_wall_ms(void);
