package project

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"

	"lyceum/internal/api"
	"lyceum/internal/files"
	"lyceum/internal/jupyter"
	"lyceum/internal/jupyterapi"
	"lyceum/internal/kernels"
	"lyceum/internal/livedoc"
	"lyceum/internal/lyceum"
	"lyceum/internal/socket"
	"lyceum/internal/term"
	"lyceum/internal/ticket"
)

// jupyterState holds checkpoints and uploads in pieces, below the home.
const jupyterState = ownFolder + "/jupyter"

// prefixHeader is where the hub says which path the site is under.
const prefixHeader = "X-Forwarded-Prefix"

// jupyterRoutes are Jupyter's own API. For viewers it is the reading of contents.
func jupyterRoutes() []route {
	const contents, all = "jupyter/api/contents/{path...}", "jupyter/{path...}"
	row := func(method, path string, verb lyceum.Verb) route {
		return route{method: method, path: path, verb: verb, handle: (*Project).serveJupyter}
	}
	return []route{
		{method: "GET", path: "jupyter/files/{path...}", verb: lyceum.ReadFiles, handle: checked((*Project).jupyterFile)},
		row("GET", contents, lyceum.ReadFiles), row("PUT", contents, lyceum.WriteFiles), row("POST", contents, lyceum.WriteFiles),
		row("PATCH", contents, lyceum.WriteFiles), row("DELETE", contents, lyceum.WriteFiles),
		row("GET", all, lyceum.UseTerminals), row("POST", all, lyceum.UseTerminals), row("PUT", all, lyceum.UseTerminals),
		row("PATCH", all, lyceum.UseTerminals), row("DELETE", all, lyceum.UseTerminals),
	}
}

// jupyterFile answers with the bytes of a file, as a download when ?download= says
// anything. What is hidden is not there, as everywhere in this API.
func (p *Project) jupyterFile(w http.ResponseWriter, r *http.Request, c call) error {
	if files.Hidden(c.path) {
		return errNoFile
	}
	real, err := p.visible(r.Context(), c)
	if err != nil {
		return err
	}
	return p.sendFile(w, r, real, r.URL.Query().Get("download") != "")
}

func (p *Project) newJupyter() *jupyterapi.Server {
	return jupyterapi.New(jupyterapi.Config{
		Files: p.dir, State: jupyterState, Documents: jupyterFiles{p}, Kernels: jupyterKernels{p.kernels},
		Terminals: jupyterTerminals{p}, Sockets: &p.sockets, Log: p.log,
	})
}

func (p *Project) serveJupyter(w http.ResponseWriter, r *http.Request, c call) error {
	path := strings.TrimPrefix(r.URL.EscapedPath(), "/jupyter")
	base := r.Header.Get(prefixHeader) + "/p/" + string(p.cfg.Project) + "/jupyter/"
	return p.jupyter.Serve(w, r, path, jupyterapi.Call{Ticket: c.ticket, Raw: jupyterapi.Ticket(r.Header.Get(ticket.Header)), Base: base})
}

// jupyterFiles implements jupyterapi.Documents.
type jupyterFiles struct{ p *Project }

// Flush writes what is open into its files.
func (j jupyterFiles) Flush(ctx context.Context, path string) error {
	if s := j.p.documents.there(); s != nil {
		return s.Flush(ctx, path)
	}
	return nil
}

// Say edits a live document.
func (j jupyterFiles) Say(ctx context.Context, path, text, by string) (bool, error) {
	return j.edit(ctx, path, func(s *livedoc.Store) (bool, error) { return s.Say(ctx, path, text, by) })
}

// SayOver edits a live document by what differs from base.
func (j jupyterFiles) SayOver(ctx context.Context, path, base, text, by string) (bool, error) {
	return j.edit(ctx, path, func(s *livedoc.Store) (bool, error) { return s.SayOver(ctx, path, base, text, by) })
}

