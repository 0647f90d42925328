package lane

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestAnswersAreThoseOfNetHTTP: whatever a handler does, a client gets the same
// from both sides.
func TestAnswersAreThoseOfNetHTTP(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("0123456789abcdef", 1<<12) // 64 KiB
	handlers := map[string]http.HandlerFunc{
		"nothing": func(http.ResponseWriter, *http.Request) {},
		"a word":  func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") },
		"markup":  func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html><p>hello") },
		"typed": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "a/b")
			io.WriteString(w, "hello")
		},
		"encoded": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "x")
			io.WriteString(w, "hello")
		},
		"dated": func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Date", "today") },
		"no content": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "a/b")
			w.WriteHeader(204)
		},
		"not allowed": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(204)
			if _, err := io.WriteString(w, "x"); !errors.Is(err, http.ErrBodyNotAllowed) {
				panic(err)
			}
		},
		"not modified": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Etag", `"1"`)
			w.Header().Set("Content-Type", "a/b")
			w.Header().Set("Content-Length", "5")
			w.WriteHeader(304)
		},
		"an error": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", 404) },
		"odd":      func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(799) },
		"twice":    func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(201); w.WriteHeader(500) },
		"too late": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(201); w.Header().Set("A", "b") },
		"many": func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["A"] = []string{"1", "2"}
			w.Header()["B"] = nil
		},
		"injection": func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["A"] = []string{"b\r\nC: d", "e\nf"}
			w.Header()["G: h\r\nI"] = []string{"j"}
			w.Header()["K L"] = []string{"m"}
		},
		"a length": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "5")
			io.WriteString(w, "hello")
		},
		"more than its length": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "5")
			io.WriteString(w, "hello")
			if _, err := io.WriteString(w, "HTTP/1.1 200 OK\r\n\r\n"); !errors.Is(err, http.ErrContentLength) {
				panic(err)
			}
		},
		"less than its length": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "50")
			io.WriteString(w, "hello")
		},
		"long": func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, long) },
		"long, typed": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "a/b")
			w.Header().Set("Content-Length", fmt.Sprint(len(long)))
			io.WriteString(w, long)
		},
		"in pieces": func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i < len(long); i += 1000 {
				io.WriteString(w, long[i:min(i+1000, len(long))])
			}
		},
		"flushed": func(w http.ResponseWriter, _ *http.Request) {
			rc := http.NewResponseController(w)
			for _, s := range []string{"a", "", long, "b"} {
				io.WriteString(w, s)
				if err := rc.Flush(); err != nil {
					panic(err)
				}
			}
		},
		"flushed first": func(w http.ResponseWriter, _ *http.Request) { w.(http.Flusher).Flush(); io.WriteString(w, "a") },
		"the end": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Connection", "close")
			io.WriteString(w, "a")
		},
		"broken off": func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, long); panic(http.ErrAbortHandler) },
		"a panic":    func(http.ResponseWriter, *http.Request) { panic("oh") },
	}
	h := func(w http.ResponseWriter, r *http.Request) {
		if f := handlers[r.Header.Get("Case")]; f != nil {
			if (side(w) == "lane") != (r.Header.Get("Lane") != "") {
				t.Errorf("%s is served by %s", r.Header.Get("Case"), side(w))
			}
			f(w, r)
		}
	}
	with, alone := newSite(t, true, h, nil), newSite(t, false, h, nil)
	for name := range handlers {
		for _, method := range []string{"GET", "HEAD"} {
			head := method + " /p/x HTTP/1.1\r\nHost: a\r\nCase: " + name + "\r\n"
			got := ofConnection(with.dial(t), method, head+"Lane: 1\r\n\r\n")
			want := ofConnection(alone.dial(t), method, head+"\r\n")
			if got != want {
				t.Errorf("%s, %s:\ngot  %.600s\nwant %.600s", name, method, got, want)
			}
		}
	}
}

// ofConnection is what a client sees of an answer, and whether the connection goes
// on after it.
func ofConnection(c *client, method, request string) string {
	c.t.Helper()
	c.enter()
	c.send(request)
	res, body, err := c.answer(method)
	if err != nil && res == nil {
		return "nothing"
	}
	if _, err := time.Parse(http.TimeFormat, res.Header.Get("Date")); err == nil {
		res.Header.Set("Date", "now")
	}
	var out strings.Builder
	fmt.Fprintf(&out, "%s, length %d, %q, whole %v, close %v\n", res.Status, res.ContentLength, res.TransferEncoding, err == nil, res.Close)
	for _, k := range slices.Sorted(maps.Keys(res.Header)) {
		fmt.Fprintf(&out, "%s: %q\n", k, res.Header[k])
	}
	if err == nil && !res.Close {
		c.send("GET /p/again HTTP/1.1\r\nHost: a\r\n\r\n")
		again, _, err := c.answer("GET")
		fmt.Fprintf(&out, "again: %v\n", err == nil && again.StatusCode == 200)
	}
	if err != nil {
		return out.String() // how much of it came is chance
	}
	return out.String() + body
}
