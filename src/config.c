/* The settings table and its four sources. An unknown name is an error everywhere but in the
 * environment, where other programs may use the prefix too. */
#include "config.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "domain/public_url.h"
#include "net/address.h"
#include "net/http_server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

enum setting_kind { SETTING_TEXT, SETTING_INTEGER, SETTING_CHOICE };
enum { FILE_MAX = 64 * 1024, NAME_MAX = 64 };

/* Adds a finding to `error` when the server could not work with `value`. */
typedef void check_fn(const char *name, const char *value, struct error *error);

static void check_listen(const char *name, const char *value, struct error *error)
{
    if (!http_server_address_is_good(value)) {
        (void)error_field(error, name, "invalid_format",
                          "\"%s\" is no address to listen on; like 0.0.0.0:8080", value);
    }
}

static void check_proxies(const char *name, const char *value, struct error *error)
{
    struct text bad = {0};
    if (!address_list_is_good(text_from(value), &bad)) {
        (void)error_field(error, name, "invalid_format",
                          "\"%.*s\" is neither an address nor a block like 10.0.0.0/8",
                          TEXT_ARGS(bad));
    }
}

static void check_url(const char *name, const char *value, struct error *error)
{
    if (!public_url_is_good(text_from(value))) {
        (void)error_field(error, name, "invalid_format", "%s", PUBLIC_URL_RULE);
    }
}

static void check_file(const char *name, const char *value, struct error *error)
{
    if (access(value, R_OK) != 0) {
        (void)error_field(error, name, "invalid_format", "\"%s\" cannot be read: %s", value,
                          strerror(errno));
    }
}

struct setting {
    const char *name;
    enum setting_kind kind;
    size_t offset;
    const char *fallback;
    int64_t min, max;
    const char *choices; /* "system,manual" */
    const char *help;
    check_fn *check; /* of a text that is not empty; NULL: any will do */
};

#define AT(member) offsetof(struct config, member)
static const struct setting settings[] = {
    {"anonymous-rate-limit", SETTING_INTEGER, AT(anonymous_rate_limit), "1200", 0, 1000000000, NULL,
     "requests per minute of one address without login; 0 = no limit"},
    {"ca-file", SETTING_TEXT, AT(ca_file), "", 0, 0, NULL,
     "certificate authorities for outgoing calls, in place of the system's", check_file},
    {"clock", SETTING_CHOICE, AT(clock), "system", 0, 0, "system,manual",
     "manual: time stands still until the sandbox moves it; for tries and tests"},
    {"connections", SETTING_INTEGER, AT(connections), "4096", 16, 100000, NULL,
     "open connections in all"},
    {"connections-per-address", SETTING_INTEGER, AT(connections_per_address), "512", 1, 100000,
     NULL, "open connections of one address"},
    {"data", SETTING_TEXT, AT(data), "./data", 0, 0, NULL, "directory of the database"},
    {"disk-warning-mb", SETTING_INTEGER, AT(disk_warning_mb), "1024", 0, 1000000000, NULL,
     "an alert is raised when less MiB are free on the disk of the data; 0 = never"},
    {"import-max-mb", SETTING_INTEGER, AT(import_max_mb), "1024", 1, 1048576, NULL,
     "largest upload in MiB"},
    {"import-max-rows", SETTING_INTEGER, AT(import_max_rows), "10000000", 1, 1000000000, NULL,
     "most rows of one upload"},
    {"listen", SETTING_TEXT, AT(listen), "127.0.0.1:8080", 0, 0, NULL,
     "address and port; 0.0.0.0:8080 for all addresses, port 0 for any free one", check_listen},
    {"log-format", SETTING_CHOICE, AT(log_format), "text", 0, 0, "text,json", "form of log lines"},
    {"log-level", SETTING_CHOICE, AT(log_level), "info", 0, 0, "debug,info,warning,error",
     "least important lines that are written"},
    {"master-key-file", SETTING_TEXT, AT(master_key_file), "", 0, 0, NULL,
     "32 bytes that seal credentials; made in the data directory when not given", check_file},
    {"public-url", SETTING_TEXT, AT(public_url), "", 0, 0, NULL,
     "address under which people reach this server, like https://drip.example.org", check_url},
    {"rate-limit", SETTING_INTEGER, AT(rate_limit), "6000", 0, 1000000000, NULL,
     "requests per minute of one key or user; 0 = no limit"},
    {"read-threads", SETTING_INTEGER, AT(read_threads), "3", 1, 8, NULL,
     "threads that answer reading requests"},
    {"trusted-proxies", SETTING_TEXT, AT(trusted_proxies), "", 0, 0, NULL,
     "addresses, comma-separated, whose X-Forwarded-For is believed", check_proxies},
    {"webhooks-allow-local", SETTING_CHOICE, AT(webhooks_allow_local), "no", 0, 0, "no,yes",
     "yes: outgoing webhooks may go to this machine, also by http; for tries and tests"},
};

