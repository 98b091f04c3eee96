/* What /metrics says of queue, sender, writer and process. Reads counters, a few counts along
 * partial indexes, and files of the kernel; no label holds anything from outside but error codes of
 * the provider. */
#include "service/metrics_report.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "delivery/delivery.h"
#include "service/alerts.h"
#include "store/store.h"
#include "store/store_queue.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STAT_MAX = 4096, US_PER_S = 1000000 };

void metrics_family(struct buffer *out, const char *name, const char *type, const char *help)
{
    buffer_add_format(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void add_name(struct buffer *out, const char *name, const char *labels)
{
    bool bare = labels[0] == '\0';
    buffer_add_format(out, "%s%s%s%s ", name, bare ? "" : "{", labels, bare ? "" : "}");
}

void metrics_sample(struct buffer *out, const char *name, const char *labels, int64_t value)
{
    add_name(out, name, labels);
    buffer_add_format(out, "%lld\n", (long long)value);
}

void metrics_sample_double(struct buffer *out, const char *name, const char *labels, double value)
{
    add_name(out, name, labels);
    buffer_add_format(out, "%.6f\n", value);
}

void metrics_histogram(struct buffer *out, const char *name, const char *labels,
                       struct metric_histogram *histogram)
{
    int64_t count = 0;
    const char *comma = labels[0] == '\0' ? "" : ",";
    for (size_t i = 0; i < METRIC_BUCKETS; i++) {
        count += metric_read(&histogram->buckets[i]);
        buffer_add_format(out, "%s_bucket{%s%sle=\"", name, labels, comma);
        if (i + 1 == METRIC_BUCKETS) {
            buffer_add_chars(out, "+Inf");
        } else {
            buffer_add_format(out, "%g", (double)metric_bound_us(i) / US_PER_S);
        }
        buffer_add_format(out, "\"} %lld\n", (long long)count);
    }
    char sum[200];
    (void)snprintf(sum, sizeof(sum), "%s_sum", name);
    metrics_sample_double(out, sum, labels, (double)metric_read(&histogram->sum_us) / US_PER_S);
    (void)snprintf(sum, sizeof(sum), "%s_count", name);
    metrics_sample(out, sum, labels, count);
}

static void single(struct buffer *out, const char *name, const char *type, const char *help,
                   int64_t value)
{
    metrics_family(out, name, type, help);
    metrics_sample(out, name, "", value);
}

static void single_double(struct buffer *out, const char *name, const char *type, const char *help,
                          double value)
{
    metrics_family(out, name, type, help);
    metrics_sample_double(out, name, "", value);
}

/* ---- queue and sender ---- */

static enum error_code add_queue(struct work *work, struct buffer *out, struct error *error)
{
    struct store_queue_totals totals;
    int64_t pending = 0;
    int64_t due = 0;
    int64_t oldest_ms = 0;
    enum error_code code = store_queue_totals(work, &totals, error);
    if (code != OK) {
        return code;
    }
    for (size_t i = 0; i < totals.channel_count; i++) {
        int64_t next_ms = totals.channels[i].next_at_ms;
        pending += totals.channels[i].pending;
        due += totals.channels[i].due;
        oldest_ms = oldest_ms == 0 || next_ms < oldest_ms ? next_ms : oldest_ms;
    }
    int64_t age_ms = oldest_ms != 0 && oldest_ms < work->now_ms ? work->now_ms - oldest_ms : 0;
    int64_t plan_ms = totals.next_due_at_ms != 0 && totals.next_due_at_ms < work->now_ms
                          ? work->now_ms - totals.next_due_at_ms
                          : 0;
    metrics_family(out, "dripline_queue_messages", "gauge", "Messages that have not ended.");
    metrics_sample(out, "dripline_queue_messages", "state=\"pending\"", pending);
    metrics_sample(out, "dripline_queue_messages", "state=\"sending\"", totals.sending);
    metrics_sample(out, "dripline_queue_messages", "state=\"in_doubt\"", totals.in_doubt);
    metrics_sample(out, "dripline_queue_messages", "state=\"held\"", totals.held);
    single(out, "dripline_queue_due_messages", "gauge", "Pending messages that may leave now.",
           due);
    single_double(out, "dripline_queue_oldest_due_age_seconds", "gauge",
                  "How long the oldest due message has waited.", (double)age_ms / 1000);
    single_double(out, "dripline_scheduler_lag_seconds", "gauge",
                  "How long the first due person has waited to be planned.",
                  (double)plan_ms / 1000);
    return OK;
}

static void add_sends(struct buffer *out)
{
    static const char *const WORDS[METRIC_SEND_COUNT] = {
        [METRIC_SEND_ACCEPTED] = "accepted",
        [METRIC_SEND_NOT_SENT] = "not_sent",
        [METRIC_SEND_REFUSED_FOR_NOW] = "refused_for_now",
        [METRIC_SEND_REJECTED] = "rejected",
        [METRIC_SEND_CHANNEL_TROUBLE] = "channel_trouble",
        [METRIC_SEND_NO_ANSWER] = "no_answer",
    };
    const char *name = "dripline_send_attempts_total";
    char labels[100];
    metrics_family(out, name, "counter",
                   "Attempts to send by result and the provider's error code (0: none given).");
    for (size_t result = 0; result < METRIC_SEND_COUNT; result++) {
        struct metric_codes *codes = &METRICS.sends[result];
        for (size_t i = 0; i < METRIC_CODES; i++) {
            int64_t key = atomic_load_explicit(&codes->keys[i], memory_order_relaxed);
            if (key == 0) {
                break;
            }
            (void)snprintf(labels, sizeof(labels), "result=\"%s\",code=\"%lld\"", WORDS[result],
                           (long long)key - 1);
            metrics_sample(out, name, labels, metric_read(&codes->counts[i]));
        }
        if (metric_read(&codes->others) > 0) {
            (void)snprintf(labels, sizeof(labels), "result=\"%s\",code=\"other\"", WORDS[result]);
            metrics_sample(out, name, labels, metric_read(&codes->others));
        }
    }
    metrics_family(out, "dripline_provider_request_duration_seconds", "histogram",
                   "From a request to the provider to its answer or failure.");
    metrics_histogram(out, "dripline_provider_request_duration_seconds", "",
                      &METRICS.provider_latency);
    metrics_family(out, "dripline_provider_webhooks_total", "counter",
                   "Webhooks of the provider by verdict.");
    metrics_sample(out, "dripline_provider_webhooks_total", "verdict=\"accepted\"",
                   metric_read(&METRICS.webhooks_accepted));
    metrics_sample(out, "dripline_provider_webhooks_total", "verdict=\"refused\"",
                   metric_read(&METRICS.webhooks_refused));
}

static void add_sender(const struct service *service, struct buffer *out)
{
    struct delivery_stats stats;
    if (service->delivery == NULL) {
        return;
    }
    delivery_stats(service->delivery, &stats);
    single(out, "dripline_sender_in_flight", "gauge", "Requests to the provider under way.",
           stats.in_flight);
    single(out, "dripline_sender_passes_total", "counter",
           "Passes of the sender through the database.", stats.passes);
    single_double(out, "dripline_sender_last_pass_seconds", "gauge",
                  "How long the newest pass took.", (double)stats.last_pass_us / US_PER_S);
    metrics_family(out, "dripline_sender_state", "gauge", "1 for what the sender does now.");
    char labels[100];
    (void)snprintf(labels, sizeof(labels), "state=\"%s\"", delivery_idle_to_text(stats.idle));
    metrics_sample(out, "dripline_sender_state", labels, 1);
}

static enum error_code add_alerts(struct work *work, struct buffer *out, struct error *error)
{
    struct store_alert *alerts = NULL;
    size_t count = 0;
    int64_t open[ALERT_SEVERITY_COUNT] = {0};
    enum error_code code = alerts_list(work, false, 0, 0, &alerts, &count, error);
    for (size_t i = 0; i < count && code == OK; i++) {
        open[alerts[i].severity]++;
    }
    metrics_family(out, "dripline_alerts_open", "gauge", "Open alerts.");
    for (int i = 0; i < ALERT_SEVERITY_COUNT; i++) {
        char labels[100];
        (void)snprintf(labels, sizeof(labels), "severity=\"%s\"",
                       alert_severity_to_text((enum alert_severity)i));
        metrics_sample(out, "dripline_alerts_open", labels, open[i]);
    }
    return code;
}

/* ---- the database ---- */

static int64_t size_of(const char *directory, const char *name)
{
    struct stat facts;
    char *path = file_join(directory, name);
    int64_t size = stat(path, &facts) == 0 ? (int64_t)facts.st_size : 0;
    mem_free(path);
    return size;
}

static void add_writer(const struct service *service, struct buffer *out)
{
    struct writer_statistics writer;
    writer_statistics(store_writer(service->store), &writer);
    single(out, "dripline_writer_commits_total", "counter", "Commits.", writer.commits);
    single(out, "dripline_writer_failed_commits_total", "counter", "Commits that failed.",
           writer.failed_commits);
    single(out, "dripline_writer_jobs_total", "counter", "Jobs carried out.", writer.jobs);
    single(out, "dripline_writer_failed_jobs_total", "counter", "Jobs that failed and were undone.",
           writer.failed_jobs);
    single(out, "dripline_writer_queue_jobs", "gauge", "Jobs that wait.", writer.queue_size);
    single_double(out, "dripline_writer_longest_commit_seconds", "gauge",
                  "The longest commit since the start.",
                  (double)writer.longest_commit_us / US_PER_S);
    single(out, "dripline_writer_checkpoints_total", "counter",
           "Times the log was moved into the database file.", writer.checkpoints);
    single(out, "dripline_database_size_bytes", "gauge", "Size of the database file.",
           size_of(service->data_directory, "dripline.db"));
    single(out, "dripline_database_log_size_bytes", "gauge",
           "Size of the write-ahead log beside it.",
           size_of(service->data_directory, "dripline.db-wal"));
    single(out, "dripline_intent_journal_size_bytes", "gauge", "Size of the intent journal.",
           size_of(service->data_directory, "intent.journal"));
}

/* ---- the process ---- */

static int64_t count_descriptors(void)
{
    int64_t count = 0;
    DIR *directory = opendir("/proc/self/fd");
    const struct dirent *entry = NULL;
    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        count += entry->d_name[0] != '.';
    }
    if (directory != NULL) {
        (void)closedir(directory);
        count--; /* the one that listed them */
    }
    return count;
}

/* Fields of /proc/self/stat after the name, which may hold blanks: thread count, virtual size and
 * resident pages. */
static void add_memory(struct buffer *out)
{
    enum { FIELD_THREADS = 17, FIELD_VIRTUAL = 20, FIELD_RESIDENT = 21, FIELD_LAST = 22 };
    char line[STAT_MAX];
    int64_t values[FIELD_LAST] = {0};
    FILE *file = fopen("/proc/self/stat", "re");
    size_t size = file == NULL ? 0 : fread(line, 1, sizeof(line) - 1, file);
    if (file != NULL) {
        (void)fclose(file);
    }
    line[size] = '\0';
    const char *end = strrchr(line, ')');
    struct text rest = text_from(end == NULL || end[1] == '\0' ? "" : end + 2);
    struct text field;
    for (size_t i = 0; i < FIELD_LAST && text_next(&rest, ' ', &field); i++) {
        (void)text_to_int64(field, &values[i]);
    }
    single(out, "process_threads", "gauge", "Threads.", values[FIELD_THREADS]);
    single(out, "process_virtual_memory_bytes", "gauge", "Virtual memory size in bytes.",
           values[FIELD_VIRTUAL]);
    single(out, "process_resident_memory_bytes", "gauge", "Resident memory size in bytes.",
           values[FIELD_RESIDENT] * (int64_t)sysconf(_SC_PAGESIZE));
}

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / US_PER_S;
}

