/* `dripline simulate SEQUENCE LIST.csv`: plays the schedule for every person of a list, each in
 * their own time zone, with the function that also plans the real messages. Sends and writes
 * nothing. */
#include "cli/cli.h"

#include "base/ids.h"
#include "base/instant.h"
#include "base/json_writer.h"
#include "cli/cli_out.h"
#include "cli/cli_reader.h"
#include "service/import_source.h"
#include "service/planning.h"
#include "service/simulate.h"

#include <stdio.h>
#include <string.h>

enum { READ_PIECE = 4 * 1024 * 1024 };

struct simulate_run {
    struct planning planning;
    struct simulation simulation;
    int64_t now_ms;
    int64_t refused;
    int64_t guessed_zones;
};

static int64_t position_of(const struct import_person *person)
{
    if (person->current_day > 0) {
        return schedule_position_after_day((int32_t)person->current_day);
    }
    return person->start_day > 0 ? schedule_position_before_day((int32_t)person->start_day) : 0;
}

static bool play_row(void *context, const struct import_row *row)
{
    struct simulate_run *run = context;
    if (row->person == NULL) {
        run->refused++;
        return true;
    }
    struct text zone = row->person->timezone;
    if (zone.size == 0 && row->person->phone.zone != NULL) {
        zone = text_from(row->person->phone.zone);
        run->guessed_zones++;
    }
    const struct schedule_person person = {
        .zone = planning_zone(&run->planning, zone).zone,
        .enrolled_at_ms =
            row->person->enrolled_at_ms != 0 ? row->person->enrolled_at_ms : run->now_ms,
        .position = position_of(row->person),
    };
    simulate_person(&run->simulation, &run->planning.plan, &person, run->now_ms, 1);
    return true;
}

static enum error_code play_file(struct simulate_run *run, const char *path,
                                 const struct import_options *options, struct error *error)
{
    CLEANUP(import_source_free) struct import_source *source = NULL;
    bool more = true;
    enum error_code code = import_source_open(path, options, &source, error);
    while (code == OK && more) {
        code = import_source_read(source, READ_PIECE, play_row, run, &more, error);
    }
    return code;
}

static void print_json(const struct simulate_run *run)
{
    CLEANUP_IN_PLACE(buffer_done) struct buffer buffer = {0};
    struct json_writer writer;
    const struct simulation *simulation = &run->simulation;
    buffer_init(&buffer, 16 * 1024 * 1024);
    json_writer_init(&writer, &buffer);
    json_object_begin(&writer);
    json_field_int64(&writer, "people", simulation->people);
    json_field_int64(&writer, "refused", run->refused);
    json_field_int64(&writer, "messages", simulation->messages);
    json_field_time_or_null(&writer, "first_at", simulation->first_at_ms);
    json_field_time_or_null(&writer, "last_at", simulation->last_at_ms);
    json_field_int64(&writer, "late", simulation->late);
    json_key(&writer, "per_day");
    json_array_begin(&writer);
    for (size_t at = 0; at < simulation->day_count; at++) {
        char date[INSTANT_TEXT_MAX];
        json_object_begin(&writer);
        json_field_chars(&writer, "date",
                         civil_format(civil_from_days(simulation->days[at].day), date));
        json_field_int64(&writer, "count", simulation->days[at].count);
        json_object_end(&writer);
    }
    json_array_end(&writer);
    json_object_end(&writer);
    cli_print_buffer(&buffer);
}

static void print_table(const struct simulate_run *run)
{
    const struct simulation *simulation = &run->simulation;
    int64_t most = 1;
    for (size_t at = 0; at < simulation->day_count; at++) {
        most = simulation->days[at].count > most ? simulation->days[at].count : most;
    }
    (void)printf("%lld people, %lld messages\n", (long long)simulation->people,
                 (long long)simulation->messages);
    for (size_t at = 0; at < simulation->day_count; at++) {
        char date[INSTANT_TEXT_MAX];
        int width = (int)(simulation->days[at].count * 40 / most);
        (void)printf("%s %9lld %.*s\n",
                     civil_format(civil_from_days(simulation->days[at].day), date),
                     (long long)simulation->days[at].count, width > 0 ? width : 1,
                     "########################################");
    }
    if (run->refused > 0) {
        (void)printf("%lld rows were not understood: `dripline import --dry-run` says why\n",
                     (long long)run->refused);
    }
    if (simulation->late > 0) {
        (void)printf("%lld messages would be skipped as too late\n", (long long)simulation->late);
    }
    if (simulation->never_open > 0) {
        (void)printf("%lld people could never be written to: the send window is never open\n",
                     (long long)simulation->never_open);
    }
}

static int simulate(struct cli *cli)
{
    CLEANUP(cli_reader_close) struct cli_reader *reader = NULL;
    struct simulate_run run = {0};
    struct error error = {0};
    int64_t sequence_id = 0;
    const char *country = cli_value(cli, "--country");
    const char *from = cli_value(cli, "--enrolled-at");
    const struct import_options options = {
        .format = IMPORT_TABLE, .country = text_from(country), .header = -1};
    enum error_code code = OK;
    if (!id_parse(ID_SEQUENCE, text_from(cli->arguments[0]), &sequence_id)) {
        code = error_set(&error, ERROR_INVALID, "\"%s\" is no id of a sequence, like seq_001",
                         cli->arguments[0]);
    } else if (from != NULL && !instant_parse(text_from(from), &run.now_ms)) {
        code = error_set(&error, ERROR_INVALID,
                         "--enrolled-at takes a time like "
                         "2026-01-05T09:00:00Z");
    }
    if (code == OK) {
        code = cli_reader_open(cli, &reader, &error);
    }
    if (code == OK) {
        struct work *work = cli_reader_work(reader);
        run.now_ms = from == NULL ? work->now_ms : run.now_ms;
        simulate_init(&run.simulation, work->arena);
        code = planning_open(&run.planning, work, sequence_id, &error);
    }
    if (code == OK) {
        code = play_file(&run, cli->arguments[1], &options, &error);
    }
    if (code != OK) {
        return cli_fail(cli, &error);
    }
    simulate_finish(&run.simulation);
    if (cli->json) {
        print_json(&run);
    } else {
        print_table(&run);
    }
    return CLI_OK;
}

const struct cli_spec CLI_SIMULATE[] = {
    {.name = "",
     .arguments = "SEQUENCE LIST.csv",
     .summary = "say how many messages would fall on which day, without sending",
     .help =
         "Every person of the list is taken as enrolled now, in the time zone of the list or of\n"
         "the number's country, and every message as sent at its moment.",
     .least = 2,
     .most = 2,
     .flags = {{"--enrolled-at", "TIME", "enroll all at this moment in place of now"},
               {"--country", "IN", "the country of numbers without country code"}},
     .run = simulate},
    {0},
};
