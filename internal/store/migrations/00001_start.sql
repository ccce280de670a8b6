-- One text for SQLite and PostgreSQL: TEXT, BIGINT, BYTEA. Instants are microseconds since 1970 in UTC, 0 for none; days are
-- written 2006-01-02. Columns marked "box" are encrypted under the key of the case, those marked "master" under the master key.
-- Migrations only add; the program before and the program after both work on every version.

-- +goose Up

CREATE TABLE vault ( -- proves that the keys given at start are those of this database
  name  TEXT PRIMARY KEY,
  value BYTEA NOT NULL -- master
);

CREATE TABLE serials ( -- counters of numbers
  key TEXT PRIMARY KEY,
  n   BIGINT NOT NULL CHECK (n > 0)
);

CREATE TABLE cases (
  id         TEXT PRIMARY KEY CHECK (length(id) > 0),
  rev        BIGINT NOT NULL CHECK (rev > 0),
  number     TEXT NOT NULL,
  division   TEXT NOT NULL,
  programme  TEXT NOT NULL,
  kind       TEXT NOT NULL,
  office     TEXT NOT NULL,
  stage      TEXT NOT NULL,
  running    BIGINT NOT NULL CHECK (running IN (0, 1)),
  applied_on TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  due_at     BIGINT NOT NULL,
  version    BIGINT NOT NULL CHECK (version >= 0),
  summary    BYTEA NOT NULL, -- box
  body       BYTEA NOT NULL  -- box
);
CREATE UNIQUE INDEX cases_number ON cases (number) WHERE number <> '';
CREATE INDEX cases_stage ON cases (stage, id);

CREATE TABLE case_keys ( -- deleting a row here erases the case
  case_id TEXT PRIMARY KEY REFERENCES cases (id),
  wrapped BYTEA NOT NULL -- master
);

CREATE TABLE case_persons ( -- finds a case by a person's number without holding it
  case_id TEXT NOT NULL REFERENCES cases (id),
  person  BIGINT NOT NULL CHECK (person > 0),
  blind   TEXT NOT NULL,
  member  BIGINT NOT NULL CHECK (member IN (0, 1)), -- lives in the household; 0 = owes support, lives apart
  PRIMARY KEY (case_id, person)
);
CREATE INDEX case_persons_blind ON case_persons (blind);

CREATE TABLE queries (
  id          TEXT PRIMARY KEY CHECK (length(id) > 0),
  case_id     TEXT NOT NULL REFERENCES cases (id),
  person      BIGINT NOT NULL,
  category    TEXT NOT NULL,
  source      TEXT NOT NULL,
  department  TEXT NOT NULL,
  state       TEXT NOT NULL,
  attempts    BIGINT NOT NULL,
  token       TEXT NOT NULL,
  created_at  BIGINT NOT NULL,
  asked_at    BIGINT NOT NULL,
  answered_at BIGINT NOT NULL,
  as_of       BIGINT NOT NULL,
  outcome     TEXT NOT NULL,
  matched     TEXT NOT NULL,
  reason      TEXT NOT NULL,
  answer      BYTEA -- box: records and their hash; NULL without them
);
CREATE INDEX queries_case ON queries (case_id);

CREATE TABLE reports (
  case_id    TEXT NOT NULL REFERENCES cases (id),
  version    BIGINT NOT NULL CHECK (version > 0),
  number     TEXT NOT NULL,
  conclusion TEXT NOT NULL,
  state      TEXT NOT NULL CHECK (state IN ('prepared', 'sealed')),
  made_at    BIGINT NOT NULL,
  sealed_at  BIGINT NOT NULL,
  digest     TEXT NOT NULL,
  copies     BIGINT NOT NULL CHECK (copies >= 0),
  content    BYTEA NOT NULL, -- box
  seal       BYTEA,          -- box
  pdf        BYTEA,          -- box
  PRIMARY KEY (case_id, version),
  UNIQUE (number, version)
);

CREATE TABLE report_copies ( -- who has taken a printed copy
  case_id TEXT NOT NULL,
  version BIGINT NOT NULL,
  n       BIGINT NOT NULL CHECK (n > 0),
  reader  TEXT NOT NULL,
  at      BIGINT NOT NULL,
  digest  TEXT NOT NULL,
  PRIMARY KEY (case_id, version, n),
  FOREIGN KEY (case_id, version) REFERENCES reports (case_id, version)
);

CREATE TABLE drafts ( -- what was typed and not yet accepted
  id    TEXT PRIMARY KEY CHECK (length(id) > 0),
  owner TEXT NOT NULL,
  body  BYTEA NOT NULL -- master
);

CREATE TABLE audit_entries (
  id      TEXT PRIMARY KEY,
  seq     BIGINT UNIQUE, -- place in the log; NULL until it has one
  at      BIGINT NOT NULL,
  verb    TEXT NOT NULL,
  case_id TEXT NOT NULL,
  entry   TEXT NOT NULL, -- canonical bytes
  leaf    BYTEA NOT NULL -- their leaf hash
);
CREATE INDEX audit_entries_case ON audit_entries (case_id, id);

CREATE TABLE jobs (
  id         TEXT PRIMARY KEY CHECK (length(id) > 0),
  kind       TEXT NOT NULL,
  lane       TEXT NOT NULL,
  payload    BYTEA NOT NULL,
  run_at     BIGINT NOT NULL, -- due at; while leased, the end of the lease
  attempt    BIGINT NOT NULL,
  strikes    BIGINT NOT NULL,
  lease      TEXT NOT NULL, -- token of the run under way, or empty
  owner      TEXT NOT NULL,
  last_error TEXT NOT NULL,
  buried     BIGINT NOT NULL CHECK (buried IN (0, 1))
);
CREATE INDEX jobs_due ON jobs (lane, run_at) WHERE buried = 0;
