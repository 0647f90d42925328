package rest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"lyceum/internal/lyceum"
)

func TestTheAccessLogsLine(t *testing.T) {
	t.Parallel()
	var j journal
	r := httptest.NewRequest("PUT", "/p/x/files/a.txt?token=lyc_secret&x=1", strings.NewReader("body"))
	r.RemoteAddr = "1.2.3.4:5"
	r.Header.Set("Authorization", "Bearer lyc_secret")
	r.Header.Set("Cookie", "lyceum=lyc_secret")
	r.Header.Set("Referer", "https://x.example/?token=lyc_secret")
	resp := do(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		SetActor(r.Context(), "ada-id")
		SetProject(r.Context(), "project-id")
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, "hello")
	}), Config{Logger: j.logger()}, r)
	l := j.line(t)
	for k, want := range map[string]any{
		"level": "INFO", "method": "PUT", "path": "/p/x/files/a.txt", "status": 201.0, "bytes": 5.0, "client": "1.2.3.4",
		"account": "ada-id", "project": "project-id", "request": resp.Header.Get("X-Request-Id"),
	} {
		if l[k] != want {
			t.Errorf("%s: got %v, want %v", k, l[k], want)
		}
	}
	if _, ok := l["took"]; !ok {
		t.Error("took is missing")
	}
	if strings.Contains(j.String(), "secret") || strings.Contains(j.String(), "body") {
		t.Errorf("the log holds what it must not: %s", &j)
	}
}

func TestPathsInTheLog(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/api/v1/invitations/s3cret":         "/api/v1/invitations/…",
		"/api/v1/invitations/s3cret/accept":  "/api/v1/invitations/…/accept",
		"/invitations/s3cret":                "/invitations/…",
		"/setup/s3cret":                      "/setup/…",
		"/invite/s3cret":                     "/invite/…",
		"/api/v1/projects/x":                 "/api/v1/projects/x",
		"/invitations/":                      "/invitations/",
		"/" + strings.Repeat("a", 2000):      "/" + strings.Repeat("a", maxLoggedPath-1) + "…",
		"/" + strings.Repeat("é", 2000):      "/" + strings.Repeat("é", (maxLoggedPath-1)/2) + "�…",
		"/a\xff\nb":                          "/a�\nb",
		"/lyceum/api/v1/invitations/s3cret/": "/lyceum/api/v1/invitations/…/",
	} {
		if got := redact(path); got != want {
			t.Errorf("%.40q: got %.60q, want %.60q", path, got, want)
		}
	}
}

func TestLevelsOfTheLog(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		path   string
		status int
		want   string
	}{
		{"/x", 200, "INFO"}, {"/x", 404, "INFO"}, {"/x", 500, "ERROR"}, {"/x", 502, "ERROR"}, {"/x", 507, "ERROR"}, {"/x", 503, "WARN"},
		{"/assets/a.js", 200, "DEBUG"}, {"/healthz", 200, "DEBUG"}, {"/readyz", 200, "DEBUG"}, {"/readyz", 503, "WARN"},
	} {
		var j journal
		do(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(c.status) }), Config{Logger: j.logger()}, httptest.NewRequest("GET", c.path, nil))
		if got := j.line(t)["level"]; got != c.want {
			t.Errorf("%s %d: got %v, want %s", c.path, c.status, got, c.want)
		}
	}
}

func TestPanics(t *testing.T) {
	t.Parallel()
	var j journal
	resp := do(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("hunter22") }), Config{Logger: j.logger()}, httptest.NewRequest("GET", "/x", nil))
	p := problem(t, resp)
	if resp.StatusCode != 500 || strings.Contains(p.Detail, "hunter22") {
		t.Errorf("got %d %+v", resp.StatusCode, p)
	}
	if log := j.String(); !strings.Contains(log, "hunter22") || !strings.Contains(log, "log_test.go") || !strings.Contains(log, p.Request) {
		t.Errorf("the log lacks the panic, its place or the request: %s", log)
	}
	if l := j.line(t); l["status"] != 500.0 {
		t.Errorf("access log: %v", l)
	}
}

