-- Alerts, schema version 3: what somebody should look at, one open row per cause.
CREATE TABLE alert (
    id                  INTEGER PRIMARY KEY,
    kind                TEXT    NOT NULL,       -- word of the table in service/alert_kinds.c
    cause               TEXT    NOT NULL,       -- kind and what it is about: "channel_held:2"
    severity            INTEGER NOT NULL,       -- enum alert_severity, store/store_alert.h
    title               TEXT    NOT NULL,
    advice              TEXT    NOT NULL,
    link                TEXT    NOT NULL,       -- page of the UI where it is put right
    sequence_id         INTEGER,
    channel_id          INTEGER,
    batch_id            INTEGER,
    opened_at_ms        INTEGER NOT NULL,
    closed_at_ms        INTEGER,                -- NULL: open
    acknowledged_at_ms  INTEGER,
    acknowledged_by     TEXT    NOT NULL DEFAULT '',
    muted_until_ms      INTEGER
);
CREATE UNIQUE INDEX alert_open ON alert (cause) WHERE closed_at_ms IS NULL;
CREATE INDEX alert_by_cause ON alert (cause, id);

-- Rows of the audit trail are neither changed nor deleted.
CREATE TRIGGER audit_remains BEFORE DELETE ON audit
BEGIN
    SELECT raise(ABORT, 'audit rows are never deleted');
END;
