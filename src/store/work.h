#pragma once

#include "base/arena.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

/* One request or job on its way through service, domain and store. Its arena is reset afterwards;
 * nothing in it is kept or crosses a thread: copy. */
struct db;
struct counters;
struct claims;

enum actor_kind {
    ACTOR_SYSTEM = 0, /* the scheduler, a webhook of the provider */
    ACTOR_USER = 1,   /* somebody logged in */
    ACTOR_KEY = 2,    /* a secret API key */
    ACTOR_PUBLIC = 3, /* a publishable key, the hosted form, an opt-out link */
    ACTOR_CLI = 4,    /* the command line on this machine */
};

/* Bits of actor.scopes. A user's role gives the same bits: viewer READ, editor READ ENROLL WRITE,
 * admin all. */
enum {
    SCOPE_READ = 1,
    SCOPE_ENROLL = 2,
    SCOPE_WRITE = 4,
    SCOPE_ADMIN = 8,
    SCOPE_ALL = 15,
};

struct actor {
    enum actor_kind kind;
    int64_t id;          /* user or key; 0: none */
    unsigned scopes;     /* SCOPE_… */
    struct text name;    /* for the audit: "anna@example.org", "key Shop" */
    struct text address; /* where the request came from, "" for the system */
};

/* Who is to be woken once the commit is durable. */
enum {
    WORK_WAKE_DELIVERY = 1,
    WORK_WAKE_RUNNER = 2,
    WORK_WAKE_EVENTS = 4,
    WORK_WAKE_WEBHOOKS = 8,
    WORK_WAKE_SETTINGS = 16, /* settings, sequences or channels changed: caches reload */
    WORK_WAKE_MAIL = 32,     /* a mail waits */
    WORK_SCRUB_LOG = 64,     /* something was erased: nothing of it may stay in the log */
};

struct work {
    struct arena *arena;
    struct db *db; /* the writer's connection inside a transaction, or a reader's */
    int64_t now_ms;
    struct actor actor;
    struct text request_id;
    unsigned wakes;            /* WORK_WAKE_… that this work asks for */
    struct counters *counters; /* store/counters.h; NULL on readers */
    struct claims *claims;     /* store/journal.h; NULL on readers */
};
