-- Officers and offices, and the persons from whose cases an officer stands aside. Conventions as in 00001_start.sql.

-- +goose Up

CREATE TABLE offices (
  name     TEXT PRIMARY KEY CHECK (length(name) > 0),
  kind     TEXT NOT NULL,
  division TEXT NOT NULL,
  since    BIGINT NOT NULL
);

CREATE TABLE officers (
  id         TEXT PRIMARY KEY CHECK (length(id) > 0),
  name       TEXT NOT NULL,
  office     TEXT NOT NULL REFERENCES offices (name),
  division   TEXT NOT NULL,
  state      TEXT NOT NULL CHECK (state IN ('active', 'locked', 'ended')),
  roles      TEXT NOT NULL, -- separated by blanks, as are programmes and sources
  programmes TEXT NOT NULL,
  sources    TEXT NOT NULL,
  first_day  TEXT NOT NULL,
  last_day   TEXT NOT NULL, -- empty = open
  rev        BIGINT NOT NULL CHECK (rev > 0)
);
CREATE INDEX officers_office ON officers (office);

CREATE TABLE officer_ties ( -- never the number: the blind index is enough to stand aside
  officer TEXT NOT NULL REFERENCES officers (id),
  blind   TEXT NOT NULL,
  tie     TEXT NOT NULL CHECK (tie IN ('self', 'kin', 'other')),
  since   BIGINT NOT NULL,
  PRIMARY KEY (officer, blind)
);
CREATE INDEX officer_ties_blind ON officer_ties (blind);
