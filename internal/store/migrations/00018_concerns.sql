-- What detectors have noticed about the looks of officers, and the last day that is done. Conventions as in 00001_start.sql.

-- +goose Up

CREATE TABLE concerns (
  id         TEXT PRIMARY KEY CHECK (length(id) > 0),
  detector   TEXT NOT NULL,
  officer    TEXT NOT NULL,
  office     TEXT NOT NULL,
  on_day     TEXT NOT NULL,
  case_id    TEXT NOT NULL, -- empty = about no single one
  n          BIGINT NOT NULL CHECK (n > 0),
  weight     TEXT NOT NULL,
  raised_at  BIGINT NOT NULL,
  state      TEXT NOT NULL,
  settled_by TEXT NOT NULL,
  settled_at BIGINT NOT NULL,
  note       BYTEA NOT NULL, -- box of the node; empty = none
  UNIQUE (detector, officer, on_day, case_id)
);
CREATE INDEX concerns_open ON concerns (id) WHERE state = 'open';

CREATE TABLE concern_days (
  last_day TEXT PRIMARY KEY
);

CREATE INDEX audit_entries_at ON audit_entries (at);
