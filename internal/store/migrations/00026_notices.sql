-- Notices are worked out from what is recorded; only up to when an officer has seen them is kept. Conventions as in 00001_start.sql.

-- +goose Up

CREATE TABLE notices_seen (
  officer TEXT PRIMARY KEY CHECK (length(officer) > 0),
  at      BIGINT NOT NULL
);

-- The list of verbs stands word for word in notice.go too: only so does the index serve.
CREATE INDEX audit_entries_told ON audit_entries (case_id, verb, at) WHERE verb IN ('case.return', 'case.accept', 'report.deliver', 'explain.open', 'report.seal', 'case.confirm', 'case.ask_again', 'case.commission', 'case.object', 'case.summarise', 'case.review', 'case.send_back');

ALTER TABLE cases ADD COLUMN consent_until BIGINT NOT NULL DEFAULT 0; -- when the first of the consents ends that hold; written by the job that counts cases; 0 = none, or not yet counted
UPDATE cases SET counted = 0 WHERE running = 1; -- so that the job goes over them
CREATE INDEX cases_consent_until ON cases (consent_until) WHERE running = 1;
CREATE INDEX cases_own_stage ON cases (opened_by, stage);
CREATE INDEX cases_due ON cases (due_at) WHERE running = 1;
