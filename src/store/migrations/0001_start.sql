-- The schema, version 1.
--
-- Units: every …_at_ms is UTC milliseconds since 1970, NULL when it has not happened; …_ms alone is
-- a duration; minutes are minutes after local midnight. Enums are small integers; the named header
-- holds their values and words. JSON columns hold one object or array as text.
-- Ids are integer primary keys that grow with time, so neighbours in time are neighbours on disk.
-- What changes often stands in narrow rows; what never changes stands in rows of its own.

-- One row: who this installation is. Written at creation and by a restore.
CREATE TABLE installation (
    id             INTEGER PRIMARY KEY CHECK (id = 1),
    install_id     TEXT    NOT NULL,            -- random, stands in every callback token
    epoch          INTEGER NOT NULL,            -- raised by every restore; stands in every token
    fence_reason   TEXT,                        -- why sending is fenced off; NULL: it is not
    fenced_at_ms   INTEGER,
    created_at_ms  INTEGER NOT NULL
);

-- One row per start of a process that may send.
CREATE TABLE instance (
    id             INTEGER PRIMARY KEY,
    boot_id        TEXT    NOT NULL,            -- the kernel's id of this boot of the machine
    epoch          INTEGER NOT NULL,
    started_at_ms  INTEGER NOT NULL,
    beat_at_ms     INTEGER NOT NULL,            -- wall clock at the last sign of life
    beat_boot_ms   INTEGER NOT NULL,            -- monotonic clock at that moment
    stopped_at_ms  INTEGER                      -- set by an orderly stop
);

CREATE TABLE setting (
    key            TEXT PRIMARY KEY,            -- "timezone", "quiet_hours" …
    value          TEXT    NOT NULL,            -- JSON value
    updated_at_ms  INTEGER NOT NULL
) WITHOUT ROWID;

-- A WhatsApp sending number.
CREATE TABLE channel (
    id               INTEGER PRIMARY KEY,
    provider         TEXT    NOT NULL,          -- word of the provider: "meta", "simulator" …
    name             TEXT    NOT NULL,
    phone            INTEGER,                   -- E.164 digits as people see it
    sender_id        TEXT    NOT NULL,          -- the provider's id of the number
    account_id       TEXT,                      -- the provider's id of the account
    is_default       INTEGER NOT NULL DEFAULT 0,
    state            INTEGER NOT NULL DEFAULT 0, -- 0 ready, 1 paused by a person, 2 held by the breaker
    state_reason     TEXT,
    state_at_ms      INTEGER,
    probe_at_ms      INTEGER,                   -- when a held channel is tried again
    rate_per_second  INTEGER NOT NULL DEFAULT 80,
    in_flight_max    INTEGER NOT NULL DEFAULT 0, -- 0: derived from rate and latency
    tier_limit       INTEGER NOT NULL DEFAULT 0, -- unique people per 24 h, 0: no limit
    quality          TEXT,                      -- the provider's word: GREEN, YELLOW, RED
    settings         TEXT    NOT NULL DEFAULT '{}', -- JSON: addresses and choices, no secrets
    secrets          BLOB,                      -- sealed JSON: tokens and signing secrets
    version          INTEGER NOT NULL DEFAULT 1,
    created_at_ms    INTEGER NOT NULL,
    updated_at_ms    INTEGER NOT NULL,
    removed_at_ms    INTEGER
);
CREATE UNIQUE INDEX channel_sender ON channel (provider, sender_id) WHERE removed_at_ms IS NULL;

CREATE TABLE template (
    channel_id     INTEGER NOT NULL REFERENCES channel (id),
    name           TEXT    NOT NULL,
    language       TEXT    NOT NULL,            -- "en", "pt_BR"
    status         TEXT    NOT NULL,            -- the provider's word: APPROVED, PAUSED …
    category       TEXT    NOT NULL,            -- MARKETING, UTILITY, AUTHENTICATION
    quality        TEXT,
    provider_id    TEXT,
    format         TEXT    NOT NULL DEFAULT 'POSITIONAL', -- POSITIONAL or NAMED parameters
    components     TEXT    NOT NULL,            -- JSON array as the provider lists it
    updated_at_ms  INTEGER NOT NULL,
    PRIMARY KEY (channel_id, name, language)
) WITHOUT ROWID;

