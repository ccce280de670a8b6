-- The right to explain: items, evidence, correction requests, reminders. Conventions as in 00001_start.sql; "blind" columns are keyed
-- hashes, because what a short record says could be guessed from a plain one.

-- +goose Up

CREATE TABLE explanations ( -- items to explain
  id        TEXT PRIMARY KEY CHECK (length(id) > 0),
  case_id   TEXT NOT NULL,
  mark      TEXT NOT NULL, -- blind: of the finding, so that none is opened twice
  state     TEXT NOT NULL,
  rev       BIGINT NOT NULL CHECK (rev > 0),
  opened_at BIGINT NOT NULL,
  due_at    BIGINT NOT NULL,
  body      BYTEA NOT NULL, -- box
  UNIQUE (case_id, mark)
);

CREATE TABLE explanation_records ( -- finds the cases in which a record raised a question
  record         TEXT NOT NULL, -- blind: source and content
  case_id        TEXT NOT NULL,
  explanation_id TEXT NOT NULL,
  PRIMARY KEY (record, explanation_id)
);
CREATE INDEX explanation_records_case ON explanation_records (case_id);

CREATE TABLE evidence (
  id             TEXT PRIMARY KEY CHECK (length(id) > 0),
  case_id        TEXT NOT NULL,
  explanation_id TEXT NOT NULL,
  body           BYTEA NOT NULL -- box
);
CREATE INDEX evidence_case ON evidence (case_id);

CREATE TABLE corrections ( -- requests to departments
  number         TEXT PRIMARY KEY CHECK (length(number) > 0),
  case_id        TEXT NOT NULL,
  explanation_id TEXT NOT NULL,
  source         TEXT NOT NULL,
  department     TEXT NOT NULL,
  category       TEXT NOT NULL,
  state          TEXT NOT NULL CHECK (state IN ('asked', 'corrected', 'upheld')),
  asked_at       BIGINT NOT NULL,
  answered_at    BIGINT NOT NULL,
  body           BYTEA NOT NULL -- box
);
CREATE INDEX corrections_case ON corrections (case_id);
CREATE INDEX corrections_department ON corrections (department, state, asked_at);

CREATE TABLE reminders ( -- what an officer should look at in a case; no personal data
  id         TEXT PRIMARY KEY CHECK (length(id) > 0),
  case_id    TEXT NOT NULL,
  kind       TEXT NOT NULL,
  about      TEXT NOT NULL,
  at         BIGINT NOT NULL,
  handled_at BIGINT NOT NULL,
  handled_by TEXT NOT NULL,
  UNIQUE (case_id, kind, about)
);
CREATE INDEX reminders_open ON reminders (at) WHERE handled_at = 0;
