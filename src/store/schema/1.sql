-- Single values: the wrapped data key, what was learnt.
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE instance (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uuid TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  folded TEXT NOT NULL UNIQUE,
  integration TEXT NOT NULL,
  linked INTEGER NOT NULL DEFAULT 0,      -- 0 never, 1 linked, 2 no more
  profile TEXT NOT NULL,                  -- JSON
  ended TEXT,                             -- JSON
  settings TEXT NOT NULL,                 -- JSON
  proxy BLOB,                             -- sealed JSON
  number TEXT,
  business_id TEXT,
  token BLOB NOT NULL,                    -- SHA-256
  cloud_token BLOB,                       -- sealed
  seq INTEGER NOT NULL DEFAULT 0,         -- of its newest event
  created INTEGER NOT NULL,
  updated INTEGER NOT NULL
) STRICT;

-- What the engine keeps for one account. Its values are opaque to us and sealed.
CREATE TABLE credential (
  instance INTEGER NOT NULL REFERENCES instance(id) ON DELETE CASCADE,
  kind INTEGER NOT NULL,
  key TEXT NOT NULL,
  value BLOB NOT NULL,
  n INTEGER NOT NULL DEFAULT 0,           -- a flag or a moment, by kind
  PRIMARY KEY (instance, kind, key)
) STRICT;

-- Devices that WhatsApp has not been told of yet that they left.
CREATE TABLE tombstone (uuid TEXT PRIMARY KEY, device BLOB NOT NULL, created INTEGER NOT NULL) STRICT;

-- No reference to instance: the events of a deleted one are still delivered.
CREATE TABLE event (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  instance INTEGER NOT NULL,
  name TEXT NOT NULL,
  sender TEXT,
  seq INTEGER NOT NULL,
  kind TEXT NOT NULL,
  data TEXT NOT NULL,
  dedup TEXT,
  at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX event_once ON event(instance, dedup) WHERE dedup IS NOT NULL;
CREATE INDEX event_of ON event(instance, id);

CREATE TABLE webhook (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  instance INTEGER UNIQUE,                -- NULL: the global one
  enabled INTEGER NOT NULL,
  events TEXT,                            -- JSON list; NULL: all
  config BLOB NOT NULL,                   -- sealed JSON
  retired INTEGER NOT NULL DEFAULT 0      -- its instance is gone; ends with its last delivery
) STRICT;

CREATE TABLE delivery (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  event INTEGER NOT NULL REFERENCES event(id) ON DELETE CASCADE,
  webhook INTEGER NOT NULL REFERENCES webhook(id) ON DELETE CASCADE,
  instance INTEGER NOT NULL,
  status INTEGER NOT NULL DEFAULT 0,      -- 0 pending, 1 delivered, 2 dead
  attempts INTEGER NOT NULL DEFAULT 0,
  answer INTEGER,                         -- HTTP status of the last attempt
  error TEXT,
  updated INTEGER NOT NULL
) STRICT;
CREATE INDEX delivery_due ON delivery(webhook, id) WHERE status = 0;
CREATE INDEX delivery_done ON delivery(status, updated) WHERE status > 0;
CREATE INDEX delivery_event ON delivery(event);
CREATE INDEX delivery_of ON delivery(instance, id);

CREATE TABLE api_key (
  digest BLOB PRIMARY KEY, name TEXT NOT NULL UNIQUE, created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE session (
  digest BLOB PRIMARY KEY,
  key BLOB NOT NULL,                      -- digest of the key or token it was made with
  created INTEGER NOT NULL,
  expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE invite (
  instance INTEGER PRIMARY KEY REFERENCES instance(id) ON DELETE CASCADE,
  digest BLOB NOT NULL UNIQUE,
  expires INTEGER NOT NULL
) STRICT;
