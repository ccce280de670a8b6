-- Where thousands of cases wait, notices are found from the newest entries of the log. Conventions as in 00001_start.sql.

-- +goose Up

-- The list of verbs stands word for word in notice.go too, as that of audit_entries_told.
CREATE INDEX audit_entries_told_at ON audit_entries (verb, at DESC, id) WHERE verb IN ('case.return', 'case.accept', 'report.deliver', 'explain.open', 'report.seal', 'case.confirm', 'case.ask_again', 'case.commission', 'case.object', 'case.summarise', 'case.review', 'case.send_back');
CREATE INDEX explanations_open ON explanations (case_id) WHERE state = 'open';