static void check_values(const struct config *config, struct error *error)
{
    for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
        const char *value = NULL;
        if (settings[i].check != NULL) {
            memcpy(&value, (const char *)config + settings[i].offset, sizeof(value));
        }
        if (value != NULL && value[0] != '\0') {
            settings[i].check(settings[i].name, value, error);
        }
    }
}

static const struct setting *find_setting(struct text name)
{
    for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
        if (text_equal(name, text_from(settings[i].name))) {
            return &settings[i];
        }
    }
    return NULL;
}

static bool is_choice(const struct setting *setting, struct text value)
{
    struct text rest = text_from(setting->choices);
    struct text word;
    while (text_next(&rest, ',', &word)) {
        if (text_equal(word, value)) {
            return true;
        }
    }
    return false;
}

static void set_value(struct config *config, const struct setting *setting, struct text value,
                      struct error *error)
{
    void *at = (char *)config + setting->offset;
    int64_t number = 0;
    switch (setting->kind) {
    case SETTING_INTEGER:
        if (!text_to_int64(value, &number) || number < setting->min || number > setting->max) {
            (void)error_field(error, setting->name, "out_of_range",
                              "must be a number between %lld and %lld", (long long)setting->min,
                              (long long)setting->max);
            return;
        }
        memcpy(at, &number, sizeof(number));
        return;
    case SETTING_CHOICE:
        if (!is_choice(setting, value)) {
            (void)error_field(error, setting->name, "invalid_choice", "must be one of %s",
                              setting->choices);
            return;
        }
        break;
    case SETTING_TEXT:
        break;
    }
    char *copy = mem_alloc(value.size + 1);
    memcpy(copy, value.data == NULL ? "" : value.data, value.size);
    copy[value.size] = '\0';
    char *old = NULL;
    memcpy(&old, at, sizeof(old));
    mem_free(old);
    memcpy(at, &copy, sizeof(copy));
}

static void unknown(struct error *error, struct text name)
{
    char field[96];
    (void)snprintf(field, sizeof(field), "%.*s", TEXT_ARGS(name));
    (void)error_field(error, field, "unknown_field", "is no setting; --help lists them");
}

/* ---- the sources, weakest first ---- */

static void read_defaults(struct config *config, struct error *error)
{
    for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
        set_value(config, &settings[i], text_from(settings[i].fallback), error);
    }
}

static void read_line(struct config *config, struct text line, struct error *error)
{
    struct text name;
    line = text_trim(line);
    if (line.size == 0 || line.data[0] == '#') {
        return;
    }
    struct text value = line;
    if (!text_next(&value, '=', &name) || value.data == NULL) {
        unknown(error, line);
        return;
    }
    name = text_trim(name);
    value = text_trim(value);
    if (value.size >= 2 && value.data[0] == '"' && value.data[value.size - 1] == '"') {
        value = text_make(value.data + 1, value.size - 2);
    }
    const struct setting *setting = find_setting(name);
    if (setting == NULL) {
        unknown(error, name);
    } else {
        set_value(config, setting, value, error);
    }
}

static enum error_code read_file(struct config *config, const char *path, struct error *error)
{
    char *data = NULL;
    size_t size = 0;
    enum error_code code = file_read(path, FILE_MAX, &data, &size, error);
    if (code != OK) {
        return code;
    }
    struct text rest = text_make(data, size);
    struct text line;
    while (text_next(&rest, '\n', &line)) {
        read_line(config, line, error);
    }
    mem_free(data);
    return OK;
}

