package rest

import (
	"net/http"
	"net/url"
	"strings"

	"lyceum/internal/lyceum"
)

// origins refuses what other sites' pages make a browser send.
type origins struct {
	cross *http.CrossOriginProtection
	own   string // scheme://host of the site's address, or ""
}

func newOrigins(base *url.URL) *origins {
	o := &origins{cross: http.NewCrossOriginProtection()}
	if base != nil && base.Host != "" {
		o.own = base.Scheme + "://" + strings.ToLower(base.Host)
		// An address of this shape is always accepted.
		_ = o.cross.AddTrustedOrigin(o.own)
	}
	return o
}

// check refuses cross-site requests that change something, and cross-site
// WebSockets: those are GET requests that carry the cookie and whose answer the
// page can read, so they need a check of their own. Programs that are no browser
// send neither Origin nor Sec-Fetch-Site and pass.
func (o *origins) check(r *http.Request) error {
	if err := o.cross.Check(r); err != nil {
		return lyceum.Wrap(lyceum.Forbidden, err, "the request comes from another site")
	}
	if !IsWebSocket(r) {
		return nil
	}
	origin := r.Header.Get("Origin")
	if origin == "" || origin == o.own {
		return nil
	}
	if u, err := url.Parse(origin); err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host) {
		return nil
	}
	return lyceum.Errorf(lyceum.Forbidden, "the request comes from another site")
}

// IsWebSocket reports whether r asks to become a WebSocket (RFC 6455, section 4.1).
func IsWebSocket(r *http.Request) bool {
	return tokenIn(r.Header, "Connection", "upgrade") && tokenIn(r.Header, "Upgrade", "websocket")
}

func tokenIn(h http.Header, name, token string) bool {
	for _, v := range h.Values(name) {
		for s := range strings.SplitSeq(v, ",") {
			if strings.EqualFold(strings.TrimSpace(s), token) {
				return true
			}
		}
	}
	return false
}
