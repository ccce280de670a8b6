-- What lies before people: manual worklists and assistance letters. Conventions as in 00001_start.sql. A row says nothing of the
-- person: the case, or the relay, holds that.

-- +goose Up

CREATE TABLE worklist (
  id         TEXT PRIMARY KEY CHECK (length(id) > 0), -- opaque: it stands in workbooks and on letters
  source     TEXT NOT NULL,
  relay      BIGINT NOT NULL CHECK (relay IN (0, 1)), -- whether another node has asked
  about      TEXT NOT NULL CHECK (length(about) > 0), -- id of the query or of the relay
  case_id    TEXT NOT NULL,                           -- of an own query; empty for a relay
  state      TEXT NOT NULL,
  listed_at  BIGINT NOT NULL,
  due_at     BIGINT NOT NULL,
  expires_at BIGINT NOT NULL, -- of a relay; 0 for an own query
  letter     TEXT NOT NULL,   -- number of the letter, or empty
  officer    TEXT NOT NULL,   -- who had it in hand last, or empty
  changed_at BIGINT NOT NULL,
  answer     BYTEA,           -- master: hash of what was entered
  UNIQUE (relay, about)
);
CREATE INDEX worklist_open ON worklist (source, due_at, id) WHERE state IN ('listed', 'lettered');
CREATE INDEX worklist_case ON worklist (case_id);
CREATE INDEX worklist_letter ON worklist (letter) WHERE letter <> '';
CREATE INDEX worklist_expires ON worklist (expires_at) WHERE relay = 1;
