package hub

import (
	"context"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"lyceum/internal/auth"
	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
	"lyceum/internal/rest"
	"lyceum/internal/ticket"
)

// stallTime is how long a client may send or take nothing in the middle of an
// upload or download.
const stallTime = 60 * time.Second

// slack is what a deadline may be later, so that it is not set for each piece.
const slack = 2 * time.Second

// serveProject carries /p/{id}/… to the project server: who, may they, where,
// with a ticket.
func (h *Hub) serveProject(w http.ResponseWriter, r *http.Request) {
	rest.SetRoute(r.Context(), "/p/{id}")
	if err := h.carry(w, r); err != nil {
		rest.WriteError(w, r, err)
	}
}

func (h *Hub) carry(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	text, path, _ := strings.Cut(strings.TrimPrefix(r.URL.EscapedPath(), "/p/"), "/")
	route, allow, ok := h.table.find(r.Method, path)
	if !ok {
		if allow != "" {
			w.Header().Set("Allow", allow)
		}
		return lyceum.Errorf(lyceum.NotFound, "a project has no such address")
	}
	rest.SetRoute(ctx, "/p/{id}/"+route.path)
	if err := refuseAsCode(r); err != nil {
		return err
	}
	id, err := h.Auth.Authenticate(r, rest.ClientAddr(ctx), route.query)
	if err != nil {
		return err
	}
	rest.SetActor(ctx, id.Account.ID)
	object, err := h.mayCarry(ctx, id, text, path, route.verb)
	if err != nil {
		return err
	}
	if route.socket && !rest.IsWebSocket(r) {
		return lyceum.Errorf(lyceum.Invalid, "this address speaks WebSocket only")
	}
	addr, err := h.Locator.Address(ctx, object.Project)
	if err != nil {
		return h.notRunning(ctx, object.Project, err)
	}
	right := postgres.Right{Account: id.Account.ID, Session: id.Actor.Session, Token: id.Actor.Token, Project: object.Project, Role: object.Role}
	lasting, done := h.sockets.add(ctx, right)
	defer done()
	if route.socket || rest.IsWebSocket(r) {
		// The right may have been lost since it was read and before the socket
		// was registered; from here on every loss finds it.
		if lost, err := h.DB.LostRights(ctx, []postgres.Right{right}); err != nil || len(lost) > 0 {
			return orElse(err, errRightLost)
		}
	}
	rest.Stream(w)
	out := &contentWriter{ResponseWriter: w, rc: http.NewResponseController(w)}
	carried := forProject(lasting, r, out, path)
	if strings.HasPrefix(path, "jupyter/") { // its answers hold addresses
		carried.Header["X-Forwarded-Prefix"] = []string{h.base}
	}
	h.Proxy.ServeProject(out, carried, addr, ticketFor(id, object))
	return nil
}

func orElse(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

// ofPaths are the first segments of addresses whose rest is a path in the project.
var ofPaths = []string{"files", "sync", "archive", "history", "notebooks", "convert", "table", "picture", "usage", "jupyter"}

// mayCarry asks the rule whether id may do the verb in the project named text.
func (h *Hub) mayCarry(ctx context.Context, id auth.Identity, text, path string, v lyceum.Verb) (lyceum.Object, error) {
	if !id.SignedIn() {
		return lyceum.Object{}, lyceum.Errorf(lyceum.Unauthenticated, "sign in first")
	}
	project, err := lyceum.ParseID[lyceum.ProjectID](text)
	if err != nil {
		return lyceum.Object{}, noProject()
	}
	rest.SetProject(ctx, project)
	role, deleted, err := h.roles.get(ctx, h.DB, project, id.Account.ID)
	if lyceum.IsKind(err, lyceum.NotFound) {
		return lyceum.Object{}, noProject()
	}
	if err != nil {
		return lyceum.Object{}, err
	}
	object := lyceum.Object{Project: project, Role: role, Deleted: deleted}
	if err := lyceum.Check(id.Actor, v, object); err != nil {
		return object, err
	}
	// The project server decides on hidden names too; it knows the file system.
	decoded, err := url.PathUnescape(path)
	if err != nil {
		return object, lyceum.Errorf(lyceum.Invalid, "the path is not encoded well")
	}
	kind, file, _ := strings.Cut(decoded, "/")
	if slices.Contains(ofPaths, kind) && hidden(file) && !lyceum.Can(id.Actor, lyceum.ReadHidden, object) {
		return object, lyceum.Errorf(lyceum.NotFound, "there is no such file")
	}
	return object, nil
}

// refuseAsCode refuses requests by which a page of ours would run or embed a
// project's file, whatever put the reference there: users' bytes are data on this
// origin. (Fetch Metadata, W3C; Service-Worker header, Service Workers section 4.)
func refuseAsCode(r *http.Request) error {
	switch r.Header.Get("Sec-Fetch-Dest") {
	case "script", "style", "worker", "sharedworker", "serviceworker", "audioworklet", "paintworklet", "xslt", "object", "embed", "manifest":
		return lyceum.Errorf(lyceum.Forbidden, "files of a project are not run as part of this site")
	}
	if r.Header.Get("Service-Worker") != "" {
		return lyceum.Errorf(lyceum.Forbidden, "files of a project are not run as part of this site")
	}
	return nil
}

// notRunning says in which state a project is that cannot be reached.
func (h *Hub) notRunning(ctx context.Context, id lyceum.ProjectID, cause error) error {
	v, err := h.DB.ProjectFor(ctx, id, "")
	if err != nil {
		return err
	}
	switch v.State.Phase {
	case lyceum.Running:
		return lyceum.Wrap(lyceum.Unavailable, cause, "the project cannot be reached at this moment; try again")
	case lyceum.Starting:
		return lyceum.Wrap(lyceum.Unavailable, cause, "the project is starting")
	}
	return lyceum.Wrap(lyceum.Unavailable, cause, "the project is %s; start it first", v.State.Phase)
}

func ticketFor(id auth.Identity, o lyceum.Object) ticket.Ticket {
	return ticket.Ticket{
		Project: o.Project, Account: id.Account.ID, Name: id.Account.Name, Colour: id.Account.Colour, Role: o.Role,
		Session: id.Key(), ReadOnly: id.Actor.Token != "" && id.Actor.Scope == lyceum.ScopeRead,
	}
}

// ofSender are the headers by which the sender could be imitated, or that say
// where it is. Their names are canonical.
var ofSender = []string{ticket.Header, "Cookie", "Authorization", "Proxy-Authorization", "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Prefix", "X-Forwarded-Proto", "X-Real-Ip"}

// forProject is r as the project sees it: its own path, and nothing of ofSender.
// Those are taken out of r too, as nothing reads them from here on: a copy of all
// headers costs as much as the rest of a request's way through this room.
func forProject(ctx context.Context, r *http.Request, w *contentWriter, path string) *http.Request {
	u := *r.URL
	u.RawPath = "/" + path
	u.Path, _ = url.PathUnescape(u.RawPath) // checked by mayCarry
	if strings.Contains(u.RawQuery, "token=") {
		q := u.Query()
		q.Del("token")
		u.RawQuery = q.Encode()
	}
	r = r.WithContext(ctx)
	r.URL, r.RequestURI = &u, ""
	for _, name := range ofSender {
		delete(r.Header, name)
	}
	r.Header["X-Request-Id"] = []string{rest.RequestID(ctx)}
	if r.Body != nil && r.Body != http.NoBody && !rest.IsWebSocket(r) {
		r.Body = &patientBody{r.Body, w.rc}
	}
	return r
}

// patientBody gives the client stallTime for each piece of its body, and no
// limit for the whole.
type patientBody struct {
	io.ReadCloser
	rc *http.ResponseController
}

// Read implements io.Reader.
func (b *patientBody) Read(p []byte) (int, error) {
	// A connection without deadlines (in tests) has no limit.
	_ = b.rc.SetReadDeadline(time.Now().Add(stallTime))
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		_ = b.rc.SetReadDeadline(time.Time{})
	}
	return n, err
}