CREATE TABLE sequence (
    id                  INTEGER PRIMARY KEY,
    status              INTEGER NOT NULL,       -- enum sequence_status, domain/sequence.h
    version             INTEGER NOT NULL,       -- number of the newest sequence_version; the ETag
    channel_id          INTEGER,                -- NULL: the default channel
    send_minute         INTEGER,                -- time of day of Day 2 and later; NULL: as enrolled
    window_days         INTEGER,                -- bits, 1 = Monday … 64 = Sunday; NULL: always open
    window_from_minute  INTEGER NOT NULL DEFAULT 0,
    window_to_minute    INTEGER NOT NULL DEFAULT 0,
    on_reply            INTEGER NOT NULL DEFAULT 0, -- enum in domain/sequence.h, like the next two
    reenroll            INTEGER NOT NULL DEFAULT 0,
    late_action         INTEGER NOT NULL DEFAULT 0,
    max_late_ms         INTEGER NOT NULL DEFAULT 259200000,
    timezone            TEXT,                   -- IANA name; NULL: the server's setting
    name                TEXT    NOT NULL,
    description         TEXT    NOT NULL DEFAULT '',
    settings            TEXT    NOT NULL DEFAULT '{}', -- JSON: choices without a column of their own
    created_at_ms       INTEGER NOT NULL,
    updated_at_ms       INTEGER NOT NULL,
    removed_at_ms       INTEGER                 -- deleted by a person; kept for its messages
);

CREATE TABLE sequence_version (
    sequence_id    INTEGER NOT NULL REFERENCES sequence (id),
    version        INTEGER NOT NULL,
    definition     TEXT    NOT NULL,            -- JSON of the whole sequence as it was saved
    comment        TEXT    NOT NULL DEFAULT '', -- "restored from version 3"
    actor          TEXT    NOT NULL,
    created_at_ms  INTEGER NOT NULL,
    PRIMARY KEY (sequence_id, version)
) WITHOUT ROWID;

-- Steps of the current version, and removed ones that messages still point to.
CREATE TABLE step (
    id             INTEGER PRIMARY KEY,
    sequence_id    INTEGER NOT NULL REFERENCES sequence (id),
    ordinal        INTEGER NOT NULL,            -- grows with the place in messages[]; breaks ties
    day            INTEGER NOT NULL,            -- 1 = the day of enrollment
    minute         INTEGER,                     -- its own time of day; NULL: the sequence's
    type           INTEGER NOT NULL,            -- enum step_type: text, media, template
    media_type     INTEGER NOT NULL DEFAULT 0,
    message        TEXT    NOT NULL DEFAULT '', -- text or caption with placeholders
    media_url      TEXT,
    filename       TEXT,
    template       TEXT,                        -- JSON {name, language, header, body, buttons}
    settings       TEXT    NOT NULL DEFAULT '{}', -- JSON: choices without a column of their own
    created_at_ms  INTEGER NOT NULL,
    removed_at_ms  INTEGER
);
CREATE INDEX step_by_sequence ON step (sequence_id, ordinal);

