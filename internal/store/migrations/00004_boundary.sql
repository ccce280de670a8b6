-- Cases by their division, for boundary changes. Conventions as in 00001_start.sql.

-- +goose Up

CREATE INDEX cases_division ON cases (division, id);
