package rest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"lyceum/internal/lyceum"
)

func TestKindsBecomeStatuses(t *testing.T) {
	t.Parallel()
	e := func(k lyceum.Kind) error { return lyceum.Errorf(k, "told to people") }
	for _, c := range []struct {
		name   string
		err    error
		status int
		code   string
		retry  string
	}{
		{"invalid", e(lyceum.Invalid), 400, "invalid", ""},
		{"invalid field", lyceum.Invalidf("email", "told to people"), 422, "invalid", ""},
		{"unauthenticated", e(lyceum.Unauthenticated), 401, "unauthenticated", ""},
		{"forbidden", e(lyceum.Forbidden), 403, "forbidden", ""},
		{"not found", e(lyceum.NotFound), 404, "not-found", ""},
		{"conflict", e(lyceum.Conflict), 409, "conflict", ""},
		{"too large", e(lyceum.TooLarge), 413, "too-large", ""},
		{"exhausted", e(lyceum.Exhausted), 429, "exhausted", ""},
		{"exhausted for a while", &lyceum.Error{Kind: lyceum.Exhausted, Message: "told to people", Retry: 1500 * time.Millisecond}, 429, "exhausted", "2"},
		{"disk full", lyceum.Wrap(lyceum.Exhausted, &testPathError{syscall.ENOSPC}, "told to people"), 507, "exhausted", ""},
		{"quota", lyceum.Wrap(lyceum.Exhausted, syscall.EDQUOT, "told to people"), 507, "exhausted", ""},
		{"unavailable", e(lyceum.Unavailable), 503, "unavailable", "2"},
		{"unavailable for long", &lyceum.Error{Kind: lyceum.Unavailable, Message: "told to people", Retry: time.Minute}, 503, "unavailable", "60"},
		{"wrapped", fmt.Errorf("read: %w", e(lyceum.NotFound)), 404, "not-found", ""},
		{"a body too large", &http.MaxBytesError{Limit: 10}, 413, "too-large", ""},
		{"too slow", fmt.Errorf("query: %w", context.DeadlineExceeded), 503, "unavailable", "2"},
		{"internal", e(lyceum.Internal), 500, "internal", ""},
		{"no kind", io.ErrUnexpectedEOF, 500, "internal", ""},
		{"a kind that is none", e(99), 500, "internal", ""},
		{"a problem", &Problem{Status: 409, Title: "Conflict", Code: "conflict", Detail: "told to people"}, 409, "conflict", ""},
	} {
		resp := do(t, answering(c.err), Config{}, httptest.NewRequest("GET", "/x", nil))
		if c.name == "a problem" {
			continue // it is written as it is
		}
		p := problem(t, resp)
		if resp.StatusCode != c.status || p.Code != c.code || resp.Header.Get("Retry-After") != c.retry {
			t.Errorf("%s: got %d %s, Retry-After %q, want %d %s %q", c.name, resp.StatusCode, p.Code, resp.Header.Get("Retry-After"), c.status, c.code, c.retry)
		}
		if resp.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: it may be cached: %q", c.name, resp.Header.Get("Cache-Control"))
		}
		if got, want := resp.Header.Get("WWW-Authenticate") != "", c.status == 401; got != want {
			t.Errorf("%s: WWW-Authenticate %v, want %v", c.name, got, want)
		}
		if told := strings.Contains(p.Detail, "told to people"); told != (c.status < 500 || c.status == 503 || c.status == 507) && !strings.HasPrefix(c.name, "a body") && c.name != "too slow" {
			t.Errorf("%s: detail %q", c.name, p.Detail)
		}
	}
}

type testPathError struct{ err error }

func (e *testPathError) Error() string { return "write /secret/place: " + e.err.Error() }
func (e *testPathError) Unwrap() error { return e.err }

// TestCausesStayInside: what went wrong is in the log, not in the answer.
func TestCausesStayInside(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"plain":         errors.New("password of the database: hunter22"),
		"internal":      lyceum.Wrap(lyceum.Internal, errors.New("hunter22"), "hunter22 as well"),
		"unavailable":   lyceum.Wrap(lyceum.Unavailable, errors.New("dial 10.0.0.1: hunter22"), "the database is away"),
		"named by text": lyceum.Wrap(lyceum.NotFound, errors.New("hunter22"), "there is none"),
	} {
		var j journal
		resp := do(t, answering(err), Config{Logger: j.logger()}, httptest.NewRequest("GET", "/x", nil))
		body, _ := io.ReadAll(resp.Body)
		if strings.Contains(string(body), "hunter22") {
			t.Errorf("%s: the answer is %s", name, body)
		}
		l := j.line(t)
		logged, _ := l["err"].(string)
		if want := resp.StatusCode >= 500; strings.Contains(logged, "hunter22") != want {
			t.Errorf("%s: status %d, logged %q", name, resp.StatusCode, logged)
		}
		if resp.StatusCode == 500 && !strings.Contains(string(body), resp.Header.Get("X-Request-Id")) {
			t.Errorf("%s: the answer does not name the request: %s", name, body)
		}
	}
}

func TestAFieldAtFaultIsNamed(t *testing.T) {
	t.Parallel()
	resp := do(t, answering(lyceum.Invalidf("email", "not an address")), Config{}, httptest.NewRequest("POST", "/x", nil))
	p := problem(t, resp)
	if len(p.Errors) != 1 || p.Errors[0].Location != "body.email" || p.Errors[0].Message != "not an address" {
		t.Errorf("errors: got %+v", p.Errors)
	}
}

func TestAnErrorTakesBackWhatWasPromised(t *testing.T) {
	t.Parallel()
	h := func(w http.ResponseWriter, r *http.Request) {
		for k, v := range map[string]string{"Content-Length": "5", "Etag": `"x"`, "Content-Disposition": "attachment", "Cache-Control": "public", "Content-Type": "image/png"} {
			w.Header().Set(k, v)
		}
		WriteError(w, r, lyceum.Errorf(lyceum.NotFound, "gone"))
	}
	resp := do(t, http.HandlerFunc(h), Config{}, httptest.NewRequest("GET", "/x", nil))
	problem(t, resp)
	for _, k := range []string{"Content-Length", "Etag", "Content-Disposition"} {
		if v := resp.Header.Get(k); v != "" {
			t.Errorf("%s: got %q", k, v)
		}
	}
	resp = do(t, http.HandlerFunc(h), Config{}, httptest.NewRequest("HEAD", "/x", nil))
	if b, _ := io.ReadAll(resp.Body); len(b) > 0 || resp.StatusCode != 404 {
		t.Errorf("HEAD: status %d with body %q", resp.StatusCode, b)
	}
}
