-- Assistance letters: what has become of each, and the scans of their replies. A letter says nothing of the persons it asks about: its
-- items in the worklist do. Conventions as in 00001_start.sql.

-- +goose Up

CREATE TABLE letters (
  number      TEXT PRIMARY KEY CHECK (length(number) > 0),
  case_id     TEXT NOT NULL, -- empty: another node has asked
  division    TEXT NOT NULL,
  programme   TEXT NOT NULL,
  addressee   TEXT NOT NULL, -- the body written to
  state       TEXT NOT NULL,
  issued_at   BIGINT NOT NULL,
  due_at      BIGINT NOT NULL,
  expires_at  BIGINT NOT NULL, -- of a question of another node; 0 for an own one
  sent_on     TEXT NOT NULL,   -- empty: not known
  sent        BIGINT NOT NULL, -- how often
  way         TEXT NOT NULL,
  tracking    TEXT NOT NULL,
  failed_on   TEXT NOT NULL,
  why         TEXT NOT NULL,
  reminders   BIGINT NOT NULL,
  reminded_at BIGINT NOT NULL,
  replied_on  TEXT NOT NULL,
  scan        TEXT NOT NULL,   -- media type; empty = there is none
  digest      TEXT NOT NULL,   -- of the scan
  taken_by    TEXT NOT NULL,   -- officer who took the reply
  closed_by   TEXT NOT NULL,   -- officer who compared it
  changed_at  BIGINT NOT NULL
);
CREATE INDEX letters_open ON letters (due_at, number) WHERE state IN ('issued', 'sent', 'failed', 'replied');
CREATE INDEX letters_case ON letters (case_id);

CREATE TABLE letter_scans (
  letter  TEXT PRIMARY KEY CHECK (length(letter) > 0),
  case_id TEXT NOT NULL,
  body    BYTEA NOT NULL -- box
);
CREATE INDEX letter_scans_case ON letter_scans (case_id);

-- Letters from before: whether they were sent is not known. The body written to stands in the configuration only, so its source is named.
INSERT INTO letters (number, case_id, division, programme, addressee, state, issued_at, due_at, expires_at, sent_on, sent, way, tracking,
  failed_on, why, reminders, reminded_at, replied_on, scan, digest, taken_by, closed_by, changed_at)
SELECT w.letter, min(w.case_id), substr(w.letter, 2, 6), coalesce(max(c.programme), ''), min(w.source),
  CASE WHEN sum(CASE WHEN w.state = 'lettered' THEN 1 ELSE 0 END) > 0 THEN 'issued' WHEN sum(CASE WHEN w.state = 'ended' THEN 0 ELSE 1 END) > 0 THEN 'closed' ELSE 'ended' END,
  min(w.listed_at), min(w.due_at), max(w.expires_at), '', 0, '', '', '', '', 0, 0, '', '', '', '', '', max(w.changed_at)
FROM worklist w LEFT JOIN cases c ON c.id = w.case_id WHERE w.letter <> '' GROUP BY w.letter;
