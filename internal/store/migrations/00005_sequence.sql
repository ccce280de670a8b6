-- The places of audit entries in the Merkle log. Conventions as in 00001_start.sql.

-- +goose Up

CREATE TABLE audit_head ( -- how far the log reaches; one row
  one  BIGINT PRIMARY KEY CHECK (one = 1),
  size BIGINT NOT NULL CHECK (size >= 0), -- entries 0 to size - 1 have their place
  root TEXT NOT NULL,                     -- tree hash over them, base64 as in a checkpoint
  at   BIGINT NOT NULL                    -- when it was last moved
);
INSERT INTO audit_head (one, size, root, at) VALUES (1, 0, '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=', 0); -- RFC 6962: the hash of nothing

CREATE TABLE audit_hashes ( -- of entries and of full subtrees
  i    BIGINT PRIMARY KEY CHECK (i >= 0), -- as tlog.StoredHashIndex numbers them
  hash BYTEA NOT NULL
);

CREATE INDEX audit_entries_waiting ON audit_entries (id) WHERE seq IS NULL;
