-- Version 13: cohorts by hour and by day as well, so that the days of any zone are put together
-- from few rows: whole days of UTC, and the hours and quarters between their edges and the zone's.
CREATE TABLE cohort_by_width (
    sequence_id   INTEGER NOT NULL,
    width         INTEGER NOT NULL,             -- 0 quarter of an hour, 1 hour, 2 day, all of UTC
    cohort_at_ms  INTEGER NOT NULL,             -- start of the stretch that holds enrolled_at_ms
    step_id       INTEGER NOT NULL,
    waiting       INTEGER NOT NULL,
    queued        INTEGER NOT NULL,
    sent          INTEGER NOT NULL,
    failed        INTEGER NOT NULL,
    skipped       INTEGER NOT NULL,
    cancelled     INTEGER NOT NULL,
    unknown       INTEGER NOT NULL,
    delivered     INTEGER NOT NULL,
    read          INTEGER NOT NULL,
    replied       INTEGER NOT NULL,
    opted_out     INTEGER NOT NULL,
    PRIMARY KEY (sequence_id, width, cohort_at_ms, step_id)
) WITHOUT ROWID;

INSERT INTO cohort_by_width
SELECT c.sequence_id, w.width, c.cohort_at_ms - ((c.cohort_at_ms % w.size) + w.size) % w.size,
       c.step_id, sum(c.waiting), sum(c.queued), sum(c.sent), sum(c.failed), sum(c.skipped),
       sum(c.cancelled), sum(c.unknown), sum(c.delivered), sum(c.read), sum(c.replied),
       sum(c.opted_out)
FROM counter_cohort AS c
CROSS JOIN (SELECT 0 AS width, 900000 AS size UNION ALL SELECT 1, 3600000
            UNION ALL SELECT 2, 86400000) AS w
GROUP BY 1, 2, 3, 4;
DROP TABLE counter_cohort;
ALTER TABLE cohort_by_width RENAME TO counter_cohort;
