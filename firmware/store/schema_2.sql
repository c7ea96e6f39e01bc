-- Schema 2. Adds only: a program that knows schema 1 still runs on the file. Units as in schema 1.

ALTER TABLE message ADD COLUMN class INTEGER NOT NULL DEFAULT 0; -- 0 event: each one matters; 1 state: the newest does

CREATE TABLE line_short (                        -- said to be short while its order is on the bench
    consignment_id INTEGER NOT NULL,
    line_id        INTEGER NOT NULL,
    quantity       INTEGER NOT NULL,
    reason         TEXT NOT NULL,
    who            TEXT NOT NULL DEFAULT '',
    at             INTEGER NOT NULL,
    PRIMARY KEY (consignment_id, line_id)
) STRICT, WITHOUT ROWID;
