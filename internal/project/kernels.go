package project

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/jupyter"
	"lyceum/internal/kernels"
	"lyceum/internal/lyceum"
	"lyceum/internal/rest"
)

func kernelRoutes() []route {
	return []route{
		{method: "GET", path: "kernels", verb: lyceum.UseTerminals, handle: (*Project).listKernels},
		{method: "POST", path: "kernels", verb: lyceum.UseTerminals, handle: (*Project).startKernel},
		{method: "PATCH", path: "kernels/{kid}", verb: lyceum.UseTerminals, handle: (*Project).changeKernel},
		{method: "DELETE", path: "kernels/{kid}", verb: lyceum.UseTerminals, handle: (*Project).endKernel},
	}
}

// extensionKernels are kernelspecs that the site offers to all its projects.
const extensionKernels = "/ext/jupyter/kernels"

// idleStopName is the environment variable of a project that says after how long an
// idle kernel is shut down: "12h". Without it none is.
const idleStopName = "KERNEL_IDLE_STOP"

// reserveName is the environment variable of a project that names a kernelspec, or
// "default": one kernel of it is kept started for the next notebook.
const reserveName = "KERNEL_RESERVE"

func newKernels(s *super, home string, log *slog.Logger, found func(*kernels.Kernel), changed func()) *kernels.Manager {
	idle, err := time.ParseDuration(os.Getenv(idleStopName))
	if err != nil && os.Getenv(idleStopName) != "" {
		log.Warn("idle kernels are not shut down: "+idleStopName+" is no time as 12h is", "err", err)
	}
	return kernels.New(kernels.Config{Super: s, Home: home, Log: log, Extra: []string{extensionKernels}, IdleStop: idle, Found: found, Changed: changed, Reserve: os.Getenv(reserveName), Scarce: s.scarce})
}

// findTime is how long the first request may wait for the kernels of the server
// before this one.
const findTime = time.Second

// findKernels takes up the kernels that run, before anybody can ask for them. Without
// a supervisor there are none; Run tries again.
func (p *Project) findKernels(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, findTime)
	defer cancel()
	if err := p.kernels.Find(ctx); err != nil {
		p.log.Debug("the kernels cannot be found yet", "err", err)
	}
}

func (p *Project) listKernels(w http.ResponseWriter, r *http.Request, _ call) error {
	list, err := p.kernels.Describe(r.Context())
	if err != nil {
		return err
	}
	return rest.WriteJSON(w, list)
}

func (p *Project) startKernel(w http.ResponseWriter, r *http.Request, _ call) error {
	var n api.NewKernel
	if err := rest.ReadJSON(w, r, &n); err != nil {
		return err
	}
	k, err := p.kernels.Start(r.Context(), kernels.Start{Spec: n.Spec, Path: n.Path})
	if err != nil {
		return err
	}
	return rest.WriteJSON(w, k.Describe())
}

func (p *Project) changeKernel(w http.ResponseWriter, r *http.Request, c call) error {
	var change api.KernelChange
	if err := rest.ReadJSON(w, r, &change); err != nil {
		return err
	}
	k, err := p.kernels.Get(c.id)
	if err != nil {
		return err
	}
	switch change.Action {
	case "interrupt":
		err = k.Interrupt(r.Context())
	case "restart":
		err = k.RestartNow(r.Context())
	default:
		err = lyceum.Invalidf("action", "a kernel can be asked to interrupt or to restart")
	}
	if err != nil {
		return err
	}
	return rest.WriteJSON(w, k.Describe())
}

