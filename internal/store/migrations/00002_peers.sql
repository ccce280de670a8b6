-- What passes between this node and its peers. Conventions as in 00001_start.sql; no index here is on anything personal.

-- +goose Up

CREATE TABLE parcels ( -- outbox: what a peer has not yet taken
  peer         TEXT NOT NULL CHECK (length(peer) > 0),
  id           TEXT NOT NULL CHECK (length(id) > 0),
  kind         TEXT NOT NULL,
  created_at   BIGINT NOT NULL,
  expires_at   BIGINT NOT NULL, -- 0 = never
  leased_until BIGINT NOT NULL, -- 0 = nobody sends it; an end that has passed counts for nothing
  lease        TEXT NOT NULL,   -- which process sends it, or empty
  body         BYTEA NOT NULL,  -- master
  PRIMARY KEY (peer, id)
);
CREATE INDEX parcels_oldest ON parcels (peer, created_at, id);

CREATE TABLE inbox ( -- what a peer has sent and has had its effect
  peer       TEXT NOT NULL CHECK (length(peer) > 0),
  id         TEXT NOT NULL CHECK (length(id) > 0),
  expires_at BIGINT NOT NULL CHECK (expires_at > 0),
  PRIMARY KEY (peer, id)
);
CREATE INDEX inbox_expires ON inbox (expires_at);

CREATE TABLE relays ( -- questions that other nodes have asked of this one
  id          TEXT PRIMARY KEY CHECK (id = peer || '/' || query),
  peer        TEXT NOT NULL CHECK (length(peer) > 0),
  query       TEXT NOT NULL CHECK (length(query) > 0),
  category    TEXT NOT NULL,
  source      TEXT NOT NULL,
  state       TEXT NOT NULL,
  attempts    BIGINT NOT NULL,
  token       TEXT NOT NULL,
  created_at  BIGINT NOT NULL,
  expires_at  BIGINT NOT NULL CHECK (expires_at > 0),
  asked_at    BIGINT NOT NULL,
  answered_at BIGINT NOT NULL,
  outcome     TEXT NOT NULL,
  reason      TEXT NOT NULL,
  body        BYTEA, -- master; NULL once it is settled
  CHECK (body IS NULL OR state NOT IN ('answered', 'cancelled'))
);
CREATE INDEX relays_open ON relays (peer) WHERE state NOT IN ('answered', 'cancelled');
CREATE INDEX relays_expires ON relays (expires_at);

CREATE TABLE links ( -- whether a peer is reached, and since when
  peer   TEXT PRIMARY KEY CHECK (length(peer) > 0),
  up     BIGINT NOT NULL CHECK (up IN (0, 1)),
  since  BIGINT NOT NULL,
  reason TEXT NOT NULL
);
