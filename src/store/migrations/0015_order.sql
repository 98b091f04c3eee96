-- Version 15: the order of a person's steps outlives a change of their time zone.

-- Steps without a time of their own stand at the local time of the enrollment. Another zone gives
-- that another time of day, and what lay ahead could come to lie behind: so it is kept as it was.
-- 1 is 00:00, 1440 is 23:59. Those who are there get theirs by migrate_order.c.
ALTER TABLE enrollment ADD COLUMN order_minute INTEGER NOT NULL DEFAULT 0;
