-- What a node knows of the nodes around it, and which register a query was for. Conventions as in 00001_start.sql.

-- +goose Up

ALTER TABLE queries ADD COLUMN scope TEXT NOT NULL DEFAULT '';       -- division the register speaks for
ALTER TABLE queries ADD COLUMN answered_by TEXT NOT NULL DEFAULT ''; -- the node that asked the department; empty = this one

CREATE INDEX relays_query ON relays (query);
CREATE INDEX relays_retrying ON relays (source) WHERE state = 'retrying';

ALTER TABLE links ADD COLUMN seen_at BIGINT NOT NULL DEFAULT 0; -- when a child was last heard of

CREATE TABLE peers ( -- nodes whose keys are pinned
  name       TEXT PRIMARY KEY CHECK (length(name) > 0),
  role       TEXT NOT NULL CHECK (role IN ('parent', 'child')),
  division   TEXT NOT NULL,
  level      TEXT NOT NULL,
  keys       TEXT NOT NULL, -- public keys with their times, JSON
  revoked    BIGINT NOT NULL CHECK (revoked IN (0, 1)),
  changed_at BIGINT NOT NULL,
  changed_by TEXT NOT NULL
);

CREATE TABLE enrolments ( -- invitations to become a child, and what came of them
  name       TEXT PRIMARY KEY CHECK (length(name) > 0),
  division   TEXT NOT NULL,
  level      TEXT NOT NULL,
  state      TEXT NOT NULL CHECK (state IN ('invited', 'asked', 'approved', 'declined')),
  expires_at BIGINT NOT NULL CHECK (expires_at > 0),
  secret     BYTEA,         -- master; NULL once it is not needed any more
  request    TEXT NOT NULL, -- public keys of the node that has asked, JSON
  changed_at BIGINT NOT NULL,
  changed_by TEXT NOT NULL
);

CREATE TABLE incidents ( -- what was refused of other nodes, counted by day, so that nobody can fill the table by knocking
  on_day   TEXT NOT NULL,
  peer     TEXT NOT NULL, -- name it gives itself
  reason   TEXT NOT NULL,
  remote   TEXT NOT NULL, -- its address
  node_key TEXT NOT NULL, -- KeyID of its key
  envelope TEXT NOT NULL, -- the last one
  first_at BIGINT NOT NULL,
  last_at  BIGINT NOT NULL,
  n        BIGINT NOT NULL CHECK (n > 0),
  PRIMARY KEY (on_day, peer, reason, remote)
);
