-- Erasure as an act: how far it is, case by case. A row outlives what was erased and holds no personal data: reasons are words of a list,
-- officers stand there by id. Conventions as in 00001_start.sql.

-- +goose Up

CREATE TABLE erasures (
  case_id    TEXT PRIMARY KEY REFERENCES cases (id),
  state      TEXT NOT NULL CHECK (state IN ('kept', 'proposed', 'rejected', 'held', 'erased')),
  rev        BIGINT NOT NULL CHECK (rev > 0),
  changed_at BIGINT NOT NULL,
  body       TEXT NOT NULL -- JSON: reason, officers, rule, certificate, fingerprint of the key, what was destroyed
);
CREATE INDEX erasures_open ON erasures (state, changed_at) WHERE state IN ('proposed', 'held');

ALTER TABLE drafts ADD COLUMN seen_at BIGINT NOT NULL DEFAULT 0; -- when it was first seen as it is now; 0 = not yet
