package store_test

import (
	"testing"

	"hedui/internal/store"
)

// Cases cross no network in clear, and not to a server that nobody has checked.
func TestADatabaseElsewhereIsReachedByTLS(t *testing.T) {
	for url, want := range map[string]bool{
		"postgres://h:p@127.0.0.1/hedui?sslmode=disable":                        true,
		"postgres://h:p@localhost:5433/hedui":                                   true,
		"postgres:///hedui?host=/var/run/postgresql":                            true,
		"postgres://h:p@db.example/hedui?sslmode=verify-full":                   true,
		"postgres://h:p@db.example/hedui?sslmode=verify-ca":                     true,
		"postgres://h:p@db.example/hedui?sslmode=require":                       false,
		"postgres://h:p@db.example/hedui":                                       false,
		"postgres://h:p@db.example/hedui?sslmode=disable":                       false,
		"postgres://h:p@127.0.0.1,db.example/hedui?sslmode=disable":             false,
		"postgres://h:p@db.example/hedui?sslmode=verify-full&sslrootcert=/none": false,
		"postgres://h:p@db.example:port/hedui?sslmode=verify-full":              false,
	} {
		if got := store.SafelyReached(url); got != want {
			t.Errorf("%s: %t", url, got)
		}
	}
}
