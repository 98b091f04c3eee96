/* `dripline doctor`: looks at everything around the program that has to be right for it to run
 * well, and says what to do about what is not. Changes nothing; what it prints holds no secret, no
 * phone number and no text, so that it can be pasted into a question. */
#include "cli/cli.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/file.h"
#include "base/instant.h"
#include "base/json_writer.h"
#include "base/mem.h"
#include "base/zone.h"
#include "cli/cli_client.h"
#include "cli/cli_out.h"
#include "delivery/delivery.h"
#include "store/db.h"
#include "store/journal.h"
#include "store/migrate.h"
#include "store/store.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { FINDINGS_MAX = 24, FINDING_SIZE = 400, FILES_LEAST = 4096, MEBI = 1024 * 1024 };
enum verdict { WELL, NOTE, WRONG };

struct finding {
    const char *check;
    enum verdict verdict;
    char text[FINDING_SIZE];
};
struct doctor {
    const struct cli *cli;
    int64_t holder; /* pid of the server that runs on the directory; 0: none */
    struct finding findings[FINDINGS_MAX];
    size_t count;
};

PRINTF(4, 5)
static void say(struct doctor *doctor, const char *check, enum verdict verdict, const char *format,
                ...)
{
    CHECK(doctor->count < FINDINGS_MAX);
    struct finding *finding = &doctor->findings[doctor->count++];
    finding->check = check;
    finding->verdict = verdict;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(finding->text, sizeof(finding->text), format, arguments);
    va_end(arguments);
}

/* ---- the data directory ---- */

static void check_file(struct doctor *doctor, const char *name, mode_t forbidden, bool needed)
{
    struct stat facts;
    char *path =
        name[0] == '\0' ? mem_copy_text(doctor->cli->data) : file_join(doctor->cli->data, name);
    const char *shown = name[0] == '\0' ? "data directory" : name;
    if (stat(path, &facts) != 0) {
        if (needed || errno != ENOENT) {
            say(doctor, "files", WRONG, "%s: %s", shown, strerror(errno));
        }
    } else if ((facts.st_mode & forbidden) != 0) {
        say(doctor, "files", WRONG,
            "%s may be read or written by others (mode %03o): take the rights away with chmod",
            shown, (unsigned)(facts.st_mode & 0777));
    } else if (facts.st_uid != geteuid() && geteuid() != 0) {
        say(doctor, "files", WRONG, "%s belongs to another user (id %u)", shown,
            (unsigned)facts.st_uid);
    } else if (access(path, name[0] == '\0' ? R_OK | W_OK | X_OK : R_OK) != 0) {
        say(doctor, "files", WRONG, "%s: %s", shown, strerror(errno));
    } else {
        say(doctor, "files", WELL, "%s: mode %03o", shown, (unsigned)(facts.st_mode & 0777));
    }
    mem_free(path);
}

static void check_disk(struct doctor *doctor)
{
    struct statvfs disk;
    if (statvfs(doctor->cli->data, &disk) != 0) {
        say(doctor, "disk", WRONG, "cannot be asked for its space: %s", strerror(errno));
        return;
    }
    int64_t free_mib = (int64_t)disk.f_bavail * (int64_t)disk.f_frsize / MEBI;
    bool read_only = (disk.f_flag & ST_RDONLY) != 0;
    say(doctor, "disk",
        read_only || free_mib < 256 ? WRONG
        : free_mib < 1024           ? NOTE
                                    : WELL,
        "%lld MiB free%s", (long long)free_mib, read_only ? ", and mounted read-only" : "");
}

