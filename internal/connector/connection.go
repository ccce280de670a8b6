package connector

import (
	"crypto/x509"
	"errors"
	"net"
	"syscall"
)

// noConnection says why nobody was reached. The texts of net and syscall name the
// address, so none is passed on.
func noConnection(err error) string {
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return "no connection: the host name is not known; look at its spelling and at the DNS of this machine"
	case errors.As(err, &dns):
		return "no connection: the host name cannot be looked up; the DNS of this machine does not answer"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "no connection: refused; nothing listens at this address and port, or a firewall rejects it"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "no connection: no way to this address from this machine; look at network and firewall"
	}
	return "no connection"
}

// untrusted says why a certificate does not hold.
func untrusted(err error) string {
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &host):
		return "the department's certificate is for another host name than the address has"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "the department's certificate has expired or is not valid yet"
	}
	return "the department's certificate is not trusted: its issuer is none that this machine knows"
}
