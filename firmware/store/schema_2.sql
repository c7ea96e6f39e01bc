-- Schema 2. Adds only: a program that knows schema 1 still runs on the file. Units as in schema 1.

ALTER TABLE message ADD COLUMN class INTEGER NOT NULL DEFAULT 0; -- 0 event: each one matters; 1 state: the newest does
ALTER TABLE message ADD COLUMN early INTEGER NOT NULL DEFAULT 0; -- 1: need not wait for Clarus while its state check stands
CREATE INDEX consignment_unrouted ON consignment (id) WHERE channel = '';
CREATE INDEX exception_closed ON exception (closed_at) WHERE open = 0;
CREATE INDEX story_of_nothing ON story (at) WHERE consignment_id = 0;
CREATE INDEX dispatch_shipment ON dispatch (shipment_id);        -- an order that leaves whole is looked for
CREATE INDEX dispatch_item_parcel ON dispatch_item (parcel_id);  -- by what points at it

CREATE TABLE line_short (                        -- said to be short while its order is on the bench
    consignment_id INTEGER NOT NULL,
    line_id        INTEGER NOT NULL,
    quantity       INTEGER NOT NULL,
    reason         TEXT NOT NULL,
    who            TEXT NOT NULL DEFAULT '',
    at             INTEGER NOT NULL,
    PRIMARY KEY (consignment_id, line_id)
) STRICT, WITHOUT ROWID;

ALTER TABLE consignment ADD COLUMN shop_packing_note TEXT NOT NULL DEFAULT '';  -- beside Clarus's own
ALTER TABLE consignment ADD COLUMN shop_delivery_note TEXT NOT NULL DEFAULT '';

-- mapping -----------------------------------------------------------------------------------------

