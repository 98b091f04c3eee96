-- Mails to people who look after the server, schema version 6: one row per mail and recipient. The
-- row is added in the transaction of what it tells of, so a kill loses none and doubles none.
CREATE TABLE mail (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    cause          TEXT    NOT NULL,            -- "alert.opened.12", "digest.2027-03-28"
    recipient      TEXT    NOT NULL,
    subject        TEXT    NOT NULL,
    body           TEXT    NOT NULL,            -- plain text; '' once the mail has ended
    answers        TEXT    NOT NULL DEFAULT '', -- cause of the mail it follows
    state          INTEGER NOT NULL DEFAULT 0,  -- enum mail_state, store/store_mail.h
    data_begun     INTEGER NOT NULL DEFAULT 0,  -- 1: the server was asked to take it
    attempts       INTEGER NOT NULL DEFAULT 0,
    next_at_ms     INTEGER NOT NULL,            -- waiting: the next try
    error          TEXT    NOT NULL DEFAULT '', -- of the newest try
    created_at_ms  INTEGER NOT NULL,
    ended_at_ms    INTEGER,
    UNIQUE (cause, recipient)
);
CREATE INDEX mail_waiting ON mail (next_at_ms) WHERE state = 0;
CREATE INDEX mail_sending ON mail (id) WHERE state = 1;
CREATE INDEX mail_ended ON mail (ended_at_ms) WHERE ended_at_ms IS NOT NULL;
