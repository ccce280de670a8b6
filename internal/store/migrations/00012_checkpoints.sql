-- Signed checkpoints of the audit log and what passes between witnesses. Conventions as in 00001_start.sql.

-- +goose Up

ALTER TABLE audit_head ADD COLUMN note TEXT NOT NULL DEFAULT ''; -- the signed checkpoint of this head; empty while the log is not signed

CREATE TABLE audit_checkpoints ( -- of those, the ones that are kept
  n    BIGINT PRIMARY KEY CHECK (n > 0), -- without a gap
  size BIGINT NOT NULL UNIQUE,
  at   BIGINT NOT NULL,                  -- whole seconds, as the node's own cosignature says
  note TEXT NOT NULL
);

CREATE TABLE audit_cosignatures ( -- of kept checkpoints, by other nodes
  size    BIGINT NOT NULL,
  witness TEXT NOT NULL,
  at      BIGINT NOT NULL, -- whole seconds, as the line says
  line    TEXT NOT NULL,
  PRIMARY KEY (size, witness)
);

CREATE TABLE audit_peers ( -- the logs of other nodes as they were seen last
  peer TEXT PRIMARY KEY CHECK (length(peer) > 0),
  vkey TEXT NOT NULL, -- key of its log, pinned when it was first told
  note TEXT NOT NULL  -- its newest checkpoint, signed; empty before the first
);

CREATE TABLE witness_letters ( -- how far the talk with each witness is
  peer     TEXT PRIMARY KEY CHECK (length(peer) > 0),
  heard    TEXT NOT NULL,   -- id of its newest letter with a checkpoint: older ones come too late
  holds    BIGINT NOT NULL, -- size of our log that it says it has seen
  asked_at BIGINT NOT NULL, -- since when a letter of ours waits for an answer, 0 = none does
  told_at  BIGINT NOT NULL  -- when the last answer came
);
