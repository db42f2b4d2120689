-- A device that left while WhatsApp could not be told, with the way out that its instance had. One instance may
-- leave some: it can be linked anew before WhatsApp was told of the one before.
ALTER TABLE tombstone RENAME TO former;
CREATE TABLE tombstone (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  instance INTEGER NOT NULL,              -- no reference: it may be deleted
  name TEXT NOT NULL,
  device BLOB NOT NULL,                   -- sealed, at the place of the instance's device
  proxy BLOB,                             -- sealed, at the place of the instance's proxy
  created INTEGER NOT NULL
) STRICT;
INSERT INTO tombstone(instance, name, device, created)
  SELECT cast(substr(uuid, instr(uuid, '/') + 1) AS INTEGER), uuid, device, created FROM former;
DROP TABLE former;
