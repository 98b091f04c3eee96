-- Version 7: the second factor at sign-in, and a term for the audit trail.

-- The seed shared with a user's authenticator app. Not asked for before a code has confirmed it.
CREATE TABLE user_totp (
    user_id          INTEGER PRIMARY KEY REFERENCES user_account (id),
    secret           BLOB    NOT NULL,          -- sealed, bound to the user's id
    last_step        INTEGER NOT NULL DEFAULT 0, -- newest time step whose code was taken
    confirmed_at_ms  INTEGER,
    created_at_ms    INTEGER NOT NULL
);

-- Codes for whoever lost the app; each serves once.
CREATE TABLE user_recovery (
    user_id     INTEGER NOT NULL REFERENCES user_account (id),
    hash        BLOB    NOT NULL,               -- keyed hash of the code, 32 bytes
    used_at_ms  INTEGER,
    PRIMARY KEY (user_id, hash)
) WITHOUT ROWID;

-- Lines of the audit trail go when their term is over and never before: the term is written down
-- in the transaction that deletes them.
CREATE TABLE audit_term (
    id            INTEGER PRIMARY KEY CHECK (id = 1),
    before_at_ms  INTEGER NOT NULL              -- lines older than this may be deleted
);
INSERT INTO audit_term (id, before_at_ms) VALUES (1, 0);
DROP TRIGGER audit_remains;
CREATE TRIGGER audit_remains BEFORE DELETE ON audit
    WHEN old.at_ms >= (SELECT before_at_ms FROM audit_term WHERE id = 1)
BEGIN
    SELECT raise(ABORT, 'audit rows are not deleted before their term');
END;
