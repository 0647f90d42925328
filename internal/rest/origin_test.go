package rest

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
)

func TestCrossSiteRequests(t *testing.T) {
	t.Parallel()
	base := &url.URL{Scheme: "https", Host: "Site.example", Path: "/lyceum/"}
	ws := map[string]string{"Connection": "keep-alive, Upgrade", "Upgrade": "websocket"}
	with := func(more map[string]string) map[string]string {
		all := map[string]string{}
		for _, m := range []map[string]string{ws, more} {
			for k, v := range m {
				all[k] = v
			}
		}
		return all
	}
	for _, c := range []struct {
		name, method, host string
		headers            map[string]string
		ok                 bool
	}{
		{"a program", "POST", "inner:8080", nil, true},
		{"our page", "POST", "inner:8080", map[string]string{"Sec-Fetch-Site": "same-origin", "Origin": "https://site.example"}, true},
		{"our page, an old browser", "POST", "inner:8080", map[string]string{"Origin": "https://site.example"}, true},
		{"the same host", "POST", "inner:8080", map[string]string{"Origin": "http://inner:8080"}, true},
		{"typed by hand", "POST", "inner:8080", map[string]string{"Sec-Fetch-Site": "none"}, true},
		{"another site", "POST", "site.example", map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, false},
		{"another site, an old browser", "POST", "site.example", map[string]string{"Origin": "https://evil.example"}, false},
		{"a subdomain", "POST", "site.example", map[string]string{"Sec-Fetch-Site": "same-site", "Origin": "https://x.site.example"}, false},
		{"a sandboxed frame", "POST", "site.example", map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "null"}, false},
		{"DELETE from another site", "DELETE", "site.example", map[string]string{"Sec-Fetch-Site": "cross-site"}, false},
		{"PUT from another site", "PUT", "site.example", map[string]string{"Origin": "https://evil.example"}, false},
		{"a link from another site", "GET", "site.example", map[string]string{"Sec-Fetch-Site": "cross-site"}, true},
		{"a socket of a program", "GET", "inner:8080", with(nil), true},
		{"a socket of our page", "GET", "inner:8080", with(map[string]string{"Origin": "https://site.example"}), true},
		{"a socket of the same host", "GET", "inner:8080", with(map[string]string{"Origin": "http://INNER:8080"}), true},
		{"a socket of another site", "GET", "site.example", with(map[string]string{"Origin": "https://evil.example"}), false},
		{"a socket of another port", "GET", "site.example", with(map[string]string{"Origin": "https://site.example:8443"}), false},
		{"a socket of a sandboxed frame", "GET", "site.example", with(map[string]string{"Origin": "null"}), false},
		{"a socket of nonsense", "GET", "site.example", with(map[string]string{"Origin": "%zz"}), false},
		{"a socket of a file", "GET", "site.example", with(map[string]string{"Origin": "file://"}), false},
	} {
		r := httptest.NewRequest(c.method, "/x", nil)
		r.Host = c.host
		for k, v := range c.headers {
			r.Header.Set(k, v)
		}
		reached := false
		resp := do(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }), Config{BaseURL: base}, r)
		if reached != c.ok || (resp.StatusCode == http.StatusForbidden) == c.ok {
			t.Errorf("%s: reached the handler: %v, status %d, want %v", c.name, reached, resp.StatusCode, c.ok)
		}
		if !c.ok {
			problem(t, resp)
		}
	}
}

func TestIsWebSocket(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		connection, upgrade string
		want                bool
	}{
		{"Upgrade", "websocket", true}, {"keep-alive, upgrade", "WebSocket", true}, {"upgrade", "h2c, websocket", true},
		{"", "websocket", false}, {"upgrade", "", false}, {"upgrade", "h2c", false}, {"xupgrade", "websocket", false},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Connection", c.connection)
		r.Header.Set("Upgrade", c.upgrade)
		if got := IsWebSocket(r); got != c.want {
			t.Errorf("%q, %q: got %v, want %v", c.connection, c.upgrade, got, c.want)
		}
	}
}
