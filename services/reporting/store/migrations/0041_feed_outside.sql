-- Outside the district a month's entries of the feed are told as everybody's until the month is released, then once more
-- with the release, and never after: late facts change nothing there. So readers outside have an order of their own, by
-- numbers of the same count.
ALTER TABLE feed_entry
    ADD COLUMN outside_sequence bigint,         -- null = changed only after the month was released
    ADD COLUMN outside_changed_at timestamptz;
-- The owner is under row-level security, too, and would see no row.
ALTER TABLE feed_entry NO FORCE ROW LEVEL SECURITY;
UPDATE feed_entry SET outside_sequence = sequence, outside_changed_at = changed_at;
ALTER TABLE feed_entry FORCE ROW LEVEL SECURITY;
CREATE UNIQUE INDEX feed_entry_in_order_outside ON feed_entry (level, outside_sequence);
