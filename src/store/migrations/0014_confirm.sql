-- Version 14: people confirm on WhatsApp that a number typed into a form is theirs.

ALTER TABLE form ADD COLUMN confirm INTEGER NOT NULL DEFAULT 0; -- 1: nobody is enrolled before they wrote

-- Who was typed in and has not written yet; gone after a week. One row per number and form, so that
-- nobody can fill the table with one number. It may be nobody's contact, so there is only the number.
CREATE TABLE unconfirmed (
    form_id        INTEGER NOT NULL REFERENCES form (id),
    phone          INTEGER NOT NULL,
    person         TEXT    NOT NULL,          -- JSON as enrolling takes it
    consent        TEXT    NOT NULL,          -- JSON: what was agreed to, when, from where
    created_at_ms  INTEGER NOT NULL,
    PRIMARY KEY (form_id, phone)
) WITHOUT ROWID;
CREATE INDEX unconfirmed_phone ON unconfirmed (phone);
CREATE INDEX unconfirmed_age ON unconfirmed (created_at_ms);
