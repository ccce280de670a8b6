-- Whether the office has told what it decided after the report; what it was stands in the box. Conventions as in 00001_start.sql.

-- +goose Up

ALTER TABLE cases ADD COLUMN decided BIGINT NOT NULL DEFAULT 0 CHECK (decided IN (0, 1));
CREATE INDEX cases_undecided ON cases (id) WHERE decided = 0 AND stage IN ('delivered', 'objected', 'rechecked', 'archived');
