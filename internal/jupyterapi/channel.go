package jupyterapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"lyceum/internal/jupyter"
	"lyceum/internal/rest"
	"lyceum/internal/socket"
)

// channels is the WebSocket of a kernel's channels. What a kernel tells everyone goes
// to all clients, a reply or a question to those with the session that asked.
func (s *Server) channels(q *request, k Kernel) error {
	if !rest.IsWebSocket(q.Request) {
		return &statusError{http.StatusBadRequest, "this address speaks WebSocket only"}
	}
	o := socket.Options{Limit: maxMessage, Mixed: true}
	v1 := offers(q.Header, protocolV1)
	if v1 {
		o.Subprotocol = protocolV1
	}
	return s.Sockets.Serve(q.w, q.Request, q.Ticket, o, func(ctx context.Context, c *socket.Conn) error {
		ctx, end := context.WithCancel(ctx)
		defer end()
		l := &line{conn: c, kernel: k, v1: v1, sessions: map[string]bool{q.URL.Query().Get("session_id"): true}}
		sub := k.Subscribe()
		defer sub.Close()
		var all sync.WaitGroup
		defer all.Wait()
		var told error
		all.Go(func() {
			defer end()
			told = l.tell(ctx, sub)
		})
		err := l.listen(ctx)
		end()
		all.Wait()
		if told != nil && ctx.Err() != nil && errors.Is(err, context.Canceled) {
			return told
		}
		return err
	})
}

func offers(h http.Header, protocol string) bool {
	for _, v := range h.Values("Sec-Websocket-Protocol") {
		for p := range strings.SplitSeq(v, ",") {
			if strings.TrimSpace(p) == protocol {
				return true
			}
		}
	}
	return false
}

// line is one client's connection to a kernel.
type line struct {
	conn   *socket.Conn
	kernel Kernel
	v1     bool

	mu       sync.Mutex
	sessions map[string]bool // that the client has used
}

// maxSessions is how many sessions one connection may use.
const maxSessions = 64

// listen sends what the client says to the kernel.
func (l *line) listen(ctx context.Context) error {
	for {
		b, err := l.conn.Read(ctx)
		if err != nil {
			return err
		}
		m, err := decode(b, l.v1)
		if err != nil {
			return err
		}
		if m.Channel == jupyter.IOPub {
			continue // there is nothing to say on it
		}
		l.mu.Lock()
		if len(l.sessions) < maxSessions {
			l.sessions[m.Head.Session] = true
		}
		l.mu.Unlock()
		if err := l.kernel.Send(ctx, m); err != nil {
			return err
		}
	}
}

// tell passes on what the kernel says.
func (l *line) tell(ctx context.Context, sub Subscription) error {
	for {
		r, err := sub.Next(ctx)
		if err != nil {
			return err
		}
		m := r.Message
		switch r.Kind {
		case jupyter.KindStatus:
			if r.Status.State != jupyter.Dead && r.Status.State != jupyter.Restarting {
				continue
			}
			m, err = jupyter.New(jupyter.IOPub, "", "status", map[string]any{"execution_state": r.Status.State})
		case jupyter.KindFold:
			m, err = fold(r.Fold)
		case jupyter.KindMessage:
			if !l.wants(m) {
				continue
			}
		default:
			continue
		}
		if err != nil {
			return err
		}
		msg, binary, err := encode(m, l.v1)
		if err != nil {
			return err
		}
		if err := l.conn.WriteAs(ctx, binary, msg); err != nil {
			return err
		}
	}
}

func (l *line) wants(m jupyter.Message) bool {
	if m.Channel == jupyter.IOPub {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sessions[m.Parent.Session]
}

// fold says what was left out because it came faster than it was taken.
func fold(f jupyter.Fold) (jupyter.Message, error) {
	text := fmt.Sprintf("\n[… %d outputs of %d bytes were left out here …]\n", f.Messages, f.Bytes)
	m, err := jupyter.New(jupyter.IOPub, "", "stream", map[string]string{"name": "stderr", "text": text})
	if err != nil || f.Parent == "" {
		return m, err
	}
	m.Parent = jupyter.Header{ID: f.Parent, Type: "execute_request"}
	m.ParentHeader, err = json.Marshal(m.Parent)
	return m, err
}
