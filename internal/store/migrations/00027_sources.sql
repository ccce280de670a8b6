-- How sources answer, of which files they are, and how tests of them went. Nothing here is about a person. Conventions as in
-- 00001_start.sql.

-- +goose Up

CREATE TABLE source_heard ( -- what came of questions, for some days; a query keeps only what came last
  source TEXT NOT NULL CHECK (length(source) > 0),
  slot   BIGINT NOT NULL, -- beginning of the ten minutes in which it came
  what   TEXT NOT NULL,   -- answered; failed.REASON; took.BOUND, of answers, in milliseconds at most
  n      BIGINT NOT NULL CHECK (n > 0),
  PRIMARY KEY (source, slot, what)
);
CREATE INDEX source_heard_slot ON source_heard (slot);

-- What is known of the days before: of each query the last word.
INSERT INTO source_heard (source, slot, what, n)
SELECT source, slot, what, COUNT(*) FROM (
  SELECT source, answered_at - answered_at % 600000000 AS slot, CASE WHEN outcome = 'failed' THEN 'failed.' || reason ELSE 'answered' END AS what
  FROM queries WHERE (state = 'answered' AND reason <> 'withdrawn' OR state = 'cancelled' AND outcome = 'failed'
    AND reason IN ('down', 'slow', 'throttled', 'malformed', 'incomplete', 'credentials', 'unknown_code'))
  AND asked_at > 0 AND taken_from = '' AND answered_at > (SELECT MAX(answered_at) FROM queries) - 691200000000
  UNION ALL
  SELECT source, answered_at - answered_at % 600000000, 'took.' || CASE
    WHEN answered_at - asked_at <= 10000 THEN '10' WHEN answered_at - asked_at <= 20000 THEN '20' WHEN answered_at - asked_at <= 30000 THEN '30'
    WHEN answered_at - asked_at <= 50000 THEN '50' WHEN answered_at - asked_at <= 70000 THEN '70' WHEN answered_at - asked_at <= 100000 THEN '100'
    WHEN answered_at - asked_at <= 150000 THEN '150' WHEN answered_at - asked_at <= 200000 THEN '200' WHEN answered_at - asked_at <= 300000 THEN '300'
    WHEN answered_at - asked_at <= 500000 THEN '500' WHEN answered_at - asked_at <= 700000 THEN '700' WHEN answered_at - asked_at <= 1000000 THEN '1000'
    WHEN answered_at - asked_at <= 1500000 THEN '1500' WHEN answered_at - asked_at <= 2000000 THEN '2000' WHEN answered_at - asked_at <= 3000000 THEN '3000'
    WHEN answered_at - asked_at <= 5000000 THEN '5000' WHEN answered_at - asked_at <= 7000000 THEN '7000' WHEN answered_at - asked_at <= 10000000 THEN '10000'
    WHEN answered_at - asked_at <= 15000000 THEN '15000' WHEN answered_at - asked_at <= 20000000 THEN '20000' WHEN answered_at - asked_at <= 30000000 THEN '30000'
    WHEN answered_at - asked_at <= 60000000 THEN '60000' WHEN answered_at - asked_at <= 120000000 THEN '120000' WHEN answered_at - asked_at <= 300000000 THEN '300000'
    WHEN answered_at - asked_at <= 600000000 THEN '600000' WHEN answered_at - asked_at <= 1800000000 THEN '1800000' WHEN answered_at - asked_at <= 3600000000 THEN '3600000'
    WHEN answered_at - asked_at <= 7200000000 THEN '7200000' WHEN answered_at - asked_at <= 14400000000 THEN '14400000' WHEN answered_at - asked_at <= 28800000000 THEN '28800000'
    WHEN answered_at - asked_at <= 86400000000 THEN '86400000' WHEN answered_at - asked_at <= 172800000000 THEN '172800000' ELSE '604800000' END
  FROM queries WHERE state = 'answered' AND reason <> 'withdrawn' AND taken_from = '' AND asked_at > 0
  AND answered_at > (SELECT MAX(answered_at) FROM queries) - 691200000000
) heard GROUP BY source, slot, what;

CREATE INDEX queries_unsettled ON queries (source, created_at) WHERE state NOT IN ('answered', 'cancelled');
CREATE INDEX relays_unsettled ON relays (source, created_at) WHERE state NOT IN ('answered', 'cancelled');
CREATE INDEX worklist_listed ON worklist (source, listed_at);
CREATE INDEX corrections_source ON corrections (source, asked_at);

CREATE TABLE source_files ( -- what a source has promised from when on, by the file with which the node was started
  source  TEXT NOT NULL CHECK (length(source) > 0),
  since   BIGINT NOT NULL,
  digest  TEXT NOT NULL,   -- of the file
  refresh BIGINT NOT NULL, -- promised age of its data, microseconds; 0 = none
  within  TEXT NOT NULL,   -- promised time of an answer, as the file says it; empty = none
  PRIMARY KEY (source, since)
);

CREATE TABLE source_checks ( -- tests of sources on a test person
  id       TEXT PRIMARY KEY CHECK (length(id) > 0),
  source   TEXT NOT NULL,
  officer  TEXT NOT NULL,
  at       BIGINT NOT NULL,
  ended_at BIGINT NOT NULL, -- 0 while it goes on
  digest   TEXT NOT NULL,   -- of the file that was tried
  ready    BIGINT NOT NULL CHECK (ready IN (0, 1)),
  body     TEXT NOT NULL    -- its lines: words, numbers, places in the file
);
CREATE INDEX source_checks_source ON source_checks (source, at);
