-- Version 4: doors for people outside: hosted forms, and the answer to HELP.

-- A hosted form: the page /f/<token> on which people enroll themselves in one sequence.
CREATE TABLE form (
    id               INTEGER PRIMARY KEY,
    sequence_id      INTEGER NOT NULL REFERENCES sequence (id),
    token            TEXT    NOT NULL UNIQUE,   -- random; the page's address, published by design
    title            TEXT    NOT NULL DEFAULT '', -- empty: the sequence's name
    intro            TEXT    NOT NULL DEFAULT '',
    consent_text     TEXT    NOT NULL DEFAULT '', -- empty: the built-in text in the visitor's language
    consent_version  INTEGER NOT NULL DEFAULT 1, -- grows when consent_text changes
    submissions      INTEGER NOT NULL DEFAULT 0, -- sent in, whatever became of them
    last_used_at_ms  INTEGER,
    created_at_ms    INTEGER NOT NULL,
    updated_at_ms    INTEGER NOT NULL,
    revoked_at_ms    INTEGER
);
CREATE UNIQUE INDEX form_live ON form (sequence_id) WHERE revoked_at_ms IS NULL;

-- When this person last got the answer to HELP: two machines must not talk for ever.
ALTER TABLE contact ADD COLUMN help_at_ms INTEGER;