func (p *Project) endKernel(w http.ResponseWriter, r *http.Request, c call) error {
	k, err := p.kernels.Get(c.id)
	if err == nil {
		err = k.Shutdown(r.Context())
	}
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// kernelTime is how long the supervisor may take to end a process and start another.
const kernelTime = 20 * time.Second

// maxKernelAnswer bounds what the supervisor tells of all kernels, with their notes.
const maxKernelAnswer = 64 << 20

// Kernels implements kernels.Supervisor, as the methods below do.
func (s *super) Kernels(ctx context.Context) ([]jupyter.Process, error) {
	var list []jupyter.Process
	return list, s.kernel(ctx, http.MethodGet, "", nil, &list)
}

// StartKernel starts a kernel.
func (s *super) StartKernel(ctx context.Context, l jupyter.Launch) (jupyter.Process, error) {
	var p jupyter.Process
	return p, s.kernel(ctx, http.MethodPost, "", l, &p)
}

// ChangeKernel changes what is kept with a kernel.
func (s *super) ChangeKernel(ctx context.Context, id string, c jupyter.Change) error {
	return s.kernel(ctx, http.MethodPatch, "/"+url.PathEscape(id), c, nil)
}

// InterruptKernel sends SIGINT.
func (s *super) InterruptKernel(ctx context.Context, id string) error {
	return s.kernel(ctx, http.MethodPost, "/"+url.PathEscape(id)+"/interrupt", nil, nil)
}

// RestartKernel ends the process of a kernel and starts another one.
func (s *super) RestartKernel(ctx context.Context, id string) (jupyter.Process, error) {
	var p jupyter.Process
	return p, s.kernel(ctx, http.MethodPost, "/"+url.PathEscape(id)+"/restart", nil, &p)
}

// EndKernel ends a kernel for good.
func (s *super) EndKernel(ctx context.Context, id string) error {
	return s.kernel(ctx, http.MethodDelete, "/"+url.PathEscape(id), nil, nil)
}

// kernel asks the supervisor something about kernels.
func (s *super) kernel(ctx context.Context, method, path string, body, answer any) error {
	var b []byte
	if body != nil {
		var err error
		if b, err = json.Marshal(body); err != nil {
			return err
		}
	}
	if method != http.MethodGet { // what was begun is ended, whether or not somebody waits for it
		ctx = context.WithoutCancel(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, kernelTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, "http://supervisor/kernels"+path, bytes.NewReader(b))
	if err != nil {
		return err
	}
	res, err := s.transport.RoundTrip(r)
	if err != nil {
		return lyceum.Wrap(lyceum.Unavailable, err, "the kernels cannot be reached at this moment; try again")
	}
	defer res.Body.Close()
	if res.StatusCode >= 400 {
		return refusal(res)
	}
	if answer == nil {
		return nil
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, maxKernelAnswer)).Decode(answer); err != nil {
		return lyceum.Wrap(lyceum.Unavailable, err, "the supervisor does not answer well")
	}
	return nil
}

// refusal is an error of the supervisor, as it told it.
func refusal(res *http.Response) error {
	var problem api.Problem
	if err := json.NewDecoder(io.LimitReader(res.Body, 64<<10)).Decode(&problem); err != nil || problem.Detail == "" {
		return lyceum.Errorf(lyceum.Unavailable, "the supervisor answers with status %d", res.StatusCode)
	}
	for kind := lyceum.Internal; kind <= lyceum.Unavailable; kind++ {
		if kind.String() == problem.Code {
			return lyceum.Errorf(kind, "%s", problem.Detail)
		}
	}
	return errors.New(problem.Detail)
}

// KernelStream opens the stream of a kernel's records.
func (s *super) KernelStream(ctx context.Context, id string, after uint64) (io.ReadWriteCloser, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://supervisor/kernels/"+url.PathEscape(id)+"/stream?after="+strconv.FormatUint(after, 10), nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Connection", "Upgrade")
	r.Header.Set("Upgrade", jupyter.StreamProtocol)
	res, err := s.transport.RoundTrip(r)
	if err != nil {
		return nil, lyceum.Wrap(lyceum.Unavailable, err, "the kernels cannot be reached at this moment; try again")
	}
	if stream, ok := res.Body.(io.ReadWriteCloser); ok && res.StatusCode == http.StatusSwitchingProtocols {
		return stream, nil
	}
	defer res.Body.Close()
	return nil, refusal(res)
}
