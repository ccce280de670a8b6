-- Versions of keys. The master keys themselves lie outside of the database: what stands here is their names. What is not of a case is
-- encrypted under a node key ("node" in comments), whose version stands in the first five bytes of each box; boxes from before, marked
-- "master" in earlier files, lie directly under master key 1 until a rotation encrypts them anew. Conventions as in 00001_start.sql.

-- +goose Up

CREATE TABLE master_keys (
  version    BIGINT PRIMARY KEY CHECK (version > 0),
  id         TEXT NOT NULL UNIQUE,
  made_at    BIGINT NOT NULL, -- 0 = before there were versions
  retired_at BIGINT NOT NULL  -- nothing is wrapped under it any more; 0 = in use
);

CREATE TABLE node_keys ( -- deleting a row here makes every box of its version unreadable
  version BIGINT PRIMARY KEY CHECK (version > 0),
  master  BIGINT NOT NULL REFERENCES master_keys (version),
  wrapped BYTEA NOT NULL, -- under that master key
  made_at BIGINT NOT NULL
);

ALTER TABLE case_keys ADD COLUMN master BIGINT NOT NULL DEFAULT 1;
