-- Workbooks with many households, and what became of each household in them. Conventions as in 00001_start.sql.

-- +goose Up

CREATE TABLE uploads (
  id         TEXT PRIMARY KEY CHECK (length(id) > 0),
  owner      TEXT NOT NULL,   -- officer who handed it in
  digest     TEXT NOT NULL,   -- keyed hash of the file
  at         BIGINT NOT NULL,
  state      TEXT NOT NULL,
  persons    BIGINT NOT NULL, -- rows
  households BIGINT NOT NULL,
  done       BIGINT NOT NULL, -- households that were gone over
  opened     BIGINT NOT NULL, -- cases
  drafts     BIGINT NOT NULL, -- forms without all consents
  same       BIGINT NOT NULL, -- households that were known already
  refused    BIGINT NOT NULL, -- households with problems
  withdrawn  BIGINT NOT NULL, -- cases and forms that were taken back
  body       BYTEA NOT NULL,  -- box of the node: the file, and who handed it in; empty = worked off
  result     BYTEA NOT NULL   -- box of the node: the workbook of what has problems; empty = none
);
CREATE INDEX uploads_owner ON uploads (owner, id);

CREATE TABLE upload_households (
  digest    TEXT PRIMARY KEY, -- keyed hash of officer and household, so that it comes in once
  upload_id TEXT NOT NULL REFERENCES uploads (id),
  row_no    BIGINT NOT NULL,
  case_id   TEXT NOT NULL,    -- empty until the form is a case
  draft     TEXT NOT NULL     -- id of the form, empty for what was a case at once
);
CREATE INDEX upload_households_upload ON upload_households (upload_id, row_no);
CREATE INDEX upload_households_case ON upload_households (case_id);
CREATE INDEX upload_households_draft ON upload_households (draft);
