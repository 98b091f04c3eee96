-- Version 16: a step that was removed and brought back, even more than once, is known as the same.

-- Restoring a version brings a removed step back under a new id. This is the id it had first, so that
-- whoever got it under any of them does not get it again; NULL: it was never anything else.
ALTER TABLE step ADD COLUMN origin_id INTEGER;
