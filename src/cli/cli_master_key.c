/* `dripline master-key change`: another key for what is sealed in the database. */
#include "cli/cli.h"

#include "cli/cli_local.h"
#include "cli/serve_parts.h"
#include "store/store.h"

#include "base/json_writer.h"
#include "base/mem.h"

#include <stdio.h>

static void print_changed(const struct cli *cli, const struct serve_key_change *change)
{
    const char *where = change->new_path[0] == '\0' ? "master.key" : change->new_path;
    const char *old = change->ret_old_path == NULL ? change->path : change->ret_old_path;
    if (cli->json) {
        CLEANUP_IN_PLACE(buffer_done) struct buffer out;
        struct json_writer writer;
        buffer_init(&out, 16384);
        json_writer_init(&writer, &out);
        json_object_begin(&writer);
        json_field_int64(&writer, "sealed", change->ret_sealed);
        json_field_int64(&writer, "left", change->ret_left);
        json_field_text(&writer, "old_key", text_from(old));
        json_object_end(&writer);
        (void)printf("%.*s\n", TEXT_ARGS(buffer_text(&out)));
        return;
    }
    (void)printf("%lld secrets are sealed with the new key in %s\n", (long long)change->ret_sealed,
                 where);
    if (change->ret_left > 0) {
        (void)printf("%lld could not be opened with the old key and stay as they were: enter them "
                     "anew\n",
                     (long long)change->ret_left);
    }
    (void)printf("the old key is in %s: only backups made until now need it. Keep it where it is "
                 "safe, or remove it\n",
                 old);
    if (change->new_path[0] != '\0') {
        (void)printf("start the server with --master-key-file %s from now on\n", change->new_path);
    }
}

static int change_key(struct cli *cli)
{
    CLEANUP(cli_local_close) struct cli_local *local = NULL;
    struct error error = {0};
    const char *to = cli_value(cli, "--to");
    struct serve_key_change change = {.path = cli_master_key_path(cli),
                                      .new_path = to == NULL ? "" : to};
    int64_t holder = store_lock_holder(cli->data);
    if (holder != 0) {
        (void)error_set(&error, ERROR_UNAVAILABLE,
                        "process %lld runs on this directory: stop it first", (long long)holder);
        return cli_fail(cli, &error);
    }
    enum error_code code = cli_local_open(cli, false, &local, &error);
    if (code == OK) {
        code = cli_local_unlock(local, &error);
    }
    if (code == OK) {
        const struct service *service = cli_local_service(local);
        code = serve_key_change(service->store, cli->data, service->master_key, &change, &error);
    }
    if (code != OK) {
        return cli_fail(cli, &error);
    }
    print_changed(cli, &change);
    mem_free(change.ret_old_path);
    return CLI_OK;
}

const struct cli_spec CLI_MASTER_KEY[] = {
    {.name = "change",
     .arguments = "",
     .summary = "seal all credentials with a new master key; the server must be stopped",
     .help = "Tokens of numbers, secrets of webhooks, the password for mails and the seeds of\n"
             "two-step sign-in are sealed anew in one transaction; when it is cut off, the next\n"
             "start ends it or takes it back. Nobody has to enter anything again, and links in\n"
             "messages that were sent go on working. The old key is kept for old backups.",
     .flags = {{"--to", "FILE",
                "make the new key there, outside of the data directory (a file that does not "
                "exist yet)"}},
     .run = change_key},
    {0},
};
