-- Version 10: lists of the messages that people answered or opted out after, newest first, without
-- walking all messages.
CREATE INDEX message_replied ON message (id) WHERE replied_at_ms IS NOT NULL;
CREATE INDEX message_opted_out ON message (id) WHERE opted_out_at_ms IS NOT NULL;
