-- Version 11: why messages failed, by the time it was written down, and people by when they were
-- added.

-- `counter_time.failed` once more by reason: for every sequence, width and stretch the rows add up
-- to it. reason as in `counter`; sequence_id 0 holds everything together.
CREATE TABLE counter_failure (
    sequence_id  INTEGER NOT NULL,
    width        INTEGER NOT NULL,              -- 0 quarter of an hour, 1 hour, 2 day, all of UTC
    at_ms        INTEGER NOT NULL,              -- start of the stretch
    reason       INTEGER NOT NULL,
    count        INTEGER NOT NULL,
    PRIMARY KEY (sequence_id, width, at_ms, reason)
) WITHOUT ROWID;

-- What failed before and is failed still, by its reason …
INSERT INTO counter_failure
SELECT s.id, w.width, m.failed_at_ms - m.failed_at_ms % w.size,
       CASE WHEN m.error_code <> 0 THEN 1000000 + m.error_code ELSE m.reason END, count(*)
FROM message AS m
JOIN (SELECT 0 AS id UNION ALL SELECT id FROM sequence) AS s ON s.id IN (0, m.sequence_id)
CROSS JOIN (SELECT 0 AS width, 900000 AS size UNION ALL SELECT 1, 3600000
            UNION ALL SELECT 2, 86400000) AS w
WHERE m.state = 6 AND m.failed_at_ms IS NOT NULL AND m.sequence_id <> 0
GROUP BY 1, 2, 3, 4;
-- … and the rest of what had been counted, whose reason was not kept, without one.
INSERT INTO counter_failure
SELECT both.sequence_id, both.width, both.at_ms, 0, sum(both.failed)
FROM (SELECT sequence_id, width, at_ms, failed FROM counter_time
      UNION ALL SELECT sequence_id, width, at_ms, -count FROM counter_failure) AS both
GROUP BY 1, 2, 3 HAVING sum(both.failed) <> 0
ON CONFLICT (sequence_id, width, at_ms, reason)
DO UPDATE SET count = counter_failure.count + excluded.count;

-- created_at_ms grows with the id, so new rows go to the end.
CREATE INDEX enrollment_by_time ON enrollment (created_at_ms);
