package rest

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

var proxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8"), netip.MustParsePrefix("127.0.0.1/32")}

func TestWhoTheClientIs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, remote string
		forwarded    []string
		trusted      []netip.Prefix
		want         string
	}{
		{"nobody is trusted by default", "10.0.0.1:99", []string{"1.2.3.4"}, nil, "10.0.0.1"},
		{"no proxy", "1.2.3.4:99", nil, proxies, "1.2.3.4"},
		{"a stranger says so", "1.2.3.4:99", []string{"9.9.9.9"}, proxies, "1.2.3.4"},
		{"one proxy", "10.0.0.1:99", []string{"1.2.3.4"}, proxies, "1.2.3.4"},
		{"a proxy that says nothing", "10.0.0.1:99", nil, proxies, "10.0.0.1"},
		{"an empty header", "10.0.0.1:99", []string{""}, proxies, "10.0.0.1"},
		{"two proxies", "10.0.0.1:99", []string{"1.2.3.4, 10.0.0.2"}, proxies, "1.2.3.4"},
		{"two headers", "10.0.0.1:99", []string{"1.2.3.4", "10.0.0.2"}, proxies, "1.2.3.4"},
		{"forged before the real one", "10.0.0.1:99", []string{"9.9.9.9, 1.2.3.4"}, proxies, "1.2.3.4"},
		{"forged as a proxy", "10.0.0.1:99", []string{"9.9.9.9, 10.0.0.3, 1.2.3.4"}, proxies, "1.2.3.4"},
		{"all are proxies", "10.0.0.1:99", []string{"10.0.0.3, 10.0.0.2"}, proxies, "10.0.0.3"},
		{"nonsense in front", "10.0.0.1:99", []string{"<script>, 1.2.3.4"}, proxies, "1.2.3.4"},
		{"nonsense at the end", "10.0.0.1:99", []string{"1.2.3.4, unknown"}, proxies, "10.0.0.1"},
		{"nonsense behind a proxy", "10.0.0.1:99", []string{"unknown, 10.0.0.2"}, proxies, "10.0.0.2"},
		{"with a port", "10.0.0.1:99", []string{"1.2.3.4:5678"}, proxies, "1.2.3.4"},
		{"IPv6", "[fd00::1]:99", []string{"2001:db8::1"}, proxies, "2001:db8::1"},
		{"IPv6 with a port", "[fd00::1]:99", []string{"[2001:db8::1]:80"}, proxies, "2001:db8::1"},
		{"IPv4 in IPv6", "[::ffff:10.0.0.1]:99", []string{"::ffff:1.2.3.4"}, proxies, "1.2.3.4"},
		{"a zone", "[fd00::1%eth0]:99", []string{"fe80::1%eth0"}, proxies, "fe80::1"},
		{"a Unix socket", "@", []string{"1.2.3.4"}, proxies, "invalid IP"},
		{"spaces", "10.0.0.1:99", []string{"  1.2.3.4\t,10.0.0.2 "}, proxies, "1.2.3.4"},
	} {
		r := httptest.NewRequest("GET", "/x", nil)
		r.RemoteAddr = c.remote
		r.Header["X-Forwarded-For"] = c.forwarded
		var got netip.Addr
		do(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = ClientAddr(r.Context()) }), Config{TrustedProxies: c.trusted}, r)
		if got.String() != c.want {
			t.Errorf("%s: got %v, want %s", c.name, got, c.want)
		}
	}
}

func TestProtocolAndIdentifierComeFromTrustedProxiesOnly(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, remote, proto, id string
		secure, kept            bool
	}{
		{"a proxy", "10.0.0.1:1", "https", "abcdef0123", true, true},
		{"a proxy over http", "10.0.0.1:1", "http", "", false, false},
		{"a proxy that says nothing", "10.0.0.1:1", "", "", false, false},
		{"a stranger", "1.2.3.4:1", "https", "abcdef0123", false, false},
		{"an identifier too short", "10.0.0.1:1", "", "abc", false, false},
		{"an identifier too long", "10.0.0.1:1", "", strings.Repeat("a", 65), false, false},
		{"an identifier for logs", "10.0.0.1:1", "", "abcdef\" injected=\"1", false, false},
	} {
		r := httptest.NewRequest("GET", "/x", nil)
		r.RemoteAddr = c.remote
		r.Header.Set("X-Forwarded-Proto", c.proto)
		r.Header.Set("X-Request-Id", c.id)
		var secure bool
		var id string
		resp := do(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			secure, id = Secure(r.Context()), RequestID(r.Context())
		}), Config{TrustedProxies: proxies}, r)
		if secure != c.secure || (id == c.id) != c.kept || len(id) < 8 || resp.Header.Get("X-Request-Id") != id {
			t.Errorf("%s: secure %v, identifier %q, in the header %q", c.name, secure, id, resp.Header.Get("X-Request-Id"))
		}
	}
}

func TestRequestsHaveIdentifiersOfTheirOwn(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 100 {
		resp := do(t, http.NotFoundHandler(), Config{}, httptest.NewRequest("GET", "/x", nil))
		id := resp.Header.Get("X-Request-Id")
		if len(id) != 16 || seen[id] {
			t.Fatalf("identifier %q", id)
		}
		seen[id] = true
	}
}

// FuzzForwardedFor: whatever the header says, the answer is an address that a
// trusted proxy saw, and what stands before it changes nothing.
func FuzzForwardedFor(f *testing.F) {
	for _, s := range []string{"", "1.2.3.4", "1.2.3.4, 10.0.0.2", "9.9.9.9, 10.0.0.3, 1.2.3.4", "unknown", "[2001:db8::1]:80", ",,,", "::ffff:1.2.3.4", "fe80::1%eth0"} {
		f.Add(s)
	}
	from := netip.MustParseAddr("10.0.0.1")
	f.Fuzz(func(t *testing.T, header string) {
		read := func(h string) netip.Addr {
			return forwardedFor(&http.Request{Header: http.Header{"X-Forwarded-For": {h}}}, from, proxies)
		}
		got := read(header)
		if !got.IsValid() || got.Zone() != "" || got.Is4In6() {
			t.Fatalf("got %v", got)
		}
		if isTrusted(got, proxies) {
			return
		}
		if forged := read("6.6.6.6, 10.9.9.9, " + header); forged != got {
			t.Errorf("with a forged beginning: %v, without %v", forged, got)
		}
		if more := read(header + ", 10.0.0.7"); more != got {
			t.Errorf("behind one more proxy: %v, before it %v", more, got)
		}
	})
}
