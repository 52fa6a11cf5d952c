-- Marks are gathered before they are judged: in an import the visits of one session come in many batches, and it was
-- judged after nearly each of them.
ALTER TABLE session_mark ADD COLUMN gathered boolean NOT NULL DEFAULT false;  -- each of its sessions only, all in one turn
