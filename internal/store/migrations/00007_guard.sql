-- Protection and freshness of sources. Conventions as in 00001_start.sql; nothing here is about a person.

-- +goose Up

ALTER TABLE jobs ADD COLUMN urgency BIGINT NOT NULL DEFAULT 0; -- 0 new application, 1 asked again, 2 bulk
CREATE INDEX jobs_urgent ON jobs (lane, urgency, run_at) WHERE buried = 0;
DROP INDEX jobs_due; -- a program of before finds its jobs by the other one

ALTER TABLE queries ADD COLUMN held_until BIGINT NOT NULL DEFAULT 0; -- its department is not asked before
ALTER TABLE queries ADD COLUMN basis TEXT NOT NULL DEFAULT '';       -- mandate, purpose and period of the question that was sent
ALTER TABLE queries ADD COLUMN taken_from TEXT NOT NULL DEFAULT '';  -- the earlier query whose answer was taken instead

CREATE TABLE source_use ( -- what of a department's daily quota is used
  source TEXT NOT NULL CHECK (length(source) > 0),
  on_day TEXT NOT NULL,
  kind   TEXT NOT NULL CHECK (kind IN ('persons', 'calls')),
  used   BIGINT NOT NULL CHECK (used >= 0),
  PRIMARY KEY (source, on_day, kind)
);

CREATE TABLE source_seen ( -- how a source has answered; one row each
  source      TEXT PRIMARY KEY CHECK (length(source) > 0),
  as_of       BIGINT NOT NULL, -- newest state of its data that was seen
  answered_at BIGINT NOT NULL, -- last answer that settled a query
  failed_at   BIGINT NOT NULL, -- last failure
  took        BIGINT NOT NULL, -- microseconds from question to answer, the last
  on_day      TEXT NOT NULL,   -- the numbers below are of this day
  answers     BIGINT NOT NULL, -- that settled a query
  failures    BIGINT NOT NULL,
  unreadable  BIGINT NOT NULL, -- of the failures: malformed, or about people who were not asked
  slowest     BIGINT NOT NULL  -- microseconds
);

CREATE TABLE alerts ( -- what a liaison should see to; one open row of each kind and source
  source     TEXT NOT NULL CHECK (length(source) > 0),
  kind       TEXT NOT NULL,
  since      BIGINT NOT NULL,
  last_at    BIGINT NOT NULL,
  n          BIGINT NOT NULL CHECK (n > 0),
  detail     TEXT NOT NULL, -- numbers and times only
  closed_at  BIGINT NOT NULL, -- 0 while it lasts
  handled_at BIGINT NOT NULL, -- an officer has seen to it
  handled_by TEXT NOT NULL,
  note       TEXT NOT NULL,
  PRIMARY KEY (source, kind, since)
);
CREATE UNIQUE INDEX alerts_open ON alerts (source, kind) WHERE closed_at = 0;

CREATE TABLE processes ( -- that work on this database: they share what departments allow
  owner   TEXT PRIMARY KEY CHECK (length(owner) > 0),
  seen_at BIGINT NOT NULL
);