func (j jupyterFiles) edit(ctx context.Context, path string, say func(*livedoc.Store) (bool, error)) (bool, error) {
	e, err := j.p.dir.StatFollow(ctx, path)
	if lyceum.IsKind(err, lyceum.NotFound) || err == nil && e.Kind != files.File {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	s, err := j.p.documents.store()
	if err != nil {
		return false, err
	}
	done, err := say(s)
	j.p.activity.edit()
	return done, err
}

// Write writes a file, which an open document takes over.
func (j jupyterFiles) Write(ctx context.Context, path string, r io.Reader, how files.Write) (files.Entry, error) {
	e, err := j.p.dir.WriteAtomic(ctx, path, r, how)
	if err == nil {
		j.p.activity.edit()
		j.p.documents.written(path)
	}
	return e, err
}

// Room refuses what does not fit.
func (j jupyterFiles) Room(ctx context.Context, bytes int64) error { return j.p.room(ctx, bytes) }

// Move renames, and documents go along.
func (j jupyterFiles) Move(ctx context.Context, from, to string) error {
	return j.act(ctx, from, api.FileAction{Action: "move", To: to})
}

// Copy copies one file.
func (j jupyterFiles) Copy(ctx context.Context, from, to string) error {
	return j.act(ctx, from, api.FileAction{Action: "copy", To: to})
}

// Mkdir makes a folder.
func (j jupyterFiles) Mkdir(ctx context.Context, path string) error {
	return j.act(ctx, path, api.FileAction{Action: "mkdir"})
}

func (j jupyterFiles) act(ctx context.Context, path string, a api.FileAction) error {
	_, err := j.p.act(ctx, path, a)
	j.p.activity.edit()
	if err == nil && a.Action == "move" {
		j.p.runs.Moved()
	}
	return err
}

// Delete moves into the trash.
func (j jupyterFiles) Delete(ctx context.Context, path string, t ticket.Ticket) error {
	_, err := j.p.toTrash(ctx, path, call{ticket: t}, nil)
	j.p.activity.edit()
	return err
}

// jupyterKernels implements jupyterapi.Kernels.
type jupyterKernels struct{ m *kernels.Manager }

// Specs are the installed kernels.
func (j jupyterKernels) Specs() ([]jupyter.Spec, string) {
	all := j.m.Specs()
	return all, kernels.DefaultSpec(all)
}

// Start starts a kernel.
func (j jupyterKernels) Start(ctx context.Context, s jupyterapi.Start) (jupyterapi.Kernel, error) {
	k, err := j.m.Start(ctx, kernels.Start{ID: s.ID, Spec: s.Spec, Path: s.Path, Dir: s.Dir})
	if err != nil {
		return nil, err
	}
	return jupyterKernel{k}, nil
}

// Get returns a kernel.
func (j jupyterKernels) Get(id string) (jupyterapi.Kernel, error) {
	k, err := j.m.Get(id)
	if err != nil {
		return nil, err
	}
	return jupyterKernel{k}, nil
}

// List returns all kernels.
func (j jupyterKernels) List() []jupyterapi.Kernel {
	var all []jupyterapi.Kernel
	for _, k := range j.m.List() {
		all = append(all, jupyterKernel{k})
	}
	return all
}

// jupyterKernel implements jupyterapi.Kernel.
type jupyterKernel struct{ *kernels.Kernel }

// Subscribe listens to what the kernel says.
func (k jupyterKernel) Subscribe() jupyterapi.Subscription {
	return k.Kernel.Subscribe(kernels.Options{})
}

// jupyterTerminals implements jupyterapi.Terminals by the supervisor.
type jupyterTerminals struct{ p *Project }

// List lists the terminals.
func (j jupyterTerminals) List(ctx context.Context, t jupyterapi.Ticket) ([]api.Terminal, error) {
	var list []api.Terminal
	return list, j.ask(ctx, t, http.MethodGet, "/term", nil, &list)
}

// Create starts one.
func (j jupyterTerminals) Create(ctx context.Context, t jupyterapi.Ticket, n api.NewTerminal) (api.Terminal, error) {
	var made api.Terminal
	err := j.ask(ctx, t, http.MethodPost, "/term", n, &made)
	j.p.activity.changed()
	return made, err
}

// Delete ends one.
func (j jupyterTerminals) Delete(ctx context.Context, t jupyterapi.Ticket, id string) error {
	err := j.ask(ctx, t, http.MethodDelete, "/term/"+url.PathEscape(id), nil, nil)
	j.p.activity.changed()
	return err
}

// maxTerminals bounds a list of them, in bytes.
const maxTerminals = 1 << 20

func (j jupyterTerminals) ask(ctx context.Context, t jupyterapi.Ticket, method, path string, body, answer any) error {
	var b []byte
	if body != nil {
		var err error
		if b, err = json.Marshal(body); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, "http://supervisor"+path, bytes.NewReader(b))
	if err != nil {
		return err
	}
	r.Header.Set(ticket.Header, string(t))
	res, err := j.p.super.transport.RoundTrip(r)
	if err != nil {
		return lyceum.Wrap(lyceum.Unavailable, err, "the terminals cannot be reached at this moment; try again")
	}
	defer res.Body.Close()
	if res.StatusCode >= 400 {
		return refusal(res)
	}
	if answer == nil {
		return nil
	}
	return json.NewDecoder(io.LimitReader(res.Body, maxTerminals)).Decode(answer)
}

// Open opens the socket of one.
func (j jupyterTerminals) Open(ctx context.Context, t jupyterapi.Ticket, id string) (jupyterapi.Stream, error) {
	h := http.Header{ticket.Header: {string(t)}}
	at := "http://supervisor/term/" + url.PathEscape(id) + "/socket?client=" + rand.Text()
	c, err := socket.Dial(ctx, j.p.super.transport, at, h, term.Subprotocol, term.MaxFrame)
	if err != nil {
		return nil, err
	}
	return c, nil
}
