package lane

import (
	"bufio"
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const plainRequest = "GET /p/x?y=z HTTP/1.1\r\nHost: a.example:80\r\nAccept: */*\r\nCookie: a=b\r\n\r\n"

func TestParseRequest(t *testing.T) {
	t.Parallel()
	r, n := parseRequest([]byte(plainRequest + "more"))
	if n != len(plainRequest) || r.Method != "GET" || r.URL.Path != "/p/x" || r.URL.RawQuery != "y=z" || r.Host != "a.example:80" || r.Header.Get("Cookie") != "a=b" || len(r.Header) != 2 {
		t.Fatalf("got %d bytes, %+v", n, r)
	}
	with := func(line string) string { return strings.Replace(plainRequest, "Accept: */*", line, 1) }
	first := func(line string) string { return strings.Replace(plainRequest, "GET /p/x?y=z HTTP/1.1", line, 1) }
	for name, text := range map[string]string{
		"nothing":                  "",
		"not whole":                plainRequest[:len(plainRequest)-1],
		"an empty line first":      "\r\n" + plainRequest,
		"line ends of LF":          strings.ReplaceAll(plainRequest, "\r\n", "\n"),
		"one line end of LF":       with("A: b\nC: d"),
		"one line end of CR":       with("A: b\rC: d"),
		"two CR":                   with("A: b\r"),
		"a continued line":         with("A: b\r\n c"),
		"a NUL":                    with("A: \x00"),
		"no colon":                 with("A"),
		"no name":                  with(": b"),
		"a space before a colon":   with("Content-Length : 5"),
		"a space before a name":    with(" Content-Length: 5"),
		"a length":                 with("Content-Length: 0"),
		"a length, in small":       with("content-length: 5"),
		"chunks":                   with("Transfer-Encoding: chunked"),
		"chunks, oddly":            with("TRANSFER-ENCODING: xchunked"),
		"an upgrade":               with("Upgrade: websocket"),
		"a closed connection":      with("Connection: close"),
		"a connection with more":   with("Connection: keep-alive, upgrade"),
		"an expectation":           with("Expect: 100-continue"),
		"trailers":                 with("TE: trailers"),
		"two hosts":                with("Host: b"),
		"a field twice":            with("cookie: c=d"),
		"no host":                  strings.Replace(plainRequest, "Host:", "Hosts:", 1),
		"an empty host":            strings.Replace(plainRequest, "a.example:80", "", 1),
		"a host with a path":       strings.Replace(plainRequest, "a.example", "a/b", 1),
		"a host with a user":       strings.Replace(plainRequest, "a.example", "a@b", 1),
		"HTTP/1.0":                 first("GET /p/x HTTP/1.0"),
		"HTTP/0.9":                 first("GET /p/x"),
		"a body's method":          first("POST /p/x HTTP/1.1"),
		"a method in small":        first("get /p/x HTTP/1.1"),
		"two spaces":               first("GET  /p/x HTTP/1.1"),
		"a space in the path":      first("GET /p/x y HTTP/1.1"),
		"a tab":                    first("GET\t/p/x HTTP/1.1"),
		"a whole address":          first("GET http://b/p/x HTTP/1.1"),
		"an authority":             first("GET //b/p/x HTTP/1.1"),
		"all":                      first("GET * HTTP/1.1"),
		"a fragment":               first("GET /p/x#y HTTP/1.1"),
		"a path that is no ASCII":  first("GET /p/ä HTTP/1.1"),
		"a path with a bad escape": first("GET /p/%zz HTTP/1.1"),
		"too many fields":          with(strings.Repeat("A: b\r\n", maxFields) + "C: d"),
	} {
		if _, n := parseRequest([]byte(text)); n != 0 {
			t.Errorf("%s: taken as plain", name)
		}
	}
}

// FuzzParseRequest: what is taken as plain is what net/http reads, and it has no body.
func FuzzParseRequest(f *testing.F) {
	f.Add([]byte(plainRequest))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, n := parseRequest(b)
		if n == 0 {
			return
		}
		rest := bufio.NewReader(bytes.NewReader(b))
		want, err := http.ReadRequest(rest)
		if err != nil {
			t.Fatalf("net/http refuses %q: %v", b[:n], err)
		}
		if want.Body != http.NoBody || want.ContentLength != 0 || want.Close || len(want.TransferEncoding) > 0 || rest.Buffered() != min(len(b), 4096)-n && len(b) <= 4096 {
			t.Fatalf("net/http reads another end of %q", b)
		}
		type parts struct {
			Method, Proto, Host, URI, URL, Path string
			Header                              http.Header
		}
		of := func(r *http.Request) parts {
			return parts{r.Method, r.Proto, r.Host, r.RequestURI, r.URL.String(), r.URL.Path, r.Header}
		}
		if diff := cmp.Diff(of(got), of(want)); diff != "" {
			t.Fatalf("%q (-got +net/http):\n%s", b[:n], diff)
		}
	})
}

// FuzzConnection: whatever comes on a connection, the handler sees the requests,
// with the bodies, that net/http alone would show it.
func FuzzConnection(f *testing.F) {
	for _, s := range []string{
		plainRequest + plainRequest,
		"POST /p/x HTTP/1.1\r\nHost: a\r\nContent-Length: 30\r\n\r\n" + plainRequest,
		"GET /p/x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + plainRequest,
		"GET /p/x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\nGET /p/y HTTP/1.1\r\n\r\n" + plainRequest,
		plainRequest + "GET /p/x HTTP/1.1\r\nHost: a\r\n\r\nGET /other HTTP/1.1\nHost: a\n\n" + plainRequest,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 16<<10 {
			return
		}
		if diff := cmp.Diff(requestsOf(t, true, b), requestsOf(t, false, b)); diff != "" {
			t.Errorf("%q (-with the lane +net/http alone):\n%s", b, diff)
		}
	})
}
