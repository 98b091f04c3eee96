-- Version 5: numbers for the pages of results: series in any zone, cohorts by enrollment day, and
-- which message a reply or an opt-out followed.

-- What happened, by the time it was written down. One row per sequence and stretch of time, in
-- three widths, so that any span whose ends lie on a quarter of an hour (days of every zone do) is
-- added up from few rows. sequence_id 0 holds everything together, opt-outs of people in no
-- sequence included.
CREATE TABLE counter_time (
    sequence_id  INTEGER NOT NULL,
    width        INTEGER NOT NULL,              -- 0 quarter of an hour, 1 hour, 2 day, all of UTC
    at_ms        INTEGER NOT NULL,              -- start of the stretch
    sent         INTEGER NOT NULL,
    failed       INTEGER NOT NULL,
    skipped      INTEGER NOT NULL,
    cancelled    INTEGER NOT NULL,
    unknown      INTEGER NOT NULL,
    delivered    INTEGER NOT NULL,
    read         INTEGER NOT NULL,
    replied      INTEGER NOT NULL,
    opted_out    INTEGER NOT NULL,
    enrolled     INTEGER NOT NULL,
    completed    INTEGER NOT NULL,
    PRIMARY KEY (sequence_id, width, at_ms)
) WITHOUT ROWID;

-- What was counted by whole hours stands in their first quarter.
INSERT INTO counter_time
SELECT s.id, w.width, h.hour_at_ms - h.hour_at_ms % w.size,
       sum(CASE h.outcome WHEN 2 THEN h.count ELSE 0 END),
       sum(CASE h.outcome WHEN 3 THEN h.count ELSE 0 END),
       sum(CASE h.outcome WHEN 4 THEN h.count ELSE 0 END),
       sum(CASE h.outcome WHEN 5 THEN h.count ELSE 0 END),
       sum(CASE h.outcome WHEN 6 THEN h.count ELSE 0 END),
       sum(CASE h.outcome WHEN 7 THEN h.count ELSE 0 END),
       sum(CASE h.outcome WHEN 8 THEN h.count ELSE 0 END),
       sum(CASE h.outcome WHEN 9 THEN h.count ELSE 0 END),
       sum(CASE h.outcome WHEN 10 THEN h.count ELSE 0 END),
       sum(CASE h.outcome WHEN 100 THEN h.count ELSE 0 END),
       sum(CASE h.outcome WHEN 101 THEN h.count ELSE 0 END)
FROM (SELECT 0 AS id UNION ALL SELECT id FROM sequence) AS s
CROSS JOIN (SELECT 0 AS width, 900000 AS size UNION ALL SELECT 1, 3600000
            UNION ALL SELECT 2, 86400000) AS w
JOIN counter_hour AS h ON h.sequence_id = s.id
    OR (s.id = 0 AND (h.sequence_id <> 0 OR h.outcome = 10))
WHERE NOT (h.sequence_id = 0 AND h.outcome <> 10)
GROUP BY 1, 2, 3;
DROP TABLE counter_hour;

-- The counters of a step, and of a sequence's people, once more by when the people were enrolled.
-- For every sequence and step the rows add up to `counter`. step_id 0 counts people by status:
-- waiting … cancelled then stand for active, paused, completed, stopped, opted out, failed.
CREATE TABLE counter_cohort (
    sequence_id   INTEGER NOT NULL,
    cohort_at_ms  INTEGER NOT NULL,             -- start of the quarter of an hour of enrolled_at_ms
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
    PRIMARY KEY (sequence_id, cohort_at_ms, step_id)
) WITHOUT ROWID;

-- The person's own times. A reply or an opt-out belongs to the last message accepted before it.
ALTER TABLE message ADD COLUMN replied_at_ms INTEGER;
ALTER TABLE message ADD COLUMN opted_out_at_ms INTEGER;

UPDATE message SET replied_at_ms = reply.at_ms
FROM (SELECT (SELECT m.id FROM message m WHERE m.enrollment_id = i.enrollment_id
              AND m.sent_at_ms <= i.at_ms + 999 ORDER BY m.sent_at_ms DESC, m.id DESC LIMIT 1)
          AS message_id, min(i.at_ms) AS at_ms
      FROM inbound_message i WHERE i.enrollment_id IS NOT NULL GROUP BY 1) AS reply
WHERE reply.message_id = message.id;

UPDATE message SET opted_out_at_ms = word.at_ms
FROM (SELECT (SELECT m.id FROM message m WHERE m.enrollment_id = e.id
              AND m.sent_at_ms IS NOT NULL ORDER BY m.sent_at_ms DESC, m.id DESC LIMIT 1)
          AS message_id, e.ended_at_ms AS at_ms
      FROM enrollment e WHERE e.status = 4) AS word
WHERE word.message_id = message.id;
