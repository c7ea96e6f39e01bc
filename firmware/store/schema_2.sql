-- Schema 2. Adds only: a program that knows schema 1 still runs on the file. Units as in schema 1.

ALTER TABLE message ADD COLUMN class INTEGER NOT NULL DEFAULT 0; -- 0 event: each one matters; 1 state: the newest does
