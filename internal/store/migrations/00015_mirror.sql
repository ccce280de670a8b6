-- The citizen's mirror: one-time codes, sessions of citizens, and their requests. Conventions as in 00001_start.sql.

-- +goose Up

CREATE TABLE mirror_codes ( -- handed out by an office after a look at the identity card
  id      TEXT PRIMARY KEY CHECK (length(id) > 0),
  case_id TEXT NOT NULL,   -- from which the office knows the person
  blind   TEXT NOT NULL,   -- of the identity number
  digest  TEXT NOT NULL,   -- blind: of identity number and code together
  made_at BIGINT NOT NULL,
  until   BIGINT NOT NULL,
  tries   BIGINT NOT NULL CHECK (tries >= 0)
);
CREATE INDEX mirror_codes_blind ON mirror_codes (blind);
CREATE INDEX mirror_codes_case ON mirror_codes (case_id);

CREATE TABLE mirror_sessions ( -- nothing to do with those of officers
  token   TEXT PRIMARY KEY CHECK (length(token) = 64), -- SHA-256 of what the browser holds
  blind   TEXT NOT NULL,
  made_at BIGINT NOT NULL,
  seen_at BIGINT NOT NULL
);
CREATE INDEX mirror_sessions_blind ON mirror_sessions (blind);

CREATE TABLE mirror_requests (
  number      TEXT PRIMARY KEY CHECK (length(number) > 0),
  case_id     TEXT NOT NULL,
  person      BIGINT NOT NULL,
  kind        TEXT NOT NULL CHECK (kind IN ('withdraw', 'object', 'correct', 'copy')),
  state       TEXT NOT NULL CHECK (state IN ('open', 'done', 'declined')),
  asked_at    BIGINT NOT NULL,
  due_at      BIGINT NOT NULL,
  answered_at BIGINT NOT NULL,
  body        BYTEA NOT NULL -- box
);
CREATE INDEX mirror_requests_case ON mirror_requests (case_id);
CREATE INDEX mirror_requests_open ON mirror_requests (due_at) WHERE state = 'open';
