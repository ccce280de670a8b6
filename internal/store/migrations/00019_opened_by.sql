-- Who opened a case: a clerk sees how their own cases stand, and no others. Conventions as in 00001_start.sql.

-- +goose Up

ALTER TABLE cases ADD COLUMN opened_by TEXT NOT NULL DEFAULT '';
CREATE INDEX cases_opened_by ON cases (opened_by, id);
