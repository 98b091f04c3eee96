/* A file of time zone rules (TZif): whatever its bytes, it is refused or gives changes in order,
 * and every moment has its local time. */
#include "fuzz.h"

#include "base/mem.h"
#include "base/zone_internal.h"

static void check_moment(const struct zone *zone, int64_t utc_ms)
{
    enum zone_fit fit;
    int64_t local_ms = zone_to_local(zone, utc_ms);
    CHECK(local_ms - utc_ms <= ZONE_OFFSET_LIMIT_MS && utc_ms - local_ms <= ZONE_OFFSET_LIMIT_MS);
    int64_t back_ms = zone_from_local(zone, local_ms, &fit);
    CHECK(back_ms - utc_ms <= 2 * ZONE_OFFSET_LIMIT_MS &&
          utc_ms - back_ms <= 2 * ZONE_OFFSET_LIMIT_MS);
    int64_t end_ms = 0;
    CHECK(zone_stretch(zone, utc_ms, &end_ms) == local_ms - utc_ms && end_ms > utc_ms);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct zone *zone = mem_zalloc(sizeof(*zone));
    if (zone_file_read(text_make((const char *)data, size), zone)) {
        for (size_t i = 1; i < zone->count; i++) {
            CHECK(zone->at_ms[i - 1] < zone->at_ms[i]);
        }
        for (int64_t year = -100; year <= 500; year += 7) {
            check_moment(zone, year * INT64_C(31556952000));
        }
        mem_free(zone->at_ms);
        mem_free(zone->offset_ms);
    }
    mem_free(zone);
    return 0;
}
