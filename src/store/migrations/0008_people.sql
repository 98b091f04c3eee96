-- Whom a channel with a daily limit wrote to, schema version 8. The provider counts the different
-- people of the last 24 hours who had not written themselves; so do these rows.
CREATE TABLE channel_person (
    channel_id INTEGER NOT NULL,
    contact_id INTEGER NOT NULL,
    at_ms      INTEGER NOT NULL, -- the newest message; the person counts for 24 hours from it
    PRIMARY KEY (channel_id, contact_id)
) WITHOUT ROWID;
CREATE INDEX channel_person_time ON channel_person (channel_id, at_ms, contact_id);
CREATE TABLE channel_people (
    channel_id INTEGER PRIMARY KEY,
    daily_limit INTEGER NOT NULL,          -- the limit these figures were kept under
    people      INTEGER NOT NULL,          -- rows of channel_person
    place_at_ms INTEGER NOT NULL DEFAULT 0, -- the place in channel_person that the newest message held
    place_id    INTEGER NOT NULL DEFAULT 0, -- for the limit waits for, and how many days after that
    place_days  INTEGER NOT NULL DEFAULT 0  -- place frees it goes
);

-- An edit for more than a thousand people is carried out in chunks. Who moves on or leaves before
-- their chunk: where they stood when the edit was saved, since their counters were set by that.
CREATE TABLE edit_place (
    batch_id      INTEGER NOT NULL,
    enrollment_id INTEGER NOT NULL,
    position      INTEGER NOT NULL,
    PRIMARY KEY (batch_id, enrollment_id)
) WITHOUT ROWID;
