package link

import (
	"bytes"
	"net/http"
	"net/textproto"
	"strings"

	"lyceum/internal/rest"
)

// maxFields is how many fields a plain head may have.
const maxFields = 32

// head is the head of a plain answer, as nearly all are: see parseHead.
type head struct {
	status int
	length int64 // of the body that follows, in bytes
	fields [maxFields]field
	n      int // how many fields there are
}

// field is one line of a head.
type field struct{ name, value string }

// parseHead reads the head of an answer at the beginning of b and returns how
// many bytes it has; 0 for whatever is not plain, of which nothing is decided
// here: http.ReadResponse then reads it. Plain is what is whole in b, HTTP/1.1 with
// line ends of CR LF, has a final status with a body, exactly one Content-Length,
// no name twice, nothing about the connection itself, and nothing but what RFC
// 9112 allows.
func (h *head) parseHead(b []byte) int {
	const version = "HTTP/1.1 "
	end := bytes.Index(b, []byte("\r\n\r\n"))
	if end < 0 || !bytes.HasPrefix(b, []byte(version)) {
		return 0
	}
	text := string(b[:end+2])
	line, rest, _ := strings.Cut(text, "\r\n")
	line = line[len(version):]
	if len(line) < 4 || line[3] != ' ' || !plainText(line) {
		return 0
	}
	h.status, h.n, h.length = 0, 0, -1
	for _, c := range []byte(line[:3]) {
		if c < '0' || c > '9' {
			return 0
		}
		h.status = 10*h.status + int(c-'0')
	}
	if h.status < 200 || h.status == http.StatusNoContent || h.status == http.StatusNotModified {
		return 0
	}
	for rest != "" {
		line, rest, _ = strings.Cut(rest, "\r\n")
		if !h.add(line) {
			return 0
		}
	}
	if h.length < 0 {
		return 0
	}
	return end + 4
}

// add takes one line into the head and reports whether it is plain.
func (h *head) add(line string) bool {
	colon := 0
	for colon < len(line) && tokenChar[line[colon]] {
		colon++
	}
	if colon == 0 || colon == len(line) || line[colon] != ':' || h.n == maxFields {
		return false
	}
	name, value := textproto.CanonicalMIMEHeaderKey(line[:colon]), line[colon+1:]
	if !plainText(value) || hopByHop(name, nil) {
		return false
	}
	value = strings.Trim(value, " \t")
	for _, f := range h.fields[:h.n] {
		if f.name == name {
			return false
		}
	}
	if name == "Content-Length" {
		var ok bool
		if h.length, ok = parseLength(value); !ok {
			return false
		}
	}
	h.fields[h.n] = field{name, value}
	h.n++
	return true
}

// parseLength reads a Content-Length: digits only.
func parseLength(s string) (int64, bool) {
	if s == "" || len(s) > 18 { // 10^18 fits
		return 0, false
	}
	n := int64(0)
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int64(c-'0')
	}
	return n, true
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

// copyTo puts the fields into out, but for those that would speak for the site.
func (h *head) copyTo(out http.Header) {
	values := make([]string, h.n)
	for i, f := range h.fields[:h.n] {
		if !rest.SpeaksForSite(f.name) {
			values[i] = f.value
			out[f.name] = values[i : i+1 : i+1]
		}
	}
	rest.ContentHeaders(out)
}
