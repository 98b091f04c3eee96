/* The verify command's work: the checks of one statement each, the counters against the rows, and
 * the people nobody thinks of. */
#include "service/verify.h"

#include "base/ids.h"
#include "base/instant.h"
#include "base/json_writer.h"
#include "service/tally.h"
#include "store/counters.h"
#include "store/db.h"
#include "store/store.h"
#include "store/store_cohort.h"
#include "store/store_verify.h"

#include <string.h>

enum { FORGOTTEN_CHUNK = 1000 };

struct verify_run {
    struct work *work;
    struct verify_report *report;
    size_t capacity;
    bool repair;
};

static struct verify_finding *add_finding(struct verify_run *run, struct text code)
{
    struct verify_report *report = run->report;
    if (report->finding_count == run->capacity) {
        size_t capacity = run->capacity == 0 ? 32 : run->capacity * 2;
        struct verify_finding *findings =
            arena_array(run->work->arena, capacity, sizeof(*findings));
        if (report->finding_count > 0) {
            memcpy(findings, report->findings, report->finding_count * sizeof(*findings));
        }
        report->findings = findings;
        run->capacity = capacity;
    }
    struct verify_finding *finding = &report->findings[report->finding_count++];
    finding->code = code;
    finding->serious = true;
    return finding;
}

static enum error_code run_checks(struct verify_run *run, struct error *error)
{
    enum error_code code = OK;
    for (size_t at = 0; at < store_check_count() && code == OK; at++) {
        const struct store_check *check = store_check_at(at);
        int64_t count = 0;
        code = store_check_run(run->work, at, &count, error);
        if (code != OK || count == 0) {
            continue;
        }
        struct verify_finding *finding = add_finding(run, text_from(check->name));
        finding->count = count;
        finding->message = text_from(check->sentence);
        finding->serious = check->severity != CHECK_NOTE;
        finding->repairable = check->severity == CHECK_REPAIRABLE;
        if (finding->repairable && run->repair) {
            code = store_check_repair(run->work, at, &count, error);
            finding->repaired = code == OK;
        }
    }
    return code;
}

/* People whom the plan lost: planning them again is exactly what an orderly run would have done. */
static enum error_code find_forgotten(struct verify_run *run, struct error *error)
{
    struct progress progress;
    int64_t after_id = 0;
    int64_t found = 0;
    size_t count = FORGOTTEN_CHUNK;
    enum error_code code = OK;
    progress_init(&progress, run->work);
    while (code == OK && count == FORGOTTEN_CHUNK) {
        int64_t *ids = NULL;
        code = store_verify_forgotten(run->work, after_id, FORGOTTEN_CHUNK, &ids, &count, error);
        for (size_t at = 0; at < count && code == OK; at++) {
            after_id = ids[at];
            found++;
            if (run->repair) {
                code = progress_plan(&progress, ids[at], error);
            }
        }
    }
    if (code == OK && found > 0) {
        struct verify_finding *finding = add_finding(run, TEXT("forgotten"));
        finding->count = found;
        finding->message = TEXT("active people for whom nothing is planned");
        finding->repairable = true;
        finding->repaired = run->repair;
    }
    return code;
}

static void describe_difference(struct verify_run *run, const struct tally_difference *difference)
{
    char sequence[ID_TEXT_MAX];
    char step[ID_TEXT_MAX];
    char instant[INSTANT_TEXT_MAX];
    const char *outcome = "skipped and cancelled";
    struct verify_finding *finding = add_finding(run, TEXT("counter"));
    (void)id_format(ID_SEQUENCE, difference->sequence_id, sequence);
    if (difference->step_id == 0) {
        outcome = enrollment_status_to_text((enum enrollment_status)difference->outcome);
    } else if (difference->outcome >= 0) {
        outcome = step_outcome_to_text((enum step_outcome)difference->outcome);
    }
    finding->count = 1;
    finding->repairable = true;
    finding->repaired = run->repair;
    bool cohort = difference->cohort_at_ms != -1;
    finding->message = arena_format(
        run->work->arena, "%s %s%s%s: %s is counted as %lld, the rows say %lld", sequence,
        difference->step_id == 0 ? "people" : id_format(ID_STEP, difference->step_id, step),
        cohort ? " enrolled at " : "",
        cohort ? instant_format(difference->cohort_at_ms, instant) : "", outcome,
        (long long)difference->stored, (long long)difference->counted);
}

