//go:build e2e

package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// request makes one request in the present person's browser.
func request(ts *testscript.TestScript, neg bool, args []string) {
	header := http.Header{}
	for len(args) > 1 && args[0] == "-h" {
		k, v, _ := strings.Cut(args[1], ": ")
		header.Add(k, v)
		args = args[2:]
	}
	usage(ts, neg, args, 3, "http [-h 'K: V'] METHOD PATH STATUS [BODY|@FILE]")
	var body io.Reader
	if len(args) > 3 {
		body = strings.NewReader(args[3])
		if file, ok := strings.CutPrefix(args[3], "@"); ok {
			f, err := os.Open(ts.MkAbs(file))
			ts.Check(err)
			defer f.Close()
			body = f
		}
	}
	s := siteOf(ts)
	status, answer, err := s.do(args[0], args[1], header, body)
	ts.Check(err)
	_, err = ts.Stdout().Write(answer)
	ts.Check(err)
	if want := args[2]; strconv.Itoa(status) != want {
		ts.Fatalf("%s %s: got %d, want %s: %s", args[0], args[1], status, want, answer)
	}
	s.last = answer
}

func (s *site) do(method, path string, header http.Header, body io.Reader) (int, []byte, error) {
	if !strings.Contains(path, "://") {
		path = strings.TrimSuffix(s.url, "/") + path
	}
	r, err := http.NewRequest(method, path, body)
	if err != nil {
		return 0, nil, err
	}
	r.Header = header
	if body != nil && header.Get("Content-Type") == "" {
		r.Header.Set("Content-Type", "application/json")
	}
	res, err := s.browser().Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return res.StatusCode, b, err
}

// field finds "items.0.name" in JSON and returns it as text.
func field(text []byte, path string) (string, error) {
	var v any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return "", fmt.Errorf("%w in %.200s", err, text)
	}
	for name := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[name]
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i >= len(x) {
				return "", nil
			}
			v = x[i]
		}
	}
	if v == nil {
		return "", nil
	}
	return fmt.Sprint(v), nil
}

func get(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, args, 2, "get VAR PATH")
	v, err := field(siteOf(ts).last, args[1])
	ts.Check(err)
	if v == "" {
		ts.Fatalf("there is no %s in %s", args[1], siteOf(ts).last)
	}
	ts.Setenv(args[0], v)
}

// until asks again and again, as a person who waits would.
func until(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, args, 3, "until PATH FIELD VALUE [SECONDS]")
	s := siteOf(ts)
	limit := patience
	if len(args) > 3 {
		n, err := strconv.Atoi(args[3])
		ts.Check(err)
		limit = time.Duration(n) * time.Second
	}
	var got string
	for end := time.Now().Add(limit); time.Now().Before(end); <-time.After(20 * time.Millisecond) {
		_, body, err := s.do("GET", args[0], http.Header{}, nil)
		if err != nil {
			continue // it may be down at this moment
		}
		if got, err = field(body, args[1]); err == nil && got == args[2] {
			s.last = body
			return
		}
		got = string(body)
	}
	ts.Fatalf("%s of %s did not become %q: %s", args[1], args[0], args[2], got)
}

func content(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, args, 2, "content FILE PATTERN")
	want := regexp.MustCompile(args[1])
	var got []byte
	for end := time.Now().Add(patience); time.Now().Before(end); <-time.After(20 * time.Millisecond) {
		if got, _ = os.ReadFile(ts.MkAbs(args[0])); want.Match(got) {
			return
		}
	}
	ts.Fatalf("%s did not become %q: %.500s", args[0], args[1], got)
}

func sha(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, args, 2, "sha FILE VAR")
	f, err := os.Open(ts.MkAbs(args[0]))
	ts.Check(err)
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	ts.Check(err)
	ts.Setenv(args[1], hex.EncodeToString(h.Sum(nil)))
}
