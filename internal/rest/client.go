package rest

import (
	"net/http"
	"net/netip"
	"strings"
)

// remote is the address at the other end of the connection; the zero Addr for
// a Unix socket.
func remote(r *http.Request) netip.Addr {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap().WithZone("")
}

func isTrusted(a netip.Addr, trusted []netip.Prefix) bool {
	for _, p := range trusted {
		if a.IsValid() && p.Contains(a) {
			return true
		}
	}
	return false
}

// forwardedFor reads X-Forwarded-For from its end: each trusted proxy added the
// address that it saw, so the first one that is not a trusted proxy is the
// client. What stands before it may be forged and is not looked at.
func forwardedFor(r *http.Request, from netip.Addr, trusted []netip.Prefix) netip.Addr {
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		s := strings.TrimSpace(hops[i])
		a, err := netip.ParseAddr(s)
		if err != nil {
			ap, err := netip.ParseAddrPort(s) // some proxies add the port
			if err != nil {
				return from
			}
			a = ap.Addr()
		}
		from = a.Unmap().WithZone("")
		if !isTrusted(from, trusted) {
			return from
		}
	}
	return from
}
