package project_test

import (
	"context"
	"crypto/ed25519"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
	"lyceum/internal/project"
	"lyceum/internal/ticket"
)

// sample is an address for a row, and a body that it takes.
func sample(row project.Row) (path, body string) {
	path = strings.NewReplacer("{path...}", "a.txt", "{tid}", "00000000-0000-4000-8000-000000000000", "{jid}", "00000000-0000-4000-8000-000000000000", "{uid}", "00000000-0000-4000-8000-000000000000").Replace(row.Path)
	switch {
	case row.Method == "PUT":
		body = "content"
	case row.Path == "files/{path...}" && row.Method == "POST":
		body = `{"action":"touch"}`
	case row.Method == "POST", row.Method == "PATCH":
		body = `{}`
	}
	return path, body
}

// ask returns the status of an answer whose body may be endless.
func ask(t *testing.T, w *world, header, method, path, body string) int {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, "http://project/"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if header != "" {
		r.Header.Set(ticket.Header, header)
	}
	res, err := w.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	return res.StatusCode
}

// TestWhoMayDoWhat walks the route table as everybody.
func TestWhoMayDoWhat(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	readOnly := w.editor()
	readOnly.ReadOnly = true
	for name, tk := range map[string]ticket.Ticket{
		"owner": w.as(lyceum.Owner), "editor": w.editor(), "viewer": w.viewer(), "no member": w.as(""),
		"editor's reading token": readOnly, "hub": w.system(),
	} {
		for _, row := range project.Routes() {
			path, body := sample(row)
			w.write("a.txt", "a")
			got := ask(t, w, w.signer.Sign(tk, time.Now()), row.Method, path, body)
			may := row.Open || row.System && tk.System || row.Verb != "" && !tk.System && tk.Can(row.Verb)
			switch {
			case may && (got == 401 || got == 403 || row.System && got == 404):
				t.Errorf("%s %s as %s answered %d, want it allowed", row.Method, path, name, got)
			case !may && row.System && got != 404, !may && !row.System && got != 403:
				t.Errorf("%s %s as %s answered %d, want it refused", row.Method, path, name, got)
			}
		}
	}
}

// TestNobodyWithoutTicket walks the route table without a valid ticket.
func TestNobodyWithoutTicket(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	_, stranger, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	good := w.as(lyceum.Owner)
	elsewhere := good
	elsewhere.Project = lyceum.NewID[lyceum.ProjectID]()
	signed := w.signer.Sign(good, time.Now())
	body, signature, _ := strings.Cut(signed, ".")
	headers := map[string]string{
		"none":            "",
		"expired":         w.signer.Sign(good, time.Now().Add(-2*ticket.Life)),
		"from the future": w.signer.Sign(good, time.Now().Add(time.Hour)),
		"forged":          ticket.NewSigner(stranger).Sign(good, time.Now()),
		"another project": w.signer.Sign(elsewhere, time.Now()),
		"changed":         body[:len(body)-2] + "AA." + signature,
		"cut":             signed[:len(signed)-4],
		"long":            strings.Repeat("a", 8000) + "." + signature,
	}
	for name, header := range headers {
		for _, row := range append(project.Routes(), project.Row{Method: "GET", Path: "nothing"}) {
			path, body := sample(row)
			want := http.StatusUnauthorized
			if row.Open {
				want = http.StatusOK
			}
			if got := ask(t, w, header, row.Method, path, body); got != want {
				t.Errorf("%s %s with ticket %q answered %d, want %d", row.Method, path, name, got, want)
			}
		}
	}
}

func TestUnknownAddress(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	w.want(404, "GET", "nothing", "")
	w.want(404, "GET", "filesystem", "")
	res, _ := w.do(w.editor(), "PATCH", "files/a", "")
	if res.StatusCode != 404 || res.Header.Get("Allow") != "GET, PUT, POST, DELETE" {
		t.Errorf("PATCH answered %d, Allow %q", res.StatusCode, res.Header.Get("Allow"))
	}
	if got := w.want(400, "GET", "watch", ""); !strings.Contains(got, "WebSocket only") {
		t.Errorf("a socket's address answered %s to a plain request", got)
	}
	// The supervisor is away.
	if got := w.want(503, "GET", "term", ""); !strings.Contains(got, "cannot be reached") {
		t.Errorf("terminals without a supervisor answered %s", got)
	}
}

// TestRequestID takes the hub's identifier, so that a person's report is found in
// both logs.
func TestRequestID(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	res, got := w.do(w.editor(), "GET", "files/nothing", "", "X-Request-Id", "c0ffee00c0ffee00")
	if p := decode[api.Problem](t, got); p.Request != "c0ffee00c0ffee00" || res.Header.Get("X-Request-Id") != "" {
		t.Errorf("the problem is %+v, the header %q", p, res.Header.Get("X-Request-Id"))
	}
}

// TestOriginIsTheHubsAffair passes what browsers send along: the hub has checked
// it, and calls us by another name than the site's.
func TestOriginIsTheHubsAffair(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	w.want(200, "PUT", "files/a.txt", "x", "Origin", "https://compute.example.edu")
	w.want(200, "PUT", "files/a.txt", "x", "Origin", "https://compute.example.edu", "Sec-Fetch-Site", "same-origin")
	c, _, err := websocket.Dial(t.Context(), "ws://project/watch", &websocket.DialOptions{HTTPClient: w.client, HTTPHeader: http.Header{
		ticket.Header: {w.signer.Sign(w.editor(), time.Now())}, "Origin": {"https://compute.example.edu"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	_ = c.CloseNow()
}
