-- Sign-in: how officers prove who they are, who is signed in, which proofs have failed. Conventions as in 00001_start.sql.

-- +goose Up

CREATE TABLE credentials (
  id      TEXT PRIMARY KEY CHECK (length(id) > 0),
  officer TEXT NOT NULL CHECK (length(officer) > 0),
  kind    TEXT NOT NULL CHECK (kind IN ('password', 'totp', 'recovery', 'passkey', 'browser')),
  name    TEXT NOT NULL,   -- by which the officer tells passkeys apart
  counter BIGINT NOT NULL, -- totp: the last period whose code was used; passkey: its own counter
  made_at BIGINT NOT NULL,
  used_at BIGINT NOT NULL,
  until   BIGINT NOT NULL, -- 0 = for good
  body    BYTEA NOT NULL   -- box: hash, secret or public key
);
CREATE INDEX credentials_officer ON credentials (officer, kind);

CREATE TABLE sessions (
  id        TEXT PRIMARY KEY CHECK (length(id) > 0),
  token     TEXT NOT NULL UNIQUE CHECK (length(token) = 64), -- SHA-256 of what the browser holds
  officer   TEXT NOT NULL, -- empty until somebody has proved who they are
  stage     TEXT NOT NULL CHECK (stage IN ('begun', 'second', 'change', 'enrol', 'open')),
  how       TEXT NOT NULL, -- proofs given, with spaces between
  browser   TEXT NOT NULL, -- as the officer would call it
  address   TEXT NOT NULL,
  made_at   BIGINT NOT NULL,
  seen_at   BIGINT NOT NULL,
  proved_at BIGINT NOT NULL,
  pending   BYTEA NOT NULL -- box: what was begun and not yet ended
);
CREATE INDEX sessions_officer ON sessions (officer, made_at);
CREATE INDEX sessions_made ON sessions (made_at);

CREATE TABLE tries ( -- proofs that have not succeeded
  what    TEXT PRIMARY KEY CHECK (length(what) > 0), -- blind: of an officer's name, as typed, a browser or an address
  n       BIGINT NOT NULL CHECK (n > 0),
  last_at BIGINT NOT NULL
);
CREATE INDEX tries_last ON tries (last_at);
