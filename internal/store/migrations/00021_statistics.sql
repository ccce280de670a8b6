-- Statistics: counts of cases, kept by a job that opens each case that has changed, and what an office says of itself. No row but
-- case_tallies is about a case; that one lies under the key of its case and goes with it. Conventions as in 00001_start.sql.

-- +goose Up

ALTER TABLE cases ADD COLUMN counted BIGINT NOT NULL DEFAULT 0; -- rev at which the case was counted last; 0 = not yet, or anew
CREATE INDEX cases_uncounted ON cases (id) WHERE counted <> rev;
CREATE INDEX cases_running ON cases (division, programme, kind) WHERE running = 1;

ALTER TABLE relays ADD COLUMN counted BIGINT NOT NULL DEFAULT 0; -- 1 = it is in the counts
CREATE INDEX relays_uncounted ON relays (id) WHERE counted = 0;

CREATE TABLE case_tallies ( -- what a case has added to the counts, so that it is taken off before it is counted anew
  case_id TEXT PRIMARY KEY REFERENCES cases (id),
  body    BYTEA NOT NULL -- box
);

CREATE TABLE tallies ( -- counts of a cell; an empty column stands for all
  month     TEXT NOT NULL, -- 2006-01, in Beijing
  division  TEXT NOT NULL,
  office    TEXT NOT NULL,
  programme TEXT NOT NULL,
  kind      TEXT NOT NULL,
  counts    TEXT NOT NULL, -- a line each: what is counted, part, number, with tabs between; a row for each is far slower to read
  more      TEXT NOT NULL, -- as counts: hours, categories, sources
  PRIMARY KEY (month, division, office, programme, kind)
);

CREATE TABLE tally_rounds ( -- when the job was done last; one row
  one BIGINT PRIMARY KEY CHECK (one = 1),
  at  BIGINT NOT NULL
);

CREATE TABLE office_totals ( -- how many applications and households an office has, which no case can tell; nothing is typed over
  id         TEXT PRIMARY KEY CHECK (length(id) > 0),
  division   TEXT NOT NULL,
  month      TEXT NOT NULL,
  kind       TEXT NOT NULL, -- kind of case that they are to be verified by
  n          BIGINT NOT NULL CHECK (n >= 0),
  origin     TEXT NOT NULL, -- where the number is from
  entered_at BIGINT NOT NULL,
  entered_by TEXT NOT NULL
);
CREATE INDEX office_totals_month ON office_totals (month, division, kind, id);
