-- Scans and on-screen signatures of consents. They are kept under the key of their case and go with it. Conventions as in 00001_start.sql.

-- +goose Up

CREATE TABLE consent_scans (
  consent TEXT PRIMARY KEY CHECK (length(consent) > 0), -- number of the consent
  case_id TEXT NOT NULL,
  body    BYTEA NOT NULL -- box
);
CREATE INDEX consent_scans_case ON consent_scans (case_id);