// TestAPanicInTheMiddleBreaksTheConnection: half an answer must not look whole.
func TestAPanicInTheMiddleBreaksTheConnection(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]any{"a panic": "oh", "on purpose": http.ErrAbortHandler} {
		var j journal
		s := httptest.NewServer(Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, "half")
			_ = http.NewResponseController(w).Flush()
			panic(value)
		}), Config{Logger: j.logger()}))
		resp, err := s.Client().Get(s.URL)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(resp.Body); err == nil {
			t.Errorf("%s: got %q without an error", name, b)
		}
		resp.Body.Close()
		s.Close()
		if got, want := strings.Contains(j.String(), "panic in a handler"), value != http.ErrAbortHandler; got != want {
			t.Errorf("%s: logged %v, want %v", name, got, want)
		}
	}
}

func TestMetricsCountByPattern(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	m := NewMetrics(reg)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /things/{id}", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/named/{x...}", func(_ http.ResponseWriter, r *http.Request) { SetRoute(r.Context(), "/named") })
	mux.HandleFunc("GET /active", func(http.ResponseWriter, *http.Request) {
		if got := active(t, reg); got != 1 {
			t.Errorf("active: got %v, want 1", got)
		}
	})
	for i, r := range []string{"GET /things/1", "GET /things/2", "HEAD /things/3", "GET /nothing", "POST /things/1", "BREW /named/y", "GET /active"} {
		method, path, _ := strings.Cut(r, " ")
		req := httptest.NewRequest(method, path, nil)
		req.RemoteAddr = fmt.Sprintf("1.2.3.%d:4", i)
		do(t, mux, Config{Metrics: m}, req)
	}
	got := map[string]uint64{}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, s := range f.GetMetric() {
			var key []string
			for _, l := range s.GetLabel() {
				key = append(key, l.GetValue())
			}
			if s.GetHistogram() != nil {
				got[strings.Join(key, " ")] = s.GetHistogram().GetSampleCount()
			}
		}
	}
	for key, want := range map[string]uint64{
		"GET /things/{id} 2xx": 2, "HEAD /things/{id} 2xx": 1, "GET other 4xx": 1, "POST other 4xx": 1, "other /named 2xx": 1, "GET /active 2xx": 1,
	} {
		if got[key] != want {
			t.Errorf("%s: got %d, want %d", key, got[key], want)
		}
	}
	if len(got) != 6 {
		t.Errorf("time series: got %v", got)
	}
	if n := active(t, reg); n != 0 {
		t.Errorf("active at the end: got %v", n)
	}
}

func active(t *testing.T, reg *prometheus.Registry) float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "lyceum_http_requests_active" {
			return f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	t.Fatal("the gauge is missing")
	return 0
}

func TestHeadersOfTheAppAreOnEveryAnswer(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]http.HandlerFunc{
		"fine":    func(http.ResponseWriter, *http.Request) {},
		"error":   answering(lyceum.Errorf(lyceum.NotFound, "no")),
		"a panic": func(http.ResponseWriter, *http.Request) { panic("oh") },
	} {
		resp := do(t, h, Config{Headers: AppHeaders()}, httptest.NewRequest("GET", "/", nil))
		for k, want := range AppHeaders() {
			if got := resp.Header.Get(k); got != want[0] {
				t.Errorf("%s: %s is %q", name, k, got)
			}
		}
	}
	policy := AppHeaders().Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'self'", "script-src 'self';", "object-src 'none'", "base-uri 'self'", "frame-ancestors 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy lacks %s: %s", want, policy)
		}
	}
	if script, _, _ := strings.Cut(policy[strings.Index(policy, "script-src"):], ";"); strings.Contains(script, "unsafe") {
		t.Errorf("scripts: %s", script)
	}
}

func TestHeadersOfContent(t *testing.T) {
	t.Parallel()
	h := AppHeaders()
	for _, k := range []string{"Set-Cookie", "Clear-Site-Data", "Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Service-Worker-Allowed", "Refresh", "Link", "Strict-Transport-Security"} {
		h.Set(k, "x")
	}
	ContentHeaders(h)
	if !strings.HasPrefix(h.Get("Content-Security-Policy"), "sandbox; default-src 'none'") || h.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("headers: %v", h)
	}
	for k, v := range h {
		if v[0] == "x" {
			t.Errorf("%s of a project's server is passed on", k)
		}
	}
}

