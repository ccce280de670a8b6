-- The numbers of printed consent forms that were signed: each belongs to one case. They hold no personal data, and are never free again,
-- also when the case is erased. Conventions as in 00001_start.sql.

-- +goose Up

CREATE TABLE consent_forms (
  number  TEXT PRIMARY KEY CHECK (length(number) > 0),
  case_id TEXT NOT NULL
);