static enum error_code verify_counters(struct verify_run *run, struct error *error)
{
    int64_t *ids = NULL;
    size_t count = 0;
    enum error_code code = store_verify_sequences(run->work, &ids, &count, error);
    for (size_t at = 0; at < count && code == OK; at++) {
        struct tally tally;
        struct tally_difference *differences = NULL;
        size_t difference_count = 0;
        code = tally_sequence(run->work, ids[at], &tally, error);
        if (code == OK) {
            code = tally_compare(run->work, &tally, &differences, &difference_count, error);
        }
        if (code != OK) {
            return code;
        }
        run->report->sequences++;
        run->report->people += tally.people;
        for (size_t one = 0; one < difference_count; one++) {
            describe_difference(run, &differences[one]);
        }
        if (difference_count > 0 && run->repair) {
            code = tally_write(run->work, &tally, error);
        }
    }
    return code;
}

static enum error_code recount(struct work *work, void *context, struct error *error)
{
    (void)context;
    int64_t *ids = NULL;
    size_t count = 0;
    bool missing = false;
    enum error_code code = store_cohort_missing(work, &missing, error);
    if (code == OK && missing) {
        code = store_verify_sequences(work, &ids, &count, error);
    }
    for (size_t at = 0; at < count && code == OK; at++) {
        struct tally tally;
        code = tally_sequence(work, ids[at], &tally, error);
        if (code == OK) {
            code = tally_write(work, &tally, error);
        }
    }
    return code;
}

enum error_code verify_upgrade(struct store *store, struct error *error)
{
    return writer_do_alone(store_writer(store), recount, NULL, error);
}

static enum error_code check_file(struct verify_run *run, struct error *error)
{
    struct text findings = {0};
    enum error_code code = db_integrity(run->work->db, run->work->arena, &findings, error);
    if (code == OK && !text_equal(findings, TEXT("ok"))) {
        struct verify_finding *finding = add_finding(run, TEXT("file"));
        finding->count = 1;
        finding->message = findings;
    }
    return code;
}

static enum error_code run_all(struct verify_run *run, struct error *error)
{
    enum error_code code = run_checks(run, error);
    if (code == OK) {
        code = find_forgotten(run, error);
    }
    if (code == OK && run->repair) {
        /* Planning may have moved counters; the rows decide, so the job's own changes are dropped
         * before the counters are written anew. */
        counters_drop(run->work->counters);
    }
    if (code == OK) {
        code = verify_counters(run, error);
    }
    run->report->sound = true;
    for (size_t at = 0; at < run->report->finding_count; at++) {
        const struct verify_finding *finding = &run->report->findings[at];
        run->report->sound = run->report->sound && (!finding->serious || finding->repaired);
    }
    return code;
}

enum error_code verify_look(struct work *work, bool whole_file, struct verify_report *ret_report,
                            struct error *error)
{
    struct verify_report report = {0};
    struct verify_run run = {.work = work, .report = &report};
    enum error_code code = whole_file ? check_file(&run, error) : OK;
    if (code == OK) {
        code = run_all(&run, error);
    }
    if (code == OK) {
        *ret_report = report;
    }
    return code;
}

enum error_code verify_repair(struct work *work, struct verify_report *ret_report,
                              struct error *error)
{
    struct verify_report report = {0};
    struct verify_run run = {.work = work, .report = &report, .repair = true};
    enum error_code code = run_all(&run, error);
    if (code == OK) {
        *ret_report = report;
    }
    return code;
}

void verify_encode(struct json_writer *writer, const struct verify_report *report)
{
    json_object_begin(writer);
    json_field_bool(writer, "sound", report->sound);
    json_field_int64(writer, "sequences", report->sequences);
    json_field_int64(writer, "people", report->people);
    json_key(writer, "findings");
    json_array_begin(writer);
    for (size_t at = 0; at < report->finding_count; at++) {
        const struct verify_finding *finding = &report->findings[at];
        json_object_begin(writer);
        json_field_text(writer, "code", finding->code);
        json_field_text(writer, "message", finding->message);
        json_field_int64(writer, "count", finding->count);
        json_field_bool(writer, "serious", finding->serious);
        json_field_bool(writer, "repairable", finding->repairable);
        json_field_bool(writer, "repaired", finding->repaired);
        json_object_end(writer);
    }
    json_array_end(writer);
    json_object_end(writer);
}

static enum error_code repair_and_write(struct work *work, void *context, struct error *error)
{
    struct verify_report report;
    enum error_code code = verify_repair(work, &report, error);
    if (code == OK) {
        verify_encode(context, &report);
    }
    return code;
}

enum error_code verify_repair_now(struct service *service, struct json_writer *writer,
                                  struct error *error)
{
    return writer_do_alone(store_writer(service->store), repair_and_write, writer, error);
}