// TestTheWriterHidesNothing: flushing, hijacking and sending files work through it.
func TestTheWriterHidesNothing(t *testing.T) {
	t.Parallel()
	var j journal
	s := httptest.NewServer(Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/hijack":
			c, buf, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			fmt.Fprint(buf, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
			_ = buf.Flush()
		case "/copy":
			w.WriteHeader(http.StatusEarlyHints)
			if _, err := io.Copy(w, struct{ io.Reader }{strings.NewReader("copied")}); err != nil {
				t.Error(err)
			}
		case "/flush":
			f, ok := w.(http.Flusher)
			if !ok {
				t.Error("it is no Flusher")
				return
			}
			f.Flush()
			fmt.Fprint(w, "flushed")
		}
	}), Config{Logger: j.logger()}))
	defer s.Close()
	for path, want := range map[string]string{"/hijack": "hi", "/copy": "copied", "/flush": "flushed"} {
		resp, err := s.Client().Get(s.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || string(b) != want || resp.StatusCode != 200 {
			t.Errorf("%s: got %d %q, %v", path, resp.StatusCode, b, err)
		}
	}
	if log := j.String(); !strings.Contains(log, `"path":"/copy","status":200,"bytes":6`) {
		t.Errorf("the log: %s", log)
	}
}

// TestASlowHeaderIsCut is the slow loris: a client that sends its header a byte at
// a time, on a real connection.
func TestASlowHeaderIsCut(t *testing.T) {
	t.Parallel()
	var j journal
	srv := NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") }), j.logger())
	if srv.ReadHeaderTimeout != headerTime || srv.WriteTimeout != answerTime || srv.IdleTimeout != idleTime || srv.MaxHeaderBytes != maxHeader {
		t.Errorf("the server's limits: %+v", srv)
	}
	srv.ReadHeaderTimeout = headerTime / 50
	addr := listen(t, srv)

	c := dial(t, addr)
	fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
	if b, err := io.ReadAll(c); err != nil || len(b) > 0 && !strings.HasPrefix(string(b), "HTTP/1.1 408") {
		t.Errorf("a header that never ends: got %q, %v, want that the connection is closed", b, err)
	}
	quick := dial(t, addr)
	fmt.Fprint(quick, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	if b, err := io.ReadAll(quick); err != nil || !strings.HasSuffix(string(b), "hello") {
		t.Errorf("a quick one: got %q, %v", b, err)
	}
	large := dial(t, addr)
	fmt.Fprintf(large, "GET / HTTP/1.1\r\nHost: x\r\nX-Large: %s\r\n\r\n", strings.Repeat("x", 2*maxHeader))
	if line, err := bufio.NewReader(large).ReadString('\n'); err != nil || !strings.Contains(line, "431") {
		t.Errorf("a header of 64 KiB: got %q, %v", line, err)
	}
}

// TestAnAnswerThatIsNotTaken is cut, unless its handler called Stream.
func TestAnAnswerThatIsNotTaken(t *testing.T) {
	t.Parallel()
	written := make(chan error, 2)
	srv := NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/stream" {
			Stream(w)
		}
		for range 400 { // more than the sockets' buffers hold
			if _, err := w.Write(make([]byte, 64<<10)); err != nil {
				written <- err
				return
			}
		}
		written <- nil
	}), (&journal{}).logger())
	srv.WriteTimeout = answerTime / 300
	addr := listen(t, srv)
	deaf := dial(t, addr)
	fmt.Fprint(deaf, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	if err := <-written; err == nil {
		t.Error("a client that takes nothing was waited for")
	}
	streamed := dial(t, addr)
	fmt.Fprint(streamed, "GET /stream HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	select {
	case err := <-written:
		t.Errorf("a stream ended before it was read: %v", err)
	case <-time.After(srv.WriteTimeout * 2):
	}
	if n, err := io.Copy(io.Discard, streamed); err != nil || n < 400*64<<10 {
		t.Errorf("the stream: got %d bytes, %v", n, err)
	}
}

func listen(t *testing.T, srv *http.Server) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	t.Cleanup(func() {
		_ = srv.Close()
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return l.Addr().String()
}
