-- Version 9: lists of messages somebody should look at (in doubt, held, failed, unknown), newest
-- first, without sorting all of them. Messages on the usual way never stand in these indexes.
CREATE INDEX message_trouble ON message (state, id)
    WHERE state <> 0 AND state <> 1 AND state <> 2 AND state <> 5 AND state <> 8;
CREATE INDEX message_trouble_by_sequence ON message (sequence_id, state, id)
    WHERE state <> 0 AND state <> 1 AND state <> 2 AND state <> 5 AND state <> 8;
