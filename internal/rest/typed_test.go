package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"lyceum/internal/lyceum"
)

func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return c
}

type thing struct {
	Name   string   `json:"name" minLength:"1" maxLength:"20"`
	Count  int      `json:"count,omitempty" minimum:"0" maximum:"9"`
	Secret string   `json:"secret,omitempty" pattern:"^[a-z]+$"`
	Filler string   `json:"filler,omitempty"`
	List   []string `json:"list,omitempty"`
}

// things is an API with one operation, which answers with its input or an error
// that the name asks for.
func things(t *testing.T) http.Handler {
	t.Helper()
	mux := http.NewServeMux()
	a := NewAPI(mux, API{Title: "Things", Version: "1", Prefix: "/api", Server: "/x/api"})
	Register(a, huma.Operation{Method: "POST", Path: "/things/{id}", OperationID: "put"}, func(_ context.Context, in *struct {
		ID    int    `path:"id"`
		Limit int    `query:"limit" maximum:"10"`
		Body  thing  `required:"true"`
		Agent string `header:"User-Agent"`
	}) (*struct{ Body thing }, error) {
		switch in.Body.Name {
		case "panic":
			panic("oh")
		case "missing":
			return nil, lyceum.Errorf(lyceum.NotFound, "there is no such thing")
		case "busy":
			return nil, &lyceum.Error{Kind: lyceum.Exhausted, Message: "wait", Retry: 5 * time.Second}
		case "broken":
			return nil, io.ErrClosedPipe
		}
		return &struct{ Body thing }{in.Body}, nil
	})
	return mux
}

func TestTypedOperations(t *testing.T) {
	t.Parallel()
	h := things(t)
	for _, c := range []struct {
		name, path, kind, body string
		status                 int
		code, fault            string // of the problem
	}{
		{"fine", "/api/things/1?limit=3", "application/json", `{"name":"a<b"}`, 200, "", ""},
		{"with a charset", "/api/things/1", "application/json; charset=utf-8", `{"name":"a"}`, 200, "", ""},
		{"unknown field", "/api/things/1", "application/json", `{"name":"a","x":1}`, 422, "invalid", "body.x"},
		{"wrong type", "/api/things/1", "application/json", `{"name":1}`, 422, "invalid", "body.name"},
		{"missing field", "/api/things/1", "application/json", `{}`, 422, "invalid", "body"},
		{"out of range", "/api/things/1", "application/json", `{"name":"a","count":10}`, 422, "invalid", "body.count"},
		{"a list", "/api/things/1", "application/json", `[]`, 422, "invalid", "body"},
		{"null", "/api/things/1", "application/json", `null`, 422, "invalid", "body"},
		{"a string", "/api/things/1", "application/json", `"x"`, 422, "invalid", "body"},
		{"no body", "/api/things/1", "application/json", ``, 400, "invalid", ""},
		{"half of it", "/api/things/1", "application/json", `{"name":`, 400, "invalid", ""},
		{"two of it", "/api/things/1", "application/json", `{"name":"a"}{"name":"b"}`, 400, "invalid", ""},
		{"no JSON", "/api/things/1", "application/json", `<xml/>`, 400, "invalid", ""},
		{"not UTF-8", "/api/things/1", "application/json", "{\"name\":\"\xff\"}", 200, "", ""},
		{"deep", "/api/things/1", "application/json", strings.Repeat(`{"a":`, 100_000), 400, "invalid", ""},
		{"form", "/api/things/1", "application/x-www-form-urlencoded", `name=a`, 415, "invalid", ""},
		{"unknown parameter", "/api/things/1?x=1", "application/json", `{"name":"a"}`, 422, "invalid", "query.x"},
		{"parameter out of range", "/api/things/1?limit=11", "application/json", `{"name":"a"}`, 422, "invalid", "query.limit"},
		{"parameter of no type", "/api/things/1?limit=x", "application/json", `{"name":"a"}`, 422, "invalid", "query.limit"},
		{"path of no type", "/api/things/x", "application/json", `{"name":"a"}`, 422, "invalid", "path.id"},
		{"an error", "/api/things/1", "application/json", `{"name":"missing"}`, 404, "not-found", ""},
		{"an error without a kind", "/api/things/1", "application/json", `{"name":"broken"}`, 500, "internal", ""},
		{"a panic", "/api/things/1", "application/json", `{"name":"panic"}`, 500, "internal", ""},
	} {
		r := httptest.NewRequest("POST", c.path, strings.NewReader(c.body))
		r.Header.Set("Content-Type", c.kind)
		resp := do(t, h, Config{}, r)
		if resp.StatusCode != c.status {
			b, _ := io.ReadAll(resp.Body)
			t.Errorf("%s: got %d %s, want %d", c.name, resp.StatusCode, b, c.status)
			continue
		}
		if c.status == 200 {
			continue
		}
		p := problem(t, resp)
		if p.Code != c.code || c.fault != "" && (len(p.Errors) == 0 || p.Errors[0].Location != c.fault) {
			t.Errorf("%s: got %+v, want code %s for %s", c.name, p, c.code, c.fault)
		}
	}
}

