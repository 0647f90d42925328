package auth

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"lyceum/internal/lyceum"
)

// TestCookie is about the cookie's name and scope by the site's address.
func TestCookie(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		base, name, path string
		secure           bool
	}{
		{"https://compute.example.org/", "__Host-lyceum", "/", true},
		{"https://compute.example.org", "__Host-lyceum", "/", true},
		{"https://example.org/lyceum/", "__Secure-lyceum", "/lyceum/", true},
		{"https://example.org/lyceum", "__Secure-lyceum", "/lyceum/", true},
		{"http://127.0.0.1:8000/", "lyceum", "/", false},
		{"http://localhost:8000/lyceum/", "lyceum", "/lyceum/", false},
	} {
		base, err := url.Parse(c.base)
		if err != nil {
			t.Fatal(err)
		}
		secret := lyceum.NewSecret()
		k := newCookie(base)
		got := parseCookie(t, k.set(secret))
		if got.Name != c.name || got.Path != c.path || got.Secure != c.secure || !got.HttpOnly || got.SameSite != http.SameSiteLaxMode || got.Domain != "" {
			t.Errorf("%s: cookie %s", c.base, got)
		}
		if got.Value != secret.Reveal() || got.MaxAge != 30*24*3600 {
			t.Errorf("%s: value and age of %s", c.base, got)
		}
		r := httptest.NewRequest("GET", c.base, nil)
		r.AddCookie(got)
		if back, ok := k.read(r); !ok || back != secret {
			t.Errorf("%s: the cookie is not read back", c.base)
		}
		cleared := parseCookie(t, k.clear())
		if cleared.Name != c.name || cleared.Path != c.path || cleared.MaxAge != -1 || cleared.Value != "" {
			t.Errorf("%s: cleared by %s", c.base, cleared)
		}
	}
}

func parseCookie(t *testing.T, header string) *http.Cookie {
	t.Helper()
	c, err := http.ParseSetCookie(header)
	if err != nil {
		t.Fatalf("%q: %v", header, err)
	}
	return c
}

// TestForgedCookie is about values that are not looked up at all.
func TestForgedCookie(t *testing.T) {
	t.Parallel()
	k := newCookie(&url.URL{Scheme: "https", Path: "/"})
	good := lyceum.NewSecret().Reveal()
	for _, c := range []struct {
		header string
		ok     bool
	}{
		{"__Host-lyceum=" + good, true},
		{"__Host-lyceum=short; __Host-lyceum=" + good, true}, // one that a neighbour set
		{"lyceum=" + good, false},
		{"__Host-lyceum=", false},
		{"__Host-lyceum=" + good + "x", false},
		{"__Host-lyceum=" + strings.Repeat("x", 100_000), false},
		{"", false},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Cookie", c.header)
		if _, ok := k.read(r); ok != c.ok {
			t.Errorf("read of %.60q = %v, want %v", c.header, ok, c.ok)
		}
	}
}