// contentWriter makes every answer of a project harmless on the app's origin: its
// code is the user's.
type contentWriter struct {
	http.ResponseWriter
	rc    *http.ResponseController
	sent  bool
	until time.Time // what the write deadline is
}

// Unwrap is for http.ResponseController.
func (w *contentWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader enforces the headers.
func (w *contentWriter) WriteHeader(status int) {
	if status < 200 && status != http.StatusSwitchingProtocols {
		return // hints ahead of an answer would pass with the project's own headers
	}
	if status >= 200 && !w.sent {
		w.sent = true
		h := w.Header()
		rest.ContentHeaders(h)
		if !inert(h.Get("Content-Type")) && !strings.HasPrefix(h.Get("Content-Disposition"), "attachment") {
			h.Set("Content-Disposition", "attachment")
		}
		if status == http.StatusUnauthorized {
			h.Del("WWW-Authenticate") // a browser would ask for a password on our behalf
		}
		if !madeHere(status, h.Get("Location")) {
			h.Del("Location") // projects do not send browsers elsewhere
		}
	}
	w.ResponseWriter.WriteHeader(status)
}

// made is where a project says that it made something.
var made = regexp.MustCompile(`^(uploads|jobs)/[0-9a-f-]{36}$`)

// jupyterMade is where Jupyter's own API says that something is.
var jupyterMade = regexp.MustCompile(`^(/[\w.~-]+)*/p/[0-9a-f-]{36}/jupyter/api/[\w.~!$&'()*+,;=:@%/-]+$`)

// madeHere reports whether a Location names what was made or renamed: clients of tus
// and of Jupyter need it. No browser goes there by itself with such a status.
func madeHere(status int, location string) bool {
	switch status {
	case http.StatusCreated, http.StatusAccepted:
		return made.MatchString(location) || jupyterMade.MatchString(location)
	case http.StatusOK:
		return jupyterMade.MatchString(location)
	}
	return false
}

// Write gives the client stallTime to take each piece, and slack more at most.
func (w *contentWriter) Write(b []byte) (int, error) {
	if !w.sent {
		w.WriteHeader(http.StatusOK)
	}
	if now := time.Now(); w.until.Sub(now) < stallTime {
		w.until = now.Add(stallTime + slack)
		// A connection without deadlines (in tests) has no limit.
		_ = w.rc.SetWriteDeadline(w.until)
	}
	return w.ResponseWriter.Write(b)
}

// inert reports whether browsers show content of the type without running
// anything in it.
func inert(contentType string) bool {
	switch contentType { // what nearly all answers have, without parsing it
	case "application/json", "text/plain; charset=utf-8", "application/octet-stream":
		return true
	}
	t, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return false
	}
	switch t {
	case "text/plain", "application/json", "application/problem+json", "application/octet-stream", "application/x-ndjson",
		"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp":
		return true
	}
	return strings.HasPrefix(t, "audio/") || strings.HasPrefix(t, "video/")
}