CREATE TABLE contact (
    id              INTEGER PRIMARY KEY,
    phone           INTEGER UNIQUE,             -- E.164 digits; NULL: erased, or only a user id
    suppressed      INTEGER NOT NULL DEFAULT 0, -- bits: 1 everything, 2 marketing
    erased          INTEGER NOT NULL DEFAULT 0, -- 1: asked to be forgotten
    timezone_source INTEGER NOT NULL DEFAULT 0, -- 0 none, 1 guessed from the phone's country, 2 given
    timezone        TEXT,                       -- IANA name
    name            TEXT    NOT NULL DEFAULT '',
    fields          TEXT    NOT NULL DEFAULT '{}', -- JSON object of texts: the custom fields
    wa_id           INTEGER,                    -- WhatsApp's digits where they differ from phone
    user_id         TEXT,                       -- WhatsApp's business-scoped user id
    consent         TEXT,                       -- JSON: text version, time, address, source
    created_at_ms   INTEGER NOT NULL,
    updated_at_ms   INTEGER NOT NULL
);
CREATE UNIQUE INDEX contact_by_user_id ON contact (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX contact_by_wa_id ON contact (wa_id) WHERE wa_id IS NOT NULL;
CREATE INDEX contact_suppressed ON contact (id) WHERE suppressed <> 0;

-- When a person last wrote to a channel: free text may reach them for 24 hours after it.
CREATE TABLE contact_window (
    contact_id          INTEGER NOT NULL,
    channel_id          INTEGER NOT NULL,
    last_inbound_at_ms  INTEGER NOT NULL,
    PRIMARY KEY (contact_id, channel_id)
) WITHOUT ROWID;

-- The ledger of opt-outs, by keyed hash, so that it outlives the erasure of the person.
CREATE TABLE suppression (
    phone_hash     BLOB    NOT NULL,            -- keyed hash of the E.164 digits, 32 bytes
    kind           INTEGER NOT NULL,            -- 1 everything, 2 marketing
    sequence_id    INTEGER NOT NULL DEFAULT 0,  -- 0: all sequences
    active         INTEGER NOT NULL,            -- 1 stopped, 0 lifted by a later START
    at_ms          INTEGER NOT NULL,            -- time of the person's own word; newer wins
    contact_id     INTEGER,                     -- NULL after erasure
    source         TEXT    NOT NULL,            -- "reply", "api", "link", "operator", "provider" …
    reason         TEXT    NOT NULL DEFAULT '',
    created_at_ms  INTEGER NOT NULL,
    updated_at_ms  INTEGER NOT NULL,
    PRIMARY KEY (phone_hash, kind, sequence_id)
) WITHOUT ROWID;
CREATE INDEX suppression_by_time ON suppression (updated_at_ms) WHERE active = 1;

CREATE TABLE enrollment (
    id               INTEGER PRIMARY KEY,
    sequence_id      INTEGER NOT NULL REFERENCES sequence (id),
    contact_id       INTEGER NOT NULL,
    status           INTEGER NOT NULL,          -- enum enrollment_status, domain/enrollment.h
    live             INTEGER,                   -- 1 while active or paused, else NULL
    position         INTEGER NOT NULL DEFAULT 0, -- key of the last step ended, domain/schedule.h
    shift_days       INTEGER NOT NULL DEFAULT 0, -- whole local days all later steps moved by pauses
    messages_sent    INTEGER NOT NULL DEFAULT 0, -- accepted by the provider, here or elsewhere
    next_due_at_ms   INTEGER,                   -- key of this enrollment's row in due; NULL: none
    enrolled_at_ms   INTEGER NOT NULL,          -- the anchor of all days
    last_sent_at_ms  INTEGER,
    last_planned_at_ms INTEGER,                 -- what the plan had said for that message, for spacing
    catch_up_until_ms INTEGER,                  -- resumed with its dates kept: late ones before it go
    paused_at_ms     INTEGER,
    ended_at_ms      INTEGER,
    batch_id         INTEGER,
    source           TEXT    NOT NULL DEFAULT 'api', -- "csv", "paste", "form", "api", "cli" …
    status_reason    TEXT,
    created_at_ms    INTEGER NOT NULL,
    CHECK ((status IN (0, 1)) = (live IS NOT NULL)),
    CHECK (live = 1),
    -- NULLs are distinct: one live enrollment per person and sequence, any number of ended ones.
    UNIQUE (contact_id, sequence_id, live)
);
CREATE INDEX enrollment_by_sequence ON enrollment (sequence_id, status, id);

-- What is to be planned next: one row per enrollment that waits for its next step.
CREATE TABLE due (
    due_at_ms      INTEGER NOT NULL,
    enrollment_id  INTEGER NOT NULL,
    PRIMARY KEY (due_at_ms, enrollment_id)
) WITHOUT ROWID;

-- One step for one enrollment, on its way or ended. The columns stand in the order of use.
CREATE TABLE message (
    id               INTEGER PRIMARY KEY,
    state            INTEGER NOT NULL,          -- enum message_state, domain/message.h
    rank             INTEGER NOT NULL DEFAULT 0, -- accepted: 0 accepted, 1 sent, 2 delivered, 3 read
    attempts         INTEGER NOT NULL DEFAULT 0, -- number of the newest attempt
    tries            INTEGER NOT NULL DEFAULT 0, -- attempts that count against the limit
    next_at_ms       INTEGER,                   -- planned, wait: may go; in doubt: grace ends
    channel_id       INTEGER NOT NULL,
    contact_id       INTEGER NOT NULL,
    enrollment_id    INTEGER,                   -- NULL: a test send
    step_id          INTEGER,
    sequence_id      INTEGER NOT NULL,          -- 0: a test send without a sequence
    position         INTEGER NOT NULL DEFAULT 0, -- key of the step; enrollment.position once ended
    policy           INTEGER NOT NULL DEFAULT 0, -- when doubt stays: 0 never resend, 1 resend, 2 hold
    category         INTEGER NOT NULL DEFAULT 0, -- 0 marketing, 1 utility, 2 authentication, 3 service
    reason           INTEGER NOT NULL DEFAULT 0, -- enum message_reason, domain/message.h
    error_code       INTEGER NOT NULL DEFAULT 0, -- the provider's code; texts stand in attempt
    doubts           INTEGER NOT NULL DEFAULT 0, -- attempts whose outcome nobody knows yet
    duplicates       INTEGER NOT NULL DEFAULT 0, -- acceptances beyond the first
    due_at_ms        INTEGER NOT NULL,          -- when the plan wants it to leave
    claimed_at_ms    INTEGER,                   -- newest claim
    sent_at_ms       INTEGER,
    delivered_at_ms  INTEGER,
    read_at_ms       INTEGER,
    failed_at_ms     INTEGER,
    ended_at_ms      INTEGER,
    created_at_ms    INTEGER NOT NULL,
    UNIQUE (enrollment_id, step_id)             -- a second message for one step is impossible
);
-- States: 0 planned, 1 wait, 2 sending, 3 in doubt, 4 held, 5 accepted, 6 failed, 7 unknown,
-- 8 skipped.
CREATE INDEX message_pending ON message (channel_id, next_at_ms) WHERE state IN (0, 1);
CREATE INDEX message_sending ON message (claimed_at_ms) WHERE state = 2;
CREATE INDEX message_in_doubt ON message (next_at_ms) WHERE state = 3;
CREATE INDEX message_held ON message (channel_id, id) WHERE state = 4;
CREATE INDEX message_ended_badly ON message (sequence_id, step_id, id) WHERE state IN (6, 7);
CREATE INDEX message_by_sequence ON message (sequence_id, id);

-- What the message says, written once. A step may hold a template and a text: the text goes when
-- the person's 24-hour window is open.
CREATE TABLE message_body (
    message_id  INTEGER PRIMARY KEY,
    type        INTEGER NOT NULL,               -- enum step_type
    media_type  INTEGER NOT NULL DEFAULT 0,
    text        TEXT,                           -- rendered text or caption
    media_url   TEXT,
    filename    TEXT,
    template    TEXT                            -- JSON with rendered parameters
);

CREATE TABLE attempt (
    message_id       INTEGER NOT NULL,
    n                INTEGER NOT NULL,          -- 1, 2, 3 …
    result           INTEGER NOT NULL,          -- 0 open, 1 not sent, 2 rejected, 3 in doubt, 4 accepted
    class            INTEGER NOT NULL DEFAULT 0, -- provider/provider.h: how it ended
    instance_id      INTEGER NOT NULL,
    started_at_ms    INTEGER NOT NULL,
    started_boot_ms  INTEGER NOT NULL,          -- monotonic, to measure age within one boot
    http_status      INTEGER NOT NULL DEFAULT 0,
    error_code       INTEGER NOT NULL DEFAULT 0,
    bytes_out        INTEGER NOT NULL DEFAULT 0, -- request bytes handed to the connection
    evidence         INTEGER NOT NULL DEFAULT 0, -- 0 none, 1 answer, 2 status line only, 3 webhook
    resolved_at_ms   INTEGER,
    provider_id      TEXT,                      -- the provider's message id: personal data
    error_title      TEXT,
    error_detail     TEXT,
    PRIMARY KEY (message_id, n)
) WITHOUT ROWID;

-- Finds recent messages by the provider's id when a webhook comes without our token.
CREATE TABLE message_provider (
    provider_hash  INTEGER NOT NULL,            -- hash_text() of the provider's id, base/hash.h
    message_id     INTEGER NOT NULL,
    n              INTEGER NOT NULL,
    PRIMARY KEY (provider_hash, message_id, n)
) WITHOUT ROWID;

-- Status webhooks that fit no message yet. Never dropped unread.
CREATE TABLE orphan_event (
    id              INTEGER PRIMARY KEY,
    channel_id      INTEGER NOT NULL,
    provider_hash   INTEGER NOT NULL DEFAULT 0,
    digest          BLOB    NOT NULL UNIQUE,    -- of the event's bytes: a repeat adds nothing
    token           TEXT,
    event           TEXT    NOT NULL,           -- JSON as it came
    received_at_ms  INTEGER NOT NULL,
    settled_at_ms   INTEGER                     -- matched later, or judged foreign
);
CREATE INDEX orphan_event_open ON orphan_event (channel_id, received_at_ms)
    WHERE settled_at_ms IS NULL;
CREATE INDEX orphan_event_by_provider ON orphan_event (provider_hash) WHERE settled_at_ms IS NULL;

CREATE TABLE inbound_message (
    id              INTEGER PRIMARY KEY,
    provider_hash   INTEGER NOT NULL UNIQUE,    -- of the provider's id: a repeat adds nothing
    channel_id      INTEGER NOT NULL,
    contact_id      INTEGER,
    enrollment_id   INTEGER,                    -- the enrollment it was counted as a reply for
    at_ms           INTEGER NOT NULL,           -- the message's own time
    received_at_ms  INTEGER NOT NULL,
    type            TEXT    NOT NULL,           -- "text", "button", "image" …
    text            TEXT    NOT NULL DEFAULT ''
);
CREATE INDEX inbound_message_by_contact ON inbound_message (contact_id, at_ms);

-- Every enrolled person and step is in exactly one of waiting, queued, sent, failed, skipped,
-- cancelled, unknown; delivered, read, replied, opted out count inside sent. step_id 0 holds the
-- sequence's enrollments per status: outcome is then an enum enrollment_status.
CREATE TABLE counter (
    sequence_id  INTEGER NOT NULL,
    step_id      INTEGER NOT NULL,
    outcome      INTEGER NOT NULL,              -- enum step_outcome, domain/message.h
    reason       INTEGER NOT NULL,              -- 0, enum message_reason, or 1000000 + provider code
    count        INTEGER NOT NULL,
    PRIMARY KEY (sequence_id, step_id, outcome, reason)
) WITHOUT ROWID;

CREATE TABLE counter_hour (
    hour_at_ms   INTEGER NOT NULL,              -- start of the UTC hour
    sequence_id  INTEGER NOT NULL,
    outcome      INTEGER NOT NULL,
    count        INTEGER NOT NULL,
    PRIMARY KEY (hour_at_ms, sequence_id, outcome)
) WITHOUT ROWID;

-- What happened, in order: feeds live pages, the event feed and outgoing webhooks. Append only.
CREATE TABLE event (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms          INTEGER NOT NULL,
    type           TEXT    NOT NULL,            -- "message.sent", "enrollment.paused" …
    sequence_id    INTEGER,
    enrollment_id  INTEGER,
    message_id     INTEGER,
    contact_id     INTEGER,
    batch_id       INTEGER,
    channel_id     INTEGER,
    data           TEXT                         -- JSON object of what the ids do not say
);

-- One import, bulk enrollment or bulk action.
CREATE TABLE batch (
    id                   INTEGER PRIMARY KEY,
    sequence_id          INTEGER,
    kind                 TEXT    NOT NULL,      -- "import", "action", "edit", "retry"
    state                INTEGER NOT NULL,      -- 0 waiting, 1 running, 2 done, 3 failed, 4 undone,
                                                -- 5 cancelled, 6 being undone
    source               TEXT    NOT NULL,      -- "csv", "paste", "api" …
    file_name            TEXT    NOT NULL DEFAULT '',
    spool_path           TEXT,                  -- file with the rows still to be read
    options              TEXT    NOT NULL DEFAULT '{}', -- JSON: mapping, action, filter …
    cursor               INTEGER NOT NULL DEFAULT 0, -- where to go on after a restart
    total_rows           INTEGER NOT NULL DEFAULT 0, -- 0 while unknown
    done_rows            INTEGER NOT NULL DEFAULT 0,
    enrolled             INTEGER NOT NULL DEFAULT 0,
    restarted            INTEGER NOT NULL DEFAULT 0,
    already_active       INTEGER NOT NULL DEFAULT 0,
    already_completed    INTEGER NOT NULL DEFAULT 0,
    duplicate_in_file    INTEGER NOT NULL DEFAULT 0,
    opted_out            INTEGER NOT NULL DEFAULT 0,
    invalid_phone        INTEGER NOT NULL DEFAULT 0,
    invalid_row          INTEGER NOT NULL DEFAULT 0,
    first_enrollment_id  INTEGER,               -- its enrollments lie in this range of ids
    last_enrollment_id   INTEGER,
    first_row_id         INTEGER,               -- and its refused rows in this one
    last_row_id          INTEGER,
    result               TEXT    NOT NULL DEFAULT '{}', -- JSON: what the counts above do not say
    error                TEXT,
    actor                TEXT    NOT NULL DEFAULT '',
    created_at_ms        INTEGER NOT NULL,
    started_at_ms        INTEGER,
    finished_at_ms       INTEGER,
    undone_at_ms         INTEGER
);
CREATE INDEX batch_open ON batch (id) WHERE state IN (0, 1, 6);

-- Only the rows that did not enroll somebody, in the order of their judgement: appending is all an
-- import of a million rows may cost. batch.first_row_id and last_row_id say where to look.
CREATE TABLE batch_row (
    id          INTEGER PRIMARY KEY,
    batch_id    INTEGER NOT NULL,
    row_number  INTEGER NOT NULL,               -- line of the file, or place in the list, from 1
    verdict     INTEGER NOT NULL,               -- enum enroll_verdict, domain/import_row.h
    phone       INTEGER,                        -- E.164 digits; NULL: not understood
    input       TEXT    NOT NULL DEFAULT '',    -- the number as it was written
    name        TEXT    NOT NULL DEFAULT '',
    message     TEXT    NOT NULL DEFAULT '',    -- what is wrong and what to do
    cells       TEXT    NOT NULL DEFAULT ''     -- the row as it came, as one line of CSV
);

-- Answers to requests that carried an Idempotency-Key.
CREATE TABLE idempotency (
    caller         TEXT    NOT NULL,            -- who asked: "key:3", "user:1"
    key            TEXT    NOT NULL,
    request_hash   BLOB    NOT NULL,            -- of method, path and body
    status         INTEGER NOT NULL,            -- HTTP status of the answer
    content_type   TEXT    NOT NULL DEFAULT '',
    headers        TEXT    NOT NULL DEFAULT '', -- Location and ETag, a line each
    answer         BLOB,
    created_at_ms  INTEGER NOT NULL,
    PRIMARY KEY (caller, key)
) WITHOUT ROWID;
CREATE INDEX idempotency_by_time ON idempotency (created_at_ms);

CREATE TABLE api_key (
    id               INTEGER PRIMARY KEY,
    name             TEXT    NOT NULL,
    kind             INTEGER NOT NULL,          -- 0 secret sk_, 1 publishable pk_
    prefix           TEXT    NOT NULL,          -- first characters, to recognise it
    hash             BLOB    NOT NULL UNIQUE,   -- SHA-256 of the whole key
    scopes           INTEGER NOT NULL,          -- bits: 1 read, 2 enroll, 4 write, 8 admin
    sequences        TEXT,                      -- JSON array of ids a publishable key may use
    origins          TEXT,                      -- JSON array of exact origins
    created_at_ms    INTEGER NOT NULL,
    last_used_at_ms  INTEGER,
    expires_at_ms    INTEGER,
    revoked_at_ms    INTEGER
);

CREATE TABLE user_account (
    id              INTEGER PRIMARY KEY,
    email           TEXT    NOT NULL UNIQUE,    -- lower case
    name            TEXT    NOT NULL DEFAULT '',
    role            INTEGER NOT NULL,           -- 0 viewer, 1 editor, 2 admin
    password_hash   TEXT    NOT NULL,           -- Argon2id
    created_at_ms   INTEGER NOT NULL,
    updated_at_ms   INTEGER NOT NULL,
    last_login_at_ms INTEGER,
    disabled_at_ms  INTEGER
);

CREATE TABLE session (
    hash              BLOB    PRIMARY KEY,      -- SHA-256 of the cookie's token
    user_id           INTEGER NOT NULL REFERENCES user_account (id),
    csrf              TEXT    NOT NULL,
    created_at_ms     INTEGER NOT NULL,
    last_seen_at_ms   INTEGER NOT NULL,
    expires_at_ms     INTEGER NOT NULL,
    address           TEXT    NOT NULL DEFAULT '',
    agent             TEXT    NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE INDEX session_by_user ON session (user_id);
CREATE INDEX session_by_expiry ON session (expires_at_ms);

-- Who did what. Append only.
CREATE TABLE audit (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms       INTEGER NOT NULL,
    actor_kind  INTEGER NOT NULL,               -- enum actor_kind, store/work.h
    actor_id    INTEGER NOT NULL DEFAULT 0,
    actor_name  TEXT    NOT NULL DEFAULT '',
    action      TEXT    NOT NULL,               -- "login", "export", "message.resolve" …
    object      TEXT    NOT NULL DEFAULT '',    -- wire id of what it was done to
    detail      TEXT,                           -- JSON
    request_id  TEXT    NOT NULL DEFAULT '',
    address     TEXT    NOT NULL DEFAULT ''
);
CREATE TRIGGER audit_stays BEFORE UPDATE ON audit
BEGIN
    SELECT raise(ABORT, 'audit rows never change');
END;

-- When our own webhook endpoint could not be reached: silence in these spans proves nothing.
CREATE TABLE endpoint_outage (
    from_at_ms  INTEGER PRIMARY KEY,
    to_at_ms    INTEGER NOT NULL
);

-- When the newest attempts began whose acceptance a webhook proved, per channel and category: the
-- sign that silence about an older attempt means something.
CREATE TABLE channel_proof (
    channel_id         INTEGER NOT NULL,
    category           INTEGER NOT NULL,
    newest_at_ms       INTEGER NOT NULL DEFAULT 0,
    second_at_ms       INTEGER NOT NULL DEFAULT 0,
    third_at_ms        INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (channel_id, category)
) WITHOUT ROWID;
