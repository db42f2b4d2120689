-- An invitation whose account was linked shows that until its time is over, and nothing more.
ALTER TABLE invite ADD COLUMN used INTEGER NOT NULL DEFAULT 0;
