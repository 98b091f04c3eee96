/* The audit trail for readers: see audit.h. */
#include "service/audit.h"

#include "base/log.h"
#include "base/mem.h"
#include "service/transaction.h"
#include "store/store_access.h"

struct later {
    struct arena *arena; /* of all texts here, and of this itself */
    const char *action;
    struct text object;
};

enum error_code audit_list(struct work *work, const struct store_audit_filter *filter, size_t limit,
                           struct store_audit **ret_rows, size_t *ret_count, struct error *error)
{
    return store_audit_list(work, filter, limit, ret_rows, ret_count, error);
}

const char *actor_kind_to_text(enum actor_kind kind)
{
    switch (kind) {
    case ACTOR_SYSTEM:
        return "system";
    case ACTOR_USER:
        return "user";
    case ACTOR_KEY:
        return "key";
    case ACTOR_PUBLIC:
        return "public";
    case ACTOR_CLI:
        return "cli";
    }
    return "system";
}

static enum error_code run_later(struct work *work, void *context, struct error *error)
{
    const struct later *later = context;
    return store_audit_add(work, later->action, later->object, (struct text){0}, error);
}

static void later_done(void *context, enum error_code code, const struct error *error)
{
    struct later *later = context;
    if (code != OK) {
        log_error("audit.failed", error);
    }
    arena_free(later->arena);
}

void audit_note_later(struct service *service, const struct work *work, const char *action,
                      struct text object)
{
    struct arena *arena = arena_new();
    struct later *later = arena_alloc(arena, sizeof(*later));
    *later = (struct later){.arena = arena, .action = action, .object = arena_text(arena, object)};
    struct service_write write = {
        .run = run_later,
        .done = later_done,
        .context = later,
        .actor = work->actor,
        .request_id = arena_text(arena, work->request_id),
    };
    write.actor.name = arena_text(arena, work->actor.name);
    write.actor.address = arena_text(arena, work->actor.address);
    service_submit(service, &write);
}

enum error_code audit_note(struct work *work, const char *action, struct error *error)
{
    return store_audit_add(work, action, (struct text){0}, (struct text){0}, error);
}
