-- Outgoing webhooks: who wants to hear of which events, and each delivery of one event to one of
-- them. Deliveries are derived from the event log: a webhook's cursor moves in the transaction that
-- adds the rows, so no event is lost or derived twice.
CREATE TABLE webhook (
    id                 INTEGER PRIMARY KEY,
    url                TEXT    NOT NULL,
    description        TEXT    NOT NULL DEFAULT '',
    types              TEXT    NOT NULL,           -- comma-separated types or families; '' = all
    state              INTEGER NOT NULL DEFAULT 0, -- 0 active, 1 disabled
    state_reason       TEXT,                       -- "gone", "failures", "person"
    state_at_ms        INTEGER,
    secrets            BLOB,                       -- sealed JSON: current and previous secret
    previous_until_ms  INTEGER,                    -- until then the previous secret signs too
    cursor             INTEGER NOT NULL,           -- newest event that was looked at
    delivered          INTEGER NOT NULL DEFAULT 0, -- deliveries accepted by the receiver
    failed             INTEGER NOT NULL DEFAULT 0, -- deliveries given up
    failing_since_ms   INTEGER,                    -- first failure since the last success
    last_success_at_ms INTEGER,
    last_failure_at_ms INTEGER,
    last_error         TEXT,
    created_at_ms      INTEGER NOT NULL,
    updated_at_ms      INTEGER NOT NULL,
    removed_at_ms      INTEGER
);

CREATE TABLE webhook_delivery (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    webhook_id       INTEGER NOT NULL REFERENCES webhook (id),
    event_id         INTEGER NOT NULL,
    type             TEXT    NOT NULL,           -- type of the event as receivers see it
    state            INTEGER NOT NULL DEFAULT 0, -- 0 pending, 1 on its way, 2 delivered, 3 failed
    attempts         INTEGER NOT NULL DEFAULT 0, -- requests made in all
    tries            INTEGER NOT NULL DEFAULT 0, -- requests since the start of the retry schedule
    next_at_ms       INTEGER NOT NULL,
    http_status      INTEGER,                    -- of the newest answer; NULL: none came
    duration_ms      INTEGER,
    error            TEXT,
    attempted_at_ms  INTEGER,
    created_at_ms    INTEGER NOT NULL,
    UNIQUE (webhook_id, event_id)
);
CREATE INDEX webhook_delivery_pending ON webhook_delivery (webhook_id, next_at_ms) WHERE state = 0;
CREATE INDEX webhook_delivery_sending ON webhook_delivery (id) WHERE state = 1;
