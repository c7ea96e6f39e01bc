-- Schema 1. Times are wall milliseconds unless named _mono. Quantities are thousandths of the base unit.
-- In tables WITHOUT ROWID the columns of the key come first: SQLite 3.40 otherwise reports sound rows
-- as damaged when it checks NOT NULL.

CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- catalogue ---------------------------------------------------------------------------------------

CREATE TABLE consignment (
    id               INTEGER PRIMARY KEY,
    clarus_id        TEXT NOT NULL UNIQUE,
    reference        TEXT NOT NULL,
    account_id       TEXT NOT NULL DEFAULT '',
    account_code     TEXT NOT NULL DEFAULT '',
    warehouse_id     TEXT NOT NULL DEFAULT '',
    warehouse_code   TEXT NOT NULL DEFAULT '',
    clarus_status    TEXT NOT NULL DEFAULT '',
    priority         INTEGER NOT NULL DEFAULT 99,
    dispatch_due     INTEGER NOT NULL DEFAULT 0,
    channel          TEXT NOT NULL DEFAULT '',   -- destination name; 'none' is explicit; '' no rule matched
    shop_order       TEXT NOT NULL DEFAULT '',
    carrier_id       TEXT NOT NULL DEFAULT '',
    carrier_code     TEXT NOT NULL DEFAULT '',
    carrier_name     TEXT NOT NULL DEFAULT '',
    service_id       TEXT NOT NULL DEFAULT '',
    service_code     TEXT NOT NULL DEFAULT '',
    service_name     TEXT NOT NULL DEFAULT '',
    promised_service TEXT NOT NULL DEFAULT '',
    packing_note     TEXT NOT NULL DEFAULT '',
    delivery_note    TEXT NOT NULL DEFAULT '',
    gift_message     TEXT NOT NULL DEFAULT '',
    customer_note    TEXT NOT NULL DEFAULT '',
    notes_source     TEXT NOT NULL DEFAULT '',
    recipient        TEXT NOT NULL DEFAULT '',   -- JSON object of address members
    recipient_source TEXT NOT NULL DEFAULT '',
    shop_digest      TEXT NOT NULL DEFAULT '',   -- of the storefront's address at its first reading
    state            INTEGER NOT NULL DEFAULT 0, -- enum consignment_state
    hold_rule        TEXT NOT NULL DEFAULT '',
    hold_text        TEXT NOT NULL DEFAULT '',
    digest           TEXT NOT NULL DEFAULT '',   -- of lines, address and notes at open
    claimed          INTEGER NOT NULL DEFAULT 0,
    seen_at          INTEGER NOT NULL DEFAULT 0, -- last time the work list or a check showed it
    checked_at       INTEGER NOT NULL DEFAULT 0, -- last fresh state check with an answer
    aged             INTEGER NOT NULL DEFAULT 0  -- personal data is gone
) STRICT;
CREATE INDEX consignment_reference ON consignment (reference);
CREATE INDEX consignment_shop ON consignment (shop_order, channel);
CREATE INDEX consignment_state ON consignment (state, priority, dispatch_due);
CREATE INDEX consignment_seen ON consignment (seen_at);
CREATE INDEX consignment_personal ON consignment (seen_at) WHERE aged = 0;

