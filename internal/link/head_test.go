package link

import (
	"bufio"
	"bytes"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

const plainAnswer = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nEtag: \"1\"\r\nContent-Length: 5\r\n\r\nhello"

func TestParseHead(t *testing.T) {
	t.Parallel()
	var h head
	if n := h.parseHead([]byte(plainAnswer)); n != len(plainAnswer)-5 || h.status != 200 || h.length != 5 || h.n != 3 {
		t.Fatalf("got %d bytes of head, status %d, length %d, %d fields", n, h.status, h.length, h.n)
	}
	with := func(line string) string { return strings.Replace(plainAnswer, "Etag: \"1\"", line, 1) }
	for name, answer := range map[string]string{
		"nothing":                "",
		"not whole":              plainAnswer[:40],
		"another version":        strings.Replace(plainAnswer, "1.1", "1.0", 1),
		"line ends of LF":        strings.ReplaceAll(plainAnswer, "\r\n", "\n"),
		"a lone CR":              with("A: b\r"),
		"a lone LF":              with("A: b\nC: d"),
		"a continued line":       with("A: b\r\n c"),
		"a NUL":                  with("A: \x00"),
		"no colon":               with("A"),
		"no name":                with(": b"),
		"a space before a colon": with("A : b"),
		"a name twice":           with("Content-Type: text/html"),
		"a name twice, in small": with("content-type: text/html"),
		"two lengths":            with("Content-Length: 6"),
		"chunks":                 with("Transfer-Encoding: chunked"),
		"the connection":         with("Connection: close"),
		"a switch":               strings.Replace(plainAnswer, "200", "101", 1),
		"no content":             strings.Replace(plainAnswer, "200", "204", 1),
		"not modified":           strings.Replace(plainAnswer, "200", "304", 1),
		"a long status":          strings.Replace(plainAnswer, "200", "2000", 1),
		"no status":              strings.Replace(plainAnswer, "200", "2x0", 1),
		"no length":              strings.Replace(plainAnswer, "Content-Length: 5\r\n", "", 1),
		"a length with a sign":   strings.Replace(plainAnswer, ": 5", ": +5", 1),
		"a length in hex":        strings.Replace(plainAnswer, ": 5", ": 0x5", 1),
		"a length beyond all":    strings.Replace(plainAnswer, ": 5", ": 99999999999999999999", 1),
		"an empty length":        strings.Replace(plainAnswer, ": 5", ": ", 1),
		"too many fields":        with(strings.Repeat("A: b\r\n", maxFields) + "C: d"),
	} {
		if n := h.parseHead([]byte(answer)); n != 0 {
			t.Errorf("%s: taken as plain", name)
		}
	}
}

// FuzzParseHead: what is taken as plain is what net/http reads.
func FuzzParseHead(f *testing.F) {
	f.Add([]byte(plainAnswer))
	f.Fuzz(func(t *testing.T, b []byte) {
		var h head
		n := h.parseHead(b)
		if n == 0 {
			return
		}
		// The whole body is there, so that net/http reads it too.
		all := io.MultiReader(bytes.NewReader(b[:n]), io.LimitReader(zeros{}, h.length))
		r := bufio.NewReader(all)
		res, err := http.ReadResponse(r, &http.Request{Method: http.MethodGet})
		if err != nil {
			t.Fatalf("net/http refuses %q: %v", b[:n], err)
		}
		defer res.Body.Close()
		if res.StatusCode != h.status || res.ContentLength != h.length || res.Close || len(res.TransferEncoding) > 0 {
			t.Fatalf("got status %d, length %d, net/http %d, %d of %q", h.status, h.length, res.StatusCode, res.ContentLength, b[:n])
		}
		got := http.Header{}
		for _, x := range h.fields[:h.n] {
			got[x.name] = []string{x.value}
		}
		if !maps.EqualFunc(got, res.Header, slices.Equal) {
			t.Fatalf("got %q, net/http %q", got, res.Header)
		}
	})
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func TestSharedPlainHeadsDoNotMix(t *testing.T) {
	t.Parallel()
	var h head
	h.parseHead([]byte("HTTP/1.1 200 OK\r\nA: 1\r\nB: 2\r\nLink: </evil>\r\nContent-Length: 0\r\n\r\n"))
	out := http.Header{}
	h.copyTo(out)
	out.Add("A", "more")
	if got := out["B"]; len(got) != 1 || got[0] != "2" {
		t.Errorf("B is %q after a value was added to A", got)
	}
	if _, ok := out["Link"]; ok {
		t.Error("a header that speaks for the site passed")
	}
}