/* "DRIPLINE_LISTEN" for "listen". */
static struct text environment_name(const struct setting *setting, char out[NAME_MAX])
{
    size_t used = (size_t)snprintf(out, NAME_MAX, "DRIPLINE_");
    for (const char *at = setting->name; *at != '\0' && used + 1 < NAME_MAX; at++) {
        out[used++] = *at == '-' ? '_' : (char)(*at >= 'a' && *at <= 'z' ? *at - 32 : *at);
    }
    out[used] = '\0';
    return text_make(out, used);
}

static void read_environment(struct config *config, struct error *error)
{
    for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
        char name[NAME_MAX];
        (void)environment_name(&settings[i], name);
        const char *value = getenv(name);
        if (value != NULL && value[0] != '\0') {
            set_value(config, &settings[i], text_from(value), error);
        }
    }
}

static void read_flags(struct config *config, int count, char **arguments, struct error *error)
{
    for (int i = 0; i < count; i++) {
        struct text flag = text_from(arguments[i]);
        if (text_equal(flag, TEXT("--help")) || text_equal(flag, TEXT("-h"))) {
            config->help = true;
            continue;
        }
        if (!text_starts_with(flag, TEXT("--"))) {
            unknown(error, flag);
            continue;
        }
        struct text value = text_skip(flag, 2);
        struct text name;
        (void)text_next(&value, '=', &name);
        bool is_file = text_equal(name, TEXT("config"));
        const struct setting *setting = find_setting(name);
        if (setting == NULL && !is_file) {
            unknown(error, flag);
            continue;
        }
        if (value.data == NULL && i + 1 < count) {
            value = text_from(arguments[++i]);
        }
        if (value.data == NULL) {
            (void)error_field(error, arguments[i], "required", "needs a value");
        } else if (setting != NULL) {
            set_value(config, setting, value, error);
        }
    }
}

static const char *file_from_flags(int count, char **arguments)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(arguments[i], "--config") == 0 && i + 1 < count) {
            return arguments[i + 1];
        }
        if (strncmp(arguments[i], "--config=", 9) == 0) {
            return arguments[i] + 9;
        }
    }
    return getenv("DRIPLINE_CONFIG");
}

enum error_code config_read(int count, char **arguments, struct config *ret_config,
                            struct error *error)
{
    struct config config = {0};
    struct error found = {0};
    enum error_code code = OK;
    read_defaults(&config, &found);
    const char *file = file_from_flags(count, arguments);
    if (file != NULL) {
        code = read_file(&config, file, &found);
    }
    read_environment(&config, &found);
    read_flags(&config, count, arguments, &found);
    if (!config.help) {
        check_values(&config, &found);
    }
    if (code != OK || found.code != OK) {
        config_done(&config);
        *error = found;
        return found.code;
    }
    *ret_config = config;
    return OK;
}

void config_print_strangers(void)
{
    for (char **at = environ; *at != NULL; at++) {
        struct text rest = text_from(*at);
        struct text name = {0};
        bool known = false;
        (void)text_next(&rest, '=', &name);
        for (size_t i = 0; i < ARRAY_SIZE(settings) && !known; i++) {
            char own[NAME_MAX];
            known = text_equal(name, environment_name(&settings[i], own));
        }
        if (text_starts_with(name, TEXT("DRIPLINE_")) && !known &&
            !text_equal(name, TEXT("DRIPLINE_CONFIG"))) {
            (void)fprintf(stderr, "note: %.*s in the environment is no setting\n", TEXT_ARGS(name));
        }
    }
}

void config_done(struct config *config)
{
    for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
        if (settings[i].kind != SETTING_INTEGER) {
            char *value = NULL;
            memcpy(&value, (char *)config + settings[i].offset, sizeof(value));
            mem_free(value);
        }
    }
    *config = (struct config){0};
}

const char *config_setting(size_t index, const char **ret_help)
{
    if (index >= ARRAY_SIZE(settings)) {
        return NULL;
    }
    *ret_help = settings[index].help;
    return settings[index].name;
}

void config_print_help(void)
{
    (void)printf("  --%-24s %s\n", "config FILE", "read settings from a file: name = value");
    for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
        (void)printf("  --%-24s %s", settings[i].name, settings[i].help);
        (void)printf(settings[i].fallback[0] == '\0' ? "\n" : " [%s]\n", settings[i].fallback);
    }
    (void)printf("Each may also stand in the environment, as DRIPLINE_LISTEN for --listen.\n");
}