CREATE TABLE product (
    id          INTEGER PRIMARY KEY,
    clarus_id   TEXT NOT NULL UNIQUE,
    code        TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    seen_at     INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX product_code ON product (code);

CREATE TABLE barcode (
    code       TEXT NOT NULL,                    -- as compared: GTINs folded to 14 digits
    product_id INTEGER NOT NULL REFERENCES product (id),
    level      TEXT NOT NULL,                    -- unit, inner, case, outer
    factor     INTEGER NOT NULL,                 -- thousandths of the base unit; 0: unknown, refuse
    PRIMARY KEY (code, product_id, level)
) STRICT, WITHOUT ROWID;
CREATE INDEX barcode_product ON barcode (product_id);

CREATE TABLE line (
    id             INTEGER PRIMARY KEY,
    consignment_id INTEGER NOT NULL REFERENCES consignment (id),
    clarus_line_id TEXT NOT NULL UNIQUE,
    position       INTEGER NOT NULL DEFAULT 0,
    product_id     INTEGER REFERENCES product (id),
    sku            TEXT NOT NULL,
    ordered        INTEGER NOT NULL DEFAULT 0,
    allocated      INTEGER NOT NULL DEFAULT 0,
    picked         INTEGER NOT NULL DEFAULT 0,
    dispatched     INTEGER NOT NULL DEFAULT 0,   -- Clarus's own figure at the last reading
    short          INTEGER NOT NULL DEFAULT 0,
    cancelled      INTEGER NOT NULL DEFAULT 0,
    unit           TEXT NOT NULL DEFAULT 'unit',
    units          INTEGER NOT NULL DEFAULT 0,   -- thousandths of `unit` as ordered; 0: not given
    shop_line      TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX line_consignment ON line (consignment_id, position);
CREATE INDEX line_without_product ON line (sku) WHERE product_id IS NULL;

CREATE TABLE carrying (                          -- what a scanned tote or pick list stands for
    code           TEXT NOT NULL,
    consignment_id INTEGER NOT NULL REFERENCES consignment (id),
    kind           TEXT NOT NULL,                -- tote, pick_list
    seen_at        INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (code, consignment_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX carrying_consignment ON carrying (consignment_id);

CREATE TABLE task (                              -- DISP tasks of a consignment
    clarus_task_id TEXT PRIMARY KEY,
    consignment_id INTEGER NOT NULL REFERENCES consignment (id),
    clarus_line_id TEXT NOT NULL DEFAULT '',
    product_id     TEXT NOT NULL DEFAULT '',     -- Clarus's id
    quantity       INTEGER NOT NULL DEFAULT 0,
    subtype        TEXT NOT NULL DEFAULT '',
    status         TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
CREATE INDEX task_consignment ON task (consignment_id);

CREATE TABLE packaging (                         -- boxes that may leave the warehouse
    code      TEXT PRIMARY KEY,
    clarus_id TEXT NOT NULL,
    name      TEXT NOT NULL,
    length_mm INTEGER NOT NULL DEFAULT 0,
    width_mm  INTEGER NOT NULL DEFAULT 0,
    height_mm INTEGER NOT NULL DEFAULT 0,
    weight_g  INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE story (                             -- one order's history, append only
    id             INTEGER PRIMARY KEY,
    consignment_id INTEGER NOT NULL,
    at             INTEGER NOT NULL,
    who            TEXT NOT NULL DEFAULT '',
    side           TEXT NOT NULL DEFAULT 'station', -- station, clarus, storefront, printer
    event          TEXT NOT NULL,
    detail         TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX story_consignment ON story (consignment_id, id);
CREATE INDEX story_at ON story (at);

-- bench -------------------------------------------------------------------------------------------

CREATE TABLE bench (
    id             INTEGER PRIMARY KEY CHECK (id = 1),
    packer         TEXT NOT NULL DEFAULT '',
    consignment_id INTEGER,                      -- NULL: idle
    phase          INTEGER NOT NULL DEFAULT 0,   -- enum bench_phase
    parcel_id      INTEGER,                      -- the open or awaited parcel
    shipment_id    INTEGER,
    acknowledged   INTEGER NOT NULL DEFAULT 0,   -- bits of notes acknowledged
    block          TEXT NOT NULL DEFAULT '',     -- JSON: what must be acknowledged before going on
    last_saved     TEXT NOT NULL DEFAULT ''      -- JSON: reference and time of the last SAVED
) STRICT;
INSERT INTO bench (id) VALUES (1);

CREATE TABLE shipment (                          -- a Clarus shipment: one booking, voided whole
    id             INTEGER PRIMARY KEY,
    key            TEXT NOT NULL UNIQUE,
    consignment_id INTEGER NOT NULL REFERENCES consignment (id),
    state          INTEGER NOT NULL DEFAULT 0,   -- enum shipment_state
    intent         TEXT NOT NULL DEFAULT '',     -- call sent and not answered: create, package, submit, cancel, delete
    clarus_id      TEXT NOT NULL DEFAULT '',
    document       TEXT NOT NULL DEFAULT '',     -- label file name in Clarus
    service_bought TEXT NOT NULL DEFAULT '',
    note_sent      INTEGER NOT NULL DEFAULT 0,   -- the delivery note reached the carrier request
    refusal        TEXT NOT NULL DEFAULT '',     -- the carrier's words
    made_at        INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX shipment_consignment ON shipment (consignment_id);
CREATE INDEX shipment_open ON shipment (state) WHERE state IN (1, 2, 3, 6);

CREATE TABLE parcel (
    id             INTEGER PRIMARY KEY,
    consignment_id INTEGER NOT NULL REFERENCES consignment (id),
    shipment_id    INTEGER REFERENCES shipment (id), -- bound before a label is asked for
    number         INTEGER NOT NULL,             -- 1..n within its consignment
    state          INTEGER NOT NULL DEFAULT 0,   -- enum parcel_state
    packaging      TEXT NOT NULL DEFAULT '',
    clarus_id      TEXT NOT NULL DEFAULT '',     -- package id
    tracking       TEXT NOT NULL DEFAULT '',
    weight_g       INTEGER NOT NULL DEFAULT 0,
    prints         INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX parcel_consignment ON parcel (consignment_id, number);
CREATE INDEX parcel_shipment ON parcel (shipment_id);
CREATE INDEX parcel_tracking ON parcel (tracking) WHERE tracking <> '';

CREATE TABLE parcel_item (
    parcel_id INTEGER NOT NULL REFERENCES parcel (id),
    line_id   INTEGER NOT NULL REFERENCES line (id),
    quantity  INTEGER NOT NULL,
    PRIMARY KEY (parcel_id, line_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX parcel_item_line ON parcel_item (line_id);

CREATE TABLE label_document (                    -- as the carrier made it
    shipment_id INTEGER PRIMARY KEY REFERENCES shipment (id),
    format      TEXT NOT NULL,                   -- pdf, png, zpl
    sha256      TEXT NOT NULL,
    bytes       BLOB NOT NULL
) STRICT;

CREATE TABLE label (                             -- ready for this bench's printer
    parcel_id INTEGER PRIMARY KEY REFERENCES parcel (id),
    page      INTEGER NOT NULL,
    checked   INTEGER NOT NULL DEFAULT 0,        -- a decoder saw the parcel's tracking on it
    sha256    TEXT NOT NULL,
    bytes     BLOB NOT NULL                      -- printer language, one label
) STRICT;

CREATE TABLE scan (                              -- the last scans, for the screen and for support
    id      INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    source  TEXT NOT NULL,
    text    TEXT NOT NULL,
    outcome TEXT NOT NULL
) STRICT;

-- outbox ------------------------------------------------------------------------------------------

CREATE TABLE dispatch (                          -- the durable fact
    id             INTEGER PRIMARY KEY,
    key            TEXT NOT NULL UNIQUE,
    consignment_id INTEGER NOT NULL REFERENCES consignment (id),
    shipment_id    INTEGER NOT NULL REFERENCES shipment (id),
    state          INTEGER NOT NULL,             -- enum dispatch_state
    packer         TEXT NOT NULL DEFAULT '',
    boot_id        TEXT NOT NULL,
    at_mono        INTEGER NOT NULL,
    at             INTEGER NOT NULL,
    at_trusted     INTEGER NOT NULL,
    carrier        TEXT NOT NULL DEFAULT '',
    service        TEXT NOT NULL DEFAULT '',
    settled_at     INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX dispatch_consignment ON dispatch (consignment_id);
CREATE INDEX dispatch_unsettled ON dispatch (state, at) WHERE state IN (0, 2, 3);

CREATE TABLE dispatch_item (
    dispatch_id INTEGER NOT NULL REFERENCES dispatch (id),
    parcel_id   INTEGER NOT NULL REFERENCES parcel (id),
    line_id     INTEGER NOT NULL REFERENCES line (id),
    lot         TEXT NOT NULL DEFAULT '',
    serial      TEXT NOT NULL DEFAULT '',
    sku         TEXT NOT NULL,
    quantity    INTEGER NOT NULL,
    PRIMARY KEY (dispatch_id, parcel_id, line_id, lot, serial)
) STRICT, WITHOUT ROWID;
CREATE INDEX dispatch_item_line ON dispatch_item (line_id);

CREATE TABLE message (
    id             INTEGER PRIMARY KEY,
    dispatch_id    INTEGER NOT NULL REFERENCES dispatch (id),
    consignment_id INTEGER NOT NULL,
    destination    TEXT NOT NULL,                -- "clarus" or a channel's name
    step           INTEGER NOT NULL,             -- 0 Clarus, 1 inventory system, 2 storefront
    lane           TEXT NOT NULL,                -- the order, as the destination knows it
    state          INTEGER NOT NULL,             -- enum message_state
    look_first     INTEGER NOT NULL DEFAULT 0,   -- an earlier try may have had its effect
    attempts       INTEGER NOT NULL DEFAULT 0,
    looks          INTEGER NOT NULL DEFAULT 0,   -- look-ups since the unknown that found nothing
    unknown_at     INTEGER NOT NULL DEFAULT 0,
    due_mono       INTEGER NOT NULL DEFAULT 0,   -- valid within due_boot only
    due_boot       TEXT NOT NULL DEFAULT '',
    progress       TEXT NOT NULL DEFAULT '',     -- JSON of the destination's connector: records written so far
    last_result    TEXT NOT NULL DEFAULT '',
    stored_at      INTEGER NOT NULL,
    done_at        INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX message_waiting ON message (destination, due_mono, id) WHERE state = 1;
CREATE INDEX message_flying ON message (destination, id) WHERE state = 2;
CREATE INDEX message_lane ON message (destination, lane, id) WHERE state < 5;
CREATE INDEX message_oldest ON message (destination, stored_at) WHERE state < 5;
CREATE INDEX message_dispatch ON message (dispatch_id, step);
CREATE INDEX message_done ON message (done_at) WHERE state = 5;

CREATE TABLE manifest (                          -- dispatches whose storefront waits for the carrier's list
    dispatch_id INTEGER PRIMARY KEY REFERENCES dispatch (id),
    carrier     TEXT NOT NULL,                   -- Clarus code
    closed_at   INTEGER NOT NULL DEFAULT 0,      -- 0: waits
    closed_by   TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX manifest_waiting ON manifest (carrier, dispatch_id) WHERE closed_at = 0;

CREATE TABLE manifest_close (                    -- the last list a person closed, per carrier
    carrier       TEXT PRIMARY KEY,
    closed_at     INTEGER NOT NULL,
    closed_by     TEXT NOT NULL,
    last_dispatch INTEGER NOT NULL
) STRICT;

CREATE TABLE counter (                           -- kept in the transaction that moves a message
    destination TEXT PRIMARY KEY,
    waiting     INTEGER NOT NULL DEFAULT 0,      -- held for release, ready, in flight
    parked      INTEGER NOT NULL DEFAULT 0,
    frozen      INTEGER NOT NULL DEFAULT 0,
    done        INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE exception (
    id             INTEGER PRIMARY KEY,
    rule           TEXT NOT NULL,
    origin         TEXT NOT NULL,                -- storefront, clarus, station, carrier, device
    owner          TEXT NOT NULL,                -- packer, lead, warehouse, integration, e-commerce, product-data, finance
    object         TEXT NOT NULL,                -- "order WEB-10427", "sku 451", "printer"
    text           TEXT NOT NULL,
    next_step      TEXT NOT NULL,
    consignment_id INTEGER,
    message_id     INTEGER,
    dispatch_id    INTEGER,
    first_seen     INTEGER NOT NULL,
    last_seen      INTEGER NOT NULL,
    times          INTEGER NOT NULL DEFAULT 1,
    open           INTEGER NOT NULL DEFAULT 1,
    closed_at      INTEGER NOT NULL DEFAULT 0,
    closed_by      TEXT NOT NULL DEFAULT '',
    closed_how     TEXT NOT NULL DEFAULT '',
    note           TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE UNIQUE INDEX exception_open ON exception (rule, object) WHERE open = 1;
CREATE INDEX exception_message ON exception (message_id) WHERE open = 1;
CREATE INDEX exception_consignment ON exception (consignment_id);
