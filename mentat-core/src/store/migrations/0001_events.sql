-- Events: one row each, in daily partitions by the time of storing. There is no default partition: it would forbid
-- detaching one concurrently.
CREATE TYPE mentat.inetrange AS RANGE (subtype = inet, multirange_type_name = mentat.inetmultirange);

CREATE TABLE mentat.events (
    storagetime             timestamp NOT NULL,
    detecttime              timestamp NOT NULL,
    -- Where the message lies in mentat.raw: chunk, byte offset and byte length.
    chunk                   bigint NOT NULL,
    raw_off                 integer NOT NULL,
    raw_len                 integer NOT NULL,
    shadow_reporting        boolean NOT NULL,
    shadow_reporting_target boolean NOT NULL,
    -- The event ID if it is a lower-case UUID, else 16 bytes of its SHA-256 marked as version 8, with the ID in id_text.
    id                      uuid NOT NULL,
    id_text                 text,
    source_ip4              int8multirange,
    target_ip4              int8multirange,
    -- Closed bounds with full masks, sorted and merged by the writer.
    source_ip6              mentat.inetmultirange,
    target_ip6              mentat.inetmultirange,
    -- Search keys of the addresses of both sides; a superset, to be rechecked on the four columns above.
    addr                    tsvector,
    category                text[] NOT NULL,
    node_name               text[] NOT NULL,
    -- The other lists: NULL is empty.
    source_port             integer[],
    target_port             integer[],
    source_type             text[],
    target_type             text[],
    source_hostname         text[],
    target_hostname         text[],
    protocol                text[],
    node_type               text[],
    node_sw                 text[],
    resolvedabuses          text[],
    targetabuses            text[],
    inspectionerrors        text[],
    tlp                     text,
    description             text,
    eventclass              text,
    targetclass             text,
    eventseverity           text,
    targetseverity          text
) PARTITION BY RANGE (storagetime);

CREATE INDEX events_detecttime ON mentat.events USING btree (detecttime);
CREATE INDEX events_storagetime ON mentat.events USING brin (storagetime);
-- Many distinct keys: a pending list would only delay the work and slow every search.
CREATE INDEX events_addr ON mentat.events USING gin (addr) WITH (fastupdate = off);
-- Few distinct keys: repeated ones collapse when the short pending list is merged.
CREATE INDEX events_category_node ON mentat.events USING gin (category, node_name)
    WITH (fastupdate = on, gin_pending_list_limit = 512);

-- Message texts, up to 32 in a chunk. chunk = (days since 1970 << 36) + number: it names its partition.
CREATE TABLE mentat.raw (
    chunk bigint PRIMARY KEY,
    body  bytea NOT NULL
) PARTITION BY RANGE (chunk);

DO $$ BEGIN
    ALTER TABLE mentat.raw ALTER COLUMN body SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
    NULL; -- a server built without lz4 compresses by its own method
END $$;

-- The number of a chunk within its day. It comes round, but never within a day.
CREATE SEQUENCE mentat.chunk MINVALUE 0 MAXVALUE 68719476735 START 0 CYCLE;

-- Every event ID ever stored, with its partition and the message that brought it: the same name again is a replay of
-- that message, another name a duplicate event.
CREATE TABLE mentat.event_id (
    id          uuid PRIMARY KEY,
    storagetime timestamp NOT NULL,
    name_hash   bigint NOT NULL
);

-- Catalogue of the daily partitions, kept by the writer.
CREATE TABLE mentat.partition (
    day        date PRIMARY KEY,
    state      text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'closed')),
    rows       bigint NOT NULL DEFAULT 0,
    bytes      bigint NOT NULL DEFAULT 0,
    detect_min timestamp,
    detect_max timestamp
);
