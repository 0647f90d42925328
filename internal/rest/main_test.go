package rest

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"lyceum/internal/api"
)

const patience = 20 * time.Second

// journal keeps the log's lines.
type journal struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.Write(b)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.String()
}

func (j *journal) logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(j, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// line returns the only access-log line.
func (j *journal) line(t *testing.T) map[string]any {
	t.Helper()
	var found []map[string]any
	for text := range strings.Lines(j.String()) {
		var l map[string]any
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatalf("log line %q: %v", text, err)
		}
		if l["msg"] == "request" {
			found = append(found, l)
		}
	}
	if len(found) != 1 {
		t.Fatalf("access-log lines: got %d, want 1: %s", len(found), j)
	}
	return found[0]
}

// do sends one request through Wrap.
func do(t *testing.T, h http.Handler, c Config, r *http.Request) *http.Response {
	t.Helper()
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	w := httptest.NewRecorder()
	Wrap(h, c).ServeHTTP(w, r)
	return w.Result()
}

// problem reads an error answer and checks its shape.
func problem(t *testing.T, resp *http.Response) api.Problem {
	t.Helper()
	defer resp.Body.Close()
	if got := resp.Header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("Content-Type: got %q", got)
	}
	var p api.Problem
	d := json.NewDecoder(resp.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		t.Fatalf("the problem: %v", err)
	}
	if p.Status != resp.StatusCode || p.Title != http.StatusText(p.Status) || p.Code == "" || p.Detail == "" {
		t.Errorf("problem %+v with status %d", p, resp.StatusCode)
	}
	if id := resp.Header.Get("X-Request-Id"); p.Request != id || id == "" {
		t.Errorf("the problem names request %q, the header %q", p.Request, id)
	}
	return p
}

func answering(err error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { WriteError(w, r, err) }
}
