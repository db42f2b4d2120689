-- Listing and forgetting go by the event: each further index on deliveries costs a page of writing per event.
DROP INDEX delivery_of;
DROP INDEX delivery_done;
CREATE INDEX delivery_dead ON delivery(webhook, id) WHERE status = 2;

-- When it began to wait: it is tried for so long from then on.
ALTER TABLE delivery ADD COLUMN since INTEGER NOT NULL DEFAULT 0;
UPDATE delivery SET since = (SELECT at FROM event WHERE event.id = delivery.event);
-- Before this its receiver asked not to be asked again (Retry-After).
ALTER TABLE delivery ADD COLUMN not_before INTEGER;

ALTER TABLE webhook ADD COLUMN created INTEGER NOT NULL DEFAULT 0;
ALTER TABLE webhook ADD COLUMN updated INTEGER NOT NULL DEFAULT 0;