static void check_master_key(struct doctor *doctor)
{
    const char *given = cli_master_key_path(doctor->cli);
    char *path =
        given[0] == '\0' ? file_join(doctor->cli->data, "master.key") : mem_copy_text(given);
    char *data = NULL;
    size_t size = 0;
    uint8_t bytes[CRYPTO_KEY_SIZE];
    struct error error = {0};
    if (!file_exists(path)) {
        say(doctor, "master key", NOTE,
            "none in the data directory: it stands elsewhere (--master-key-file), or is made at "
            "the "
            "first start");
    } else if (file_read(path, 4096, &data, &size, &error) != OK) {
        say(doctor, "master key", WRONG, "cannot be read: %s", error.message);
    } else if (size != CRYPTO_KEY_SIZE &&
               !crypto_unhex(text_trim(text_make(data, size)), bytes, sizeof(bytes))) {
        say(doctor, "master key", WRONG, "is neither 32 bytes nor 64 hexadecimal digits");
    } else {
        say(doctor, "master key", WELL, "readable; keep a copy of it apart from the backups");
    }
    if (data != NULL) {
        crypto_wipe(data, size);
    }
    crypto_wipe(bytes, sizeof(bytes));
    mem_free(data);
    mem_free(path);
}

/* What the running server waits for a person with. */
static void check_sending(struct doctor *doctor, const struct json *ready)
{
    struct text word = json_get_text(json_get(ready, "checks"), "scheduler");
    static const enum delivery_idle HALTS[] = {DELIVERY_CLOCK, DELIVERY_FENCED, DELIVERY_STORE};
    for (size_t i = 0; i < ARRAY_SIZE(HALTS); i++) {
        if (text_equal(word, text_from(delivery_idle_to_text(HALTS[i])))) {
            say(doctor, "sending", WRONG, "%s%s", delivery_idle_sentence(HALTS[i]),
                HALTS[i] == DELIVERY_STORE ? "" : " See \"dripline release\".");
            return;
        }
    }
    say(doctor, "sending", WELL, "nothing holds it back");
}

/* A live database is only opened by its server, so that one is asked. */
static void check_running_database(struct doctor *doctor)
{
    CLEANUP(cli_client_close) struct cli_client *client = NULL;
    CLEANUP_IN_PLACE(cli_answer_done) struct cli_answer answer = {0};
    struct error error = {0};
    enum error_code code = cli_client_open(doctor->cli, &client, &error);
    if (code == OK) {
        code = cli_get(client, "/readyz", &answer, &error);
    }
    if (code == OK) {
        say(doctor, "database", WELL,
            "the running server says it is ready; \"dripline verify\" looks closer");
        check_sending(doctor, answer.json);
    } else {
        say(doctor, "database", WRONG, "process %lld holds it, but does not answer: %s",
            (long long)doctor->holder, error.message);
    }
}

static void check_resting_database(struct doctor *doctor, const char *path)
{
    CLEANUP(db_close) struct db *db = NULL;
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct error error = {0};
    struct text findings = {0};
    int64_t version = 0;
    enum error_code code = db_open(path, DB_READER, false, &db, &error);
    if (code == OK) {
        code = db_schema_version(db, &version, &error);
    }
    if (code == OK) {
        code = db_integrity(db, arena, &findings, &error);
    }
    if (code != OK) {
        say(doctor, "database", WRONG, "%s", error.message);
    } else if (!text_equal(findings, TEXT("ok"))) {
        say(doctor, "database", WRONG, "is damaged: restore a backup. %.*s",
            TEXT_ARGS(text_head(findings, findings.size < 200 ? findings.size : 200)));
    } else if (version > migrate_target()) {
        say(doctor, "database", WRONG,
            "was written by a newer program (schema %lld, this one knows %lld)", (long long)version,
            (long long)migrate_target());
    } else {
        say(doctor, "database", WELL, "sound, schema %lld%s", (long long)version,
            version < migrate_target() ? "; the next start brings it up to date" : "");
    }
}

static void check_database(struct doctor *doctor)
{
    char *path = store_database_path(doctor->cli->data);
    if (doctor->holder != 0) {
        check_running_database(doctor);
    } else if (!file_exists(path)) {
        say(doctor, "database", NOTE, "there is none yet; the first start makes it");
    } else {
        check_resting_database(doctor, path);
    }
    mem_free(path);
}

