package store

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// SafelyReached reports whether every way to a PostgreSQL at an address is one on this
// machine, or encrypted to a server whose certificate is checked.
func SafelyReached(address string) bool {
	c, err := pgconn.ParseConfig(address)
	if err != nil {
		return false
	}
	ways := append([]*pgconn.FallbackConfig{{Host: c.Host, TLSConfig: c.TLSConfig}}, c.Fallbacks...)
	return !slices.ContainsFunc(ways, func(w *pgconn.FallbackConfig) bool {
		ip, _ := netip.ParseAddr(w.Host)
		here := strings.HasPrefix(w.Host, "/") || w.Host == "localhost" || ip.IsLoopback()
		checked := w.TLSConfig != nil && (!w.TLSConfig.InsecureSkipVerify || w.TLSConfig.VerifyPeerCertificate != nil)
		return !here && !checked
	})
}
