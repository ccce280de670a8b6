-- Statistics of the nodes below: counts of cells, as those of 00021_statistics.sql, and no case, person or officer. Each month of a
-- node is replaced whole. Conventions as in 00001_start.sql.

-- +goose Up

CREATE TABLE count_nodes ( -- what a node below has said of its counts last
  node       TEXT PRIMARY KEY CHECK (length(node) > 0),
  division   TEXT NOT NULL,
  peer       TEXT NOT NULL,   -- the child that said so: the node itself, or one above it
  at         BIGINT NOT NULL, -- by the node's clock; what is older changes nothing
  counted_at BIGINT NOT NULL  -- up to when it has counted; 0 = not yet
);

CREATE TABLE count_months (
  node  TEXT NOT NULL,
  month TEXT NOT NULL,
  mark  TEXT NOT NULL,   -- of the counts that the node has
  held  TEXT NOT NULL,   -- of those that are here; empty = none
  at    BIGINT NOT NULL, -- when those that are here were so, by the node's clock
  PRIMARY KEY (node, month)
);

CREATE TABLE count_cells (
  month     TEXT NOT NULL,
  division  TEXT NOT NULL,
  office    TEXT NOT NULL,
  programme TEXT NOT NULL,
  kind      TEXT NOT NULL,
  node      TEXT NOT NULL,
  counts    TEXT NOT NULL, -- as in tallies
  more      TEXT NOT NULL,
  PRIMARY KEY (month, division, office, programme, kind, node)
);
CREATE INDEX count_cells_node ON count_cells (node, month);

CREATE TABLE count_totals (
  month      TEXT NOT NULL,
  division   TEXT NOT NULL,
  kind       TEXT NOT NULL,
  node       TEXT NOT NULL,
  n          BIGINT NOT NULL CHECK (n >= 0),
  origin     TEXT NOT NULL,
  entered_at BIGINT NOT NULL,
  PRIMARY KEY (month, division, kind, node)
);

CREATE TABLE count_running ( -- cases under way at the node when it last said so
  node      TEXT NOT NULL,
  division  TEXT NOT NULL,
  programme TEXT NOT NULL,
  kind      TEXT NOT NULL,
  n         BIGINT NOT NULL,
  PRIMARY KEY (node, division, programme, kind)
);