static void check_journal(struct doctor *doctor)
{
    struct claim_line newest;
    struct error error = {0};
    bool found = false;
    char *path = file_join(doctor->cli->data, "intent.journal");
    struct stat facts;
    if (stat(path, &facts) != 0) {
        say(doctor, "journal", errno == ENOENT ? NOTE : WRONG, "%s",
            errno == ENOENT ? "there is none yet" : strerror(errno));
    } else if (access(path, R_OK | W_OK) != 0) {
        say(doctor, "journal", WRONG, "cannot be written: %s", strerror(errno));
    } else if (journal_last(doctor->cli->data, &newest, &found, &error) != OK) {
        say(doctor, "journal", WRONG, "cannot be read: %s", error.message);
    } else {
        say(doctor, "journal", WELL, "%s, %lld KiB", found ? "readable" : "empty",
            (long long)facts.st_size / 1024);
    }
    mem_free(path);
}

/* ---- the machine ---- */

static void check_clock(struct doctor *doctor)
{
    CLEANUP(clock_free) struct clock *clock = clock_new_system();
    char now[INSTANT_TEXT_MAX];
    int64_t now_ms = clock_now_ms(clock);
    struct timex kernel = {0};
    int state = adjtimex(&kernel);
    (void)instant_format(now_ms, now);
    if (now_ms < INT64_C(1735689600000)) { /* 2025 */
        say(doctor, "clock", WRONG, "says %s, which cannot be: set it", now);
    } else if (state == TIME_ERROR) {
        say(doctor, "clock", NOTE, "%s; not synchronised: run chrony or systemd-timesyncd", now);
    } else {
        say(doctor, "clock", WELL, "%s%s", now, state < 0 ? "" : ", synchronised");
    }
}

static void check_zones(struct doctor *doctor)
{
    static const char *const NAMES[] = {"Europe/Berlin", "Asia/Kolkata", "America/New_York"};
    for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++) {
        if (zone_find(text_from(NAMES[i])) == NULL) {
            say(doctor, "time zones", WRONG, "%s is missing: install the package tzdata", NAMES[i]);
            return;
        }
    }
    say(doctor, "time zones", WELL, "found");
}

static void check_limits(struct doctor *doctor)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        bool few = files.rlim_cur != RLIM_INFINITY && files.rlim_cur < FILES_LEAST;
        say(doctor, "limits", few ? NOTE : WELL, "%lld open files%s", (long long)files.rlim_cur,
            few ? ": raise it (ulimit -n 8192) for many connections" : "");
    }
    struct rlimit size;
    if (getrlimit(RLIMIT_FSIZE, &size) == 0 && size.rlim_cur != RLIM_INFINITY) {
        say(doctor, "limits", NOTE, "files may not grow beyond %lld MiB",
            (long long)(size.rlim_cur / MEBI));
    }
}

static void check_port(struct doctor *doctor)
{
    const char *listen_at = cli_value(doctor->cli, "--listen");
    listen_at = listen_at == NULL ? "127.0.0.1:8080" : listen_at;
    const char *colon = strrchr(listen_at, ':');
    char host[INET_ADDRSTRLEN] = "";
    struct sockaddr_in address = {.sin_family = AF_INET};
    int64_t port = 0;
    if (colon == NULL || !text_to_int64(text_from(colon + 1), &port) || port < 0 || port > 65535) {
        say(doctor, "port", WRONG, "\"%s\" is no address with a port", listen_at);
        return;
    }
    (void)snprintf(host, sizeof(host), "%.*s", (int)(colon - listen_at), listen_at);
    address.sin_port = htons((uint16_t)port);
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1) {
        say(doctor, "port", NOTE, "%s is not looked at: only IPv4 addresses are", listen_at);
        return;
    }
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int yes = 1;
    (void)setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    if (bind(descriptor, (const struct sockaddr *)&address, sizeof(address)) == 0) {
        say(doctor, "port", WELL, "%s is free", listen_at);
    } else {
        bool ours = errno == EADDRINUSE && doctor->holder != 0;
        say(doctor, "port", ours ? WELL : WRONG, "%s: %s%s", listen_at, strerror(errno),
            ours ? ", perhaps by the server that runs on this directory" : "");
    }
    if (descriptor >= 0) {
        (void)close(descriptor);
    }
}