CREATE TABLE map_entry (                         -- what leads changed of the tables of site.json
    kind    TEXT NOT NULL,                       -- sku, unit, method, state
    channel TEXT NOT NULL,                       -- '' every channel
    scope   TEXT NOT NULL,                       -- Clarus code of a unit; ''
    key     TEXT NOT NULL,                       -- as the shop writes it
    value   TEXT NOT NULL,
    value2  TEXT NOT NULL DEFAULT '',
    removed INTEGER NOT NULL DEFAULT 0,          -- 1: the file's entry does not count
    file    TEXT NOT NULL DEFAULT '',            -- what the file said when it was changed
    version INTEGER NOT NULL,
    who     TEXT NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (kind, channel, scope, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX map_entry_value ON map_entry (kind, value);

CREATE TABLE map_change (                        -- every change, append only
    id      INTEGER PRIMARY KEY,
    version INTEGER NOT NULL,
    kind    TEXT NOT NULL,
    channel TEXT NOT NULL,
    scope   TEXT NOT NULL,
    key     TEXT NOT NULL,
    before  TEXT NOT NULL,
    after   TEXT NOT NULL,
    how     TEXT NOT NULL,                       -- set, remove, drop, import
    who     TEXT NOT NULL,
    at      INTEGER NOT NULL
) STRICT;

CREATE TABLE seen_word (                         -- what orders brought along and no map knows
    kind       TEXT NOT NULL,                    -- method, state, field, sku, unit
    channel    TEXT NOT NULL,
    word       TEXT NOT NULL,                    -- exactly as received
    code       TEXT NOT NULL DEFAULT '',         -- of a SKU: what it became
    first_seen INTEGER NOT NULL,
    last_seen  INTEGER NOT NULL,
    times      INTEGER NOT NULL DEFAULT 1,
    last_order INTEGER NOT NULL DEFAULT 0,       -- consignment seen last: one order counts once
    mapped     INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (kind, channel, word)
) STRICT, WITHOUT ROWID;
CREATE INDEX seen_word_code ON seen_word (channel, code) WHERE code <> '';

CREATE TABLE watch (                             -- orders the storefront is asked about ahead of the bench
    consignment_id INTEGER PRIMARY KEY,
    at             INTEGER NOT NULL DEFAULT 0,   -- asked last; 0: not yet
    kind           INTEGER NOT NULL DEFAULT 0,   -- enum verdict_kind of the last answer
    rule           TEXT NOT NULL DEFAULT '',     -- with kind 0: a rule that only observes
    owner          TEXT NOT NULL DEFAULT '',
    text           TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX watch_at ON watch (at);

ALTER TABLE consignment ADD COLUMN first_at INTEGER NOT NULL DEFAULT 0; -- when this station first heard of it; 0: not known

CREATE TABLE paper (                             -- own papers that did not come out yet
    id             INTEGER PRIMARY KEY,
    kind           INTEGER NOT NULL,             -- enum paper_kind
    consignment_id INTEGER NOT NULL,
    parcel_id      INTEGER NOT NULL DEFAULT 0,   -- 0: of the whole order
    at             INTEGER NOT NULL,
    begun          INTEGER NOT NULL DEFAULT 0,   -- sent to the printer: after an end nobody knows whether it came out
    UNIQUE (consignment_id, kind, parcel_id)
) STRICT;

CREATE TABLE unit_counted (                      -- logistic units counted whole, each once
    sscc           TEXT NOT NULL,
    line_id        INTEGER NOT NULL,
    consignment_id INTEGER NOT NULL,
    parcel_id      INTEGER NOT NULL,
    quantity       INTEGER NOT NULL,
    at             INTEGER NOT NULL,
    PRIMARY KEY (sscc, line_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX unit_counted_parcel ON unit_counted (parcel_id, line_id);
CREATE INDEX unit_counted_order ON unit_counted (consignment_id);

CREATE TABLE hold_tag (                          -- packed boxes set aside without a label
    consignment_id INTEGER PRIMARY KEY,
    shipment_id    INTEGER NOT NULL,
    state          INTEGER NOT NULL DEFAULT 0,   -- 0 waits for its label; 1 label is here; 2 waits for a person
    at             INTEGER NOT NULL
) STRICT;
CREATE INDEX hold_tag_state ON hold_tag (state);

CREATE TABLE parcel_trace (                      -- captured items of a box; their quantity is in parcel_item too
    id        INTEGER PRIMARY KEY,
    parcel_id INTEGER NOT NULL,
    line_id   INTEGER NOT NULL,
    quantity  INTEGER NOT NULL,
    lot       TEXT NOT NULL DEFAULT '',
    serial    TEXT NOT NULL DEFAULT '',
    expiry    TEXT NOT NULL DEFAULT ''           -- YYMMDD as in the code
) STRICT;
CREATE INDEX parcel_trace_parcel ON parcel_trace (parcel_id, line_id);
CREATE INDEX parcel_trace_serial ON parcel_trace (serial) WHERE serial <> '';

CREATE TABLE weighing (                          -- a box on the scale against what should be in it
    id             INTEGER PRIMARY KEY,
    consignment_id INTEGER NOT NULL,
    parcel_id      INTEGER NOT NULL,
    expected_g     INTEGER NOT NULL,
    actual_g       INTEGER NOT NULL,
    verdict        TEXT NOT NULL,                -- fits, differs, overridden
    who            TEXT NOT NULL DEFAULT '',
    at             INTEGER NOT NULL
) STRICT;
CREATE INDEX weighing_consignment ON weighing (consignment_id);

ALTER TABLE bench ADD COLUMN list TEXT NOT NULL DEFAULT ''; -- pick list or tote of several orders in work

CREATE TABLE list_run (                          -- its orders that were taken up since it was scanned
    consignment_id INTEGER PRIMARY KEY
) STRICT;

CREATE TABLE kit_part (                          -- parts of kits in a box; the kit counts in parcel_item when it is whole
    id        INTEGER PRIMARY KEY,
    parcel_id INTEGER NOT NULL,
    line_id   INTEGER NOT NULL,
    sku       TEXT NOT NULL,
    quantity  INTEGER NOT NULL
) STRICT;
CREATE INDEX kit_part_parcel ON kit_part (parcel_id, line_id);

CREATE INDEX dispatch_at ON dispatch (at, id);                     -- pages of the export
CREATE INDEX message_parked ON message (stored_at) WHERE state = 3; -- what a person must look at
