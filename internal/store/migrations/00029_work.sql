-- What waits at a stage, in the order of its deadlines. Conventions as in 00001_start.sql.

-- +goose Up

CREATE INDEX cases_work ON cases (stage, due_at, id);