static void check_program(struct doctor *doctor)
{
    struct utsname system;
    bool known = uname(&system) == 0;
    say(doctor, "program", WELL, "dripline %s on %s %s %s", DRIPLINE_VERSION,
        known ? system.sysname : "?", known ? system.release : "?", known ? system.machine : "?");
    if (doctor->holder != 0) {
        say(doctor, "server", WELL, "process %lld runs on this directory",
            (long long)doctor->holder);
    } else {
        say(doctor, "server", NOTE, "none runs on this directory");
    }
}

/* ---- what is printed ---- */

static void print_text(const struct doctor *doctor)
{
    static const char *const WORDS[] = {[WELL] = "ok", [NOTE] = "note", [WRONG] = "WRONG"};
    for (size_t i = 0; i < doctor->count; i++) {
        const struct finding *finding = &doctor->findings[i];
        (void)printf("%-6s %-11s %s\n", WORDS[finding->verdict], finding->check, finding->text);
    }
}

static void print_json(const struct doctor *doctor, bool sound)
{
    static const char *const WORDS[] = {[WELL] = "ok", [NOTE] = "note", [WRONG] = "wrong"};
    CLEANUP_IN_PLACE(buffer_done) struct buffer out;
    struct json_writer writer;
    buffer_init(&out, 64 * 1024);
    json_writer_init(&writer, &out);
    json_object_begin(&writer);
    json_field_bool(&writer, "sound", sound);
    json_key(&writer, "checks");
    json_array_begin(&writer);
    for (size_t i = 0; i < doctor->count; i++) {
        json_object_begin(&writer);
        json_field_chars(&writer, "check", doctor->findings[i].check);
        json_field_chars(&writer, "verdict", WORDS[doctor->findings[i].verdict]);
        json_field_chars(&writer, "text", doctor->findings[i].text);
        json_object_end(&writer);
    }
    json_array_end(&writer);
    json_object_end(&writer);
    cli_print_buffer(&out);
}

static int run_doctor(struct cli *cli)
{
    struct doctor *doctor = mem_zalloc(sizeof(*doctor));
    bool sound = true;
    doctor->cli = cli;
    doctor->holder = store_lock_holder(cli->data);
    check_program(doctor);
    check_file(doctor, "", S_IWOTH | S_IROTH, true);
    check_file(doctor, "dripline.db", S_IRWXO, false);
    check_file(doctor, "master.key", S_IRWXG | S_IRWXO, false);
    check_file(doctor, "dripline.sock", S_IRWXO, false);
    check_disk(doctor);
    check_master_key(doctor);
    check_database(doctor);
    check_journal(doctor);
    check_clock(doctor);
    check_zones(doctor);
    check_limits(doctor);
    check_port(doctor);
    for (size_t i = 0; i < doctor->count; i++) {
        sound = sound && doctor->findings[i].verdict != WRONG;
    }
    if (cli->json) {
        print_json(doctor, sound);
    } else {
        print_text(doctor);
    }
    mem_free(doctor);
    return sound ? CLI_OK : CLI_FOUND;
}

const struct cli_spec CLI_DOCTOR[] = {
    {.name = "",
     .arguments = "",
     .summary = "look at files, disk, clock, limits and database, and say what to do",
     .help = "Changes nothing. What it prints holds no secrets and may be pasted into a question.\n"
             "Exit code 3 when something is wrong.",
     .flags = {{"--listen", "ADDRESS", "where the server is to listen (default: 127.0.0.1:8080)"}},
     .run = run_doctor},
    {0},
};
