package lane

import (
	"bytes"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
)

// maxFields is how many fields the head of a plain request may have.
const maxFields = 40

// parseRequest reads a plain request at the beginning of b and returns how many
// bytes it has; 0 for whatever is not plain, of which nothing is decided here.
// Plain is a head that is whole in b, with line ends of CR LF and HTTP/1.1; GET or
// HEAD of an absolute path of visible ASCII; exactly one Host; no field twice;
// nothing that could announce a body or another use of the connection; and nothing
// but what RFC 9112 allows. What it returns is what net/http would, without context
// and RemoteAddr.
func parseRequest(b []byte) (*http.Request, int) {
	end := bytes.Index(b, []byte("\r\n\r\n"))
	if end < 0 {
		return nil, 0
	}
	text := string(b[:end+2])
	line, rest, _ := strings.Cut(text, "\r\n")
	method, line, _ := strings.Cut(line, " ")
	target, ok := strings.CutSuffix(line, " HTTP/1.1")
	if !ok || method != http.MethodGet && method != http.MethodHead || !plainTarget(target) {
		return nil, 0
	}
	u, err := url.ParseRequestURI(target)
	if err != nil {
		return nil, 0
	}
	r := &http.Request{Method: method, URL: u, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Body: http.NoBody, RequestURI: target}
	if r.Header, r.Host, ok = parseFields(rest); !ok {
		return nil, 0
	}
	return r, end + 4
}

func parseFields(text string) (h http.Header, host string, ok bool) {
	n := strings.Count(text, "\r\n")
	if n > maxFields {
		return nil, "", false
	}
	h = make(http.Header, n)
	values := make([]string, 0, n) // one piece of memory for all of them
	for text != "" {
		var line string
		line, text, _ = strings.Cut(text, "\r\n")
		colon := 0
		for colon < len(line) && tokenChar[line[colon]] {
			colon++
		}
		if colon == 0 || colon == len(line) || line[colon] != ':' {
			return nil, "", false
		}
		name, value := textproto.CanonicalMIMEHeaderKey(line[:colon]), line[colon+1:]
		if !plainText(value) {
			return nil, "", false
		}
		value = strings.Trim(value, " \t")
		if name == "Host" {
			if host != "" || !plainHost(value) {
				return nil, "", false
			}
			host = value
			continue
		}
		if _, twice := h[name]; twice || !plainField(name, value) {
			return nil, "", false
		}
		values = append(values, value)
		h[name] = values[len(values)-1 : len(values) : len(values)]
	}
	return h, host, host != ""
}

// plainField reports whether a field says nothing that changes how a request is
// read or what becomes of the connection.
func plainField(name, value string) bool {
	switch name {
	case "Content-Length", "Transfer-Encoding", "Trailer", "Te", "Upgrade", "Expect", "Keep-Alive", "Proxy-Connection", "Http2-Settings",
		"Pragma": // net/http makes another field of it
		return false
	case "Connection":
		return strings.EqualFold(value, "keep-alive")
	}
	return true
}

// plainTarget reports whether s is a path as clients send it.
func plainTarget(s string) bool {
	if s == "" || s[0] != '/' || strings.HasPrefix(s, "//") {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == '#' {
			return false
		}
	}
	return true
}

// plainHost reports whether s is a name or an address, with a port or without.
func plainHost(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '.' && c != '-' && c != '_' && c != ':' && c != '[' && c != ']' {
			return false
		}
	}
	return s != ""
}

// plainText reports whether s has no control characters but tabs.
func plainText(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' && s[i] != '\t' || s[i] == 0x7f {
			return false
		}
	}
	return true
}

// tokenChar are the characters of names (RFC 9110, section 5.6.2).
var tokenChar = func() (t [256]bool) {
	for _, c := range []byte("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
		t[c] = true
	}
	return t
}()
