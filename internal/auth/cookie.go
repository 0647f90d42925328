package auth

import (
	"net/http"
	"net/url"
	"strings"

	"lyceum/internal/lyceum"
)

// cookie is how the session's cookie looks on this site (DECISIONS 7): the
// strictest name prefix that the address allows (RFC 6265bis, section 4.1.3).
//
//	https://host/         __Host-lyceum    Path=/          Secure
//	https://host/lyceum/  __Secure-lyceum  Path=/lyceum/   Secure
//	http://host/…         lyceum           Path=…
type cookie struct {
	name   string
	path   string
	secure bool
}

func newCookie(base *url.URL) cookie {
	c := cookie{path: base.Path, secure: base.Scheme == "https"}
	if !strings.HasSuffix(c.path, "/") {
		c.path += "/"
	}
	switch {
	case c.secure && c.path == "/":
		c.name = "__Host-lyceum"
	case c.secure:
		c.name = "__Secure-lyceum"
	default:
		c.name = "lyceum"
	}
	return c
}

// read returns the secret in r's cookie. A value that cannot be one of ours is
// not looked up.
func (c cookie) read(r *http.Request) (lyceum.Secret, bool) {
	for _, v := range r.CookiesNamed(c.name) {
		if len(v.Value) == secretLength {
			return lyceum.Secret(v.Value), true
		}
	}
	return "", false
}

// secretLength is that of lyceum.NewSecret, in bytes.
const secretLength = 43

func (c cookie) set(secret lyceum.Secret) string {
	return c.header(secret.Reveal(), int(sessionLife.Seconds()))
}

func (c cookie) clear() string { return c.header("", -1) }

func (c cookie) header(value string, age int) string {
	h := http.Cookie{Name: c.name, Value: value, Path: c.path, MaxAge: age, Secure: c.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	return h.String()
}
