-- What an event tells is sealed, and every sealed value is bound to its row: the step's program does both
-- (seal/all.rs), and drops `plain`.
ALTER TABLE event RENAME COLUMN data TO plain;
ALTER TABLE event ADD COLUMN data BLOB NOT NULL DEFAULT x'';