func TestAnswersSayWhenToTryAgain(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest("POST", "/api/things/1", strings.NewReader(`{"name":"busy"}`))
	r.Header.Set("Content-Type", "application/json")
	resp := do(t, things(t), Config{}, r)
	if p := problem(t, resp); resp.StatusCode != 429 || resp.Header.Get("Retry-After") != "5" || p.Detail != "wait" {
		t.Errorf("got %d, Retry-After %q, %+v", resp.StatusCode, resp.Header.Get("Retry-After"), p)
	}
}

// TestValuesAtFaultAreNotEchoed: one of them may be a password.
func TestValuesAtFaultAreNotEchoed(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{"name":"a","secret":"Hunter22"}`, `{"name":"Hunter22 Hunter22 Hunter22"}`, `{"name":"a","list":"Hunter22"}`, `{"name":"Hunter22"`} {
		var j journal
		r := httptest.NewRequest("POST", "/api/things/1", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		resp := do(t, things(t), Config{Logger: j.logger()}, r)
		b, _ := io.ReadAll(resp.Body)
		if resp.StatusCode < 400 || strings.Contains(string(b)+j.String(), "Hunter22") {
			t.Errorf("%s: answer %d %s, log %s", body, resp.StatusCode, b, &j)
		}
	}
}

// TestLargeBodies sends bodies over a real connection; the server reads no more
// than the limit.
func TestLargeBodies(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(Wrap(things(t), Config{Logger: (&journal{}).logger()}))
	defer s.Close()
	body := func(size int) []byte {
		head, tail := `{"name":"a","filler":"`, `"}`
		return []byte(head + strings.Repeat("x", size-len(head)-len(tail)) + tail)
	}
	for _, c := range []struct {
		size, status int
	}{{MaxBody, 200}, {MaxBody + 1, 413}, {20 << 20, 413}} {
		resp, err := s.Client().Post(s.URL+"/api/things/1", "application/json", bytes.NewReader(body(c.size)))
		if err != nil {
			t.Fatalf("%d bytes: %v", c.size, err)
		}
		if resp.StatusCode != c.status {
			t.Errorf("%d bytes: got %d, want %d", c.size, resp.StatusCode, c.status)
		}
		if c.status == 413 {
			if p := problem(t, resp); p.Code != "too-large" || !strings.Contains(p.Detail, fmt.Sprint(MaxBody)) {
				t.Errorf("%d bytes: got %+v", c.size, p)
			}
		}
		resp.Body.Close()
	}
}

// TestABodyThatEndsEarlyIsTheClientsFault, not an error of ours in the log.
func TestABodyThatEndsEarlyIsTheClientsFault(t *testing.T) {
	t.Parallel()
	var j journal
	addr := listen(t, NewServer(Wrap(things(t), Config{Logger: j.logger()}), j.logger()))
	c := dial(t, addr)
	fmt.Fprint(c, "POST /api/things/1 HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"name\"")
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(c)
	if err != nil || !strings.HasPrefix(string(b), "HTTP/1.1 400") {
		t.Errorf("got %.100q, %v, want status 400", b, err)
	}
	if strings.Contains(j.String(), `"level":"ERROR"`) {
		t.Errorf("the log: %s", &j)
	}
}

func TestTheDocument(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	a := NewAPI(mux, API{Title: "Things", Version: "1", Prefix: "/api", Server: "/x/api"})
	Register(a, huma.Operation{Method: "GET", Path: "/things", OperationID: "list"}, func(context.Context, *struct{}) (*struct{ Body []thing }, error) { return nil, nil })
	b, err := json.Marshal(a.OpenAPI())
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	for _, want := range []string{`"url":"/x/api"`, `"openapi":"3.1.0"`, `"application/problem+json"`, `#/components/schemas/Problem`} {
		if !strings.Contains(text, want) {
			t.Errorf("the document lacks %s: %s", want, text)
		}
	}
	for _, no := range []string{"example.com", `"null"`, "$schema"} {
		if strings.Contains(text, no) {
			t.Errorf("the document has %s: %s", no, text)
		}
	}
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest("GET", "/api/docs", nil))
	if w.Code != 404 {
		t.Errorf("it serves documentation itself: %d", w.Code)
	}
}