static void add_process(const struct service *service, struct buffer *out)
{
    struct rusage usage;
    struct rlimit limit;
    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        single_double(out, "process_cpu_seconds_total", "counter",
                      "Total user and system CPU time spent in seconds.",
                      seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime));
    }
    add_memory(out);
    single(out, "process_open_fds", "gauge", "Number of open file descriptors.",
           count_descriptors());
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        single(out, "process_max_fds", "gauge", "Maximum number of open file descriptors.",
               (int64_t)limit.rlim_cur);
    }
    single(out, "process_start_time_seconds", "gauge",
           "Start time of the process since unix epoch in seconds.", service->started_at_ms / 1000);
}

enum error_code metrics_report(struct work *work, const struct service *service, struct buffer *out,
                               struct error *error)
{
    char labels[100];
    (void)snprintf(labels, sizeof(labels), "version=\"%s\"", service->version);
    metrics_family(out, "dripline_build_info", "gauge", "1; the labels say what runs.");
    metrics_sample(out, "dripline_build_info", labels, 1);
    enum error_code code = add_queue(work, out, error);
    if (code == OK) {
        code = add_alerts(work, out, error);
    }
    if (code == OK) {
        add_sends(out);
        add_sender(service, out);
        add_writer(service, out);
        add_process(service, out);
    }
    return code;
}
