-- Workbooks of a worklist that went out: until when they come back, and the password they are encrypted with. Conventions as in 00001_start.sql.

-- +goose Up

CREATE TABLE exports (
  number   TEXT PRIMARY KEY CHECK (length(number) > 0),
  source   TEXT NOT NULL,
  after    TEXT NOT NULL, -- item after which its part of the list begins; empty = the first
  officer  TEXT NOT NULL,
  made_at  BIGINT NOT NULL,
  until_at BIGINT NOT NULL,
  password BYTEA NOT NULL -- box of the node
);
CREATE INDEX exports_source ON exports (source, until_at);
