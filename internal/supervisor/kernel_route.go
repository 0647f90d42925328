package supervisor

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"strconv"
	"time"

	"lyceum/internal/jupyter"
	"lyceum/internal/lyceum"
	"lyceum/internal/rest"
)

// kernelRoutes are for the project server alone, which has no ticket of its own.
// They are open because whoever can connect to the socket is the project's user, and
// could start and stop the same programs anyway.
func kernelRoutes() []route {
	return []route{
		{method: "GET", path: "kernels", open: true, handle: (*Supervisor).listKernels},
		{method: "POST", path: "kernels", open: true, handle: (*Supervisor).startKernel},
		{method: "PATCH", path: "kernels/{kid}", open: true, handle: onKernel((*Supervisor).keepWithKernel)},
		{method: "DELETE", path: "kernels/{kid}", open: true, handle: onKernel((*Supervisor).endKernel)},
		{method: "POST", path: "kernels/{kid}/interrupt", open: true, handle: onKernel((*Supervisor).interruptKernel)},
		{method: "POST", path: "kernels/{kid}/restart", open: true, handle: onKernel((*Supervisor).restartKernel)},
		{method: "GET", path: "kernels/{kid}/stream", open: true, handle: onKernel((*Supervisor).streamKernel)},
	}
}

// onKernel finds the kernel of a request.
func onKernel(h func(*Supervisor, http.ResponseWriter, *http.Request, *kernel) error) func(*Supervisor, http.ResponseWriter, *http.Request, call) error {
	return func(s *Supervisor, w http.ResponseWriter, r *http.Request, c call) error {
		k, err := s.kernels.get(c.tid)
		if err != nil {
			return err
		}
		return h(s, w, r, k)
	}
}

func (s *Supervisor) listKernels(w http.ResponseWriter, _ *http.Request, _ call) error {
	all := s.kernels.now()
	list := make([]jupyter.Process, len(all))
	for i, k := range all {
		list[i] = k.describe()
	}
	return rest.WriteJSON(w, list)
}

func (s *Supervisor) startKernel(w http.ResponseWriter, r *http.Request, _ call) error {
	var l jupyter.Launch
	if err := rest.ReadJSON(w, r, &l); err != nil {
		return err
	}
	k, err := s.kernels.start(l)
	if err != nil {
		return err
	}
	return rest.WriteJSON(w, k.describe())
}

func (s *Supervisor) keepWithKernel(w http.ResponseWriter, r *http.Request, k *kernel) error {
	var c jupyter.Change
	if err := rest.ReadJSON(w, r, &c); err != nil {
		return err
	}
	if err := k.keep(c); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Supervisor) endKernel(w http.ResponseWriter, _ *http.Request, k *kernel) error {
	s.kernels.remove(k)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Supervisor) interruptKernel(w http.ResponseWriter, _ *http.Request, k *kernel) error {
	k.mu.Lock()
	r, state := k.run, k.status.State
	k.mu.Unlock()
	if r == nil || state == jupyter.Dead {
		return lyceum.Errorf(lyceum.Conflict, "the kernel does not run")
	}
	if state != jupyter.Starting { // a program that begins would end by it
		r.interrupt()
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// restartKernel answers when the new process was started, which has not answered yet.
func (s *Supervisor) restartKernel(w http.ResponseWriter, _ *http.Request, k *kernel) error {
	if err := k.restart(); err != nil {
		return err
	}
	return rest.WriteJSON(w, k.describe())
}

// Times and sizes of a stream.
const (
	streamStall = 30 * time.Second // that the project server may take for what is sent to it
	streamFlush = 64 << 10         // bytes that are sent at once
)

// streamKernel gives the connection to the records of a kernel, from a number on, and
// takes messages for it and acknowledgements. There is one reader: a new one takes
// the place of the old.
func (s *Supervisor) streamKernel(w http.ResponseWriter, r *http.Request, k *kernel) error {
	after, err := strconv.ParseUint(r.URL.Query().Get("after"), 10, 64)
	if err != nil {
		return lyceum.Invalidf("after", "after is the number of a record")
	}
	if r.Header.Get("Upgrade") != jupyter.StreamProtocol {
		return lyceum.Errorf(lyceum.Invalid, "this address speaks %s only", jupyter.StreamProtocol)
	}
	conn, both, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Time{}); err != nil {
		return nil // it went already
	}
	if _, err := conn.Write([]byte("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: " + jupyter.StreamProtocol + "\r\n\r\n")); err != nil {
		return nil
	}
	ctx, cut := context.WithCancel(context.Background())
	defer cut()
	k.attach(cut)
	unhook := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer unhook()
	go func() { // ends with the connection
		defer cut()
		k.hear(both.Reader)
	}()
	if err := k.tell(ctx, conn, after); !errors.Is(err, context.Canceled) && !errors.Is(err, net.ErrClosed) && !lyceum.IsKind(err, lyceum.Unavailable) {
		s.log.Debug("the stream of a kernel ended", "err", err)
	}
	return nil
}

// hear takes what the project server sends.
func (k *kernel) hear(from *bufio.Reader) {
	for {
		rec, err := jupyter.ReadRecord(from)
		if err != nil {
			return
		}
		switch rec.Kind {
		case jupyter.KindMessage:
			k.send(rec.Message)
		case jupyter.KindAck:
			k.queue.Ack(rec.Number)
		case jupyter.KindNote:
			if k.keep(jupyter.Change{Note: &rec.Note}) != nil {
				return // it is too large: nothing that follows may be believed to be noted
			}
		}
	}
}

// tell writes the records after a number, as they come; those of a flood several at
// once.
func (k *kernel) tell(ctx context.Context, to net.Conn, after uint64) error {
	var b []byte
	var p jupyter.Pace
	for {
		rec, err := k.queue.Next(ctx, after)
		if err != nil {
			return err
		}
		after = rec.Number
		p.Hear(rec.Message)
		if b, err = rec.AppendTo(b); err != nil {
			return err
		}
		if len(b) < streamFlush && k.queue.Ready(after) {
			continue
		}
		if err := to.SetWriteDeadline(time.Now().Add(streamStall)); err != nil {
			return err
		}
		if _, err := to.Write(b); err != nil {
			return err
		}
		if b = b[:0]; cap(b) > 4*streamFlush {
			b = nil
		}
		p.Wait(ctx.Done())
	}
}
