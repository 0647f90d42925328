package jupyterapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"unicode/utf8"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
	"lyceum/internal/rest"
	"lyceum/internal/socket"
	"lyceum/internal/term"
)

type terminalModel struct {
	Name     string `json:"name"`
	Activity string `json:"last_activity"`
}

// terminals answers api/terminals….
func (s *Server) terminals(q *request) error {
	switch {
	case q.is(http.MethodGet, 0):
		list, err := s.Terminals.List(q.Context(), q.Raw)
		if err != nil {
			return err
		}
		all := []terminalModel{}
		for _, t := range list {
			if t.Exited == nil {
				all = append(all, terminalModel{t.ID, stamp(t.Created)})
			}
		}
		return q.answer(http.StatusOK, all)
	case q.is(http.MethodPost, 0):
		var n struct{ Name, CWD string }
		if err := q.body(maxBody, &n); err != nil {
			return err
		}
		t, err := s.Terminals.Create(q.Context(), q.Raw, api.NewTerminal{Name: n.Name, Dir: s.folder(n.CWD)})
		if err != nil {
			return err
		}
		return q.answer(http.StatusOK, terminalModel{t.ID, stamp(t.Created)})
	case len(q.tail) != 1:
		return q.wrong()
	}
	list, err := s.Terminals.List(q.Context(), q.Raw)
	if err != nil {
		return err
	}
	for _, t := range list {
		switch {
		case t.ID != q.tail[0]:
		case q.is(http.MethodGet, 1):
			return q.answer(http.StatusOK, terminalModel{t.ID, stamp(t.Created)})
		case q.is(http.MethodDelete, 1):
			if err := s.Terminals.Delete(q.Context(), q.Raw, t.ID); err != nil {
				return err
			}
			return q.done()
		default:
			return q.wrong()
		}
	}
	return lyceum.Errorf(lyceum.NotFound, "Terminal not found: %s", q.tail[0])
}

// folder is a path from the home; clients may say it from the root of the machine.
func (s *Server) folder(at string) string {
	if rest, ok := strings.CutPrefix(at+"/", s.Files.Home()+"/"); ok {
		at = rest
	}
	return strings.Trim(at, "/")
}

// maxTerminalMessage is the longest message of a client, in bytes.
const maxTerminalMessage = 4 << 20

// terminal is the WebSocket terminals/websocket/{name}: messages are JSON lists, as
// terminado's.
//
//	["stdin", text] ["set_size", rows, columns, …]     from the client
//	["setup", {}] ["stdout", text] ["disconnect", 1]   to it
func (s *Server) terminal(q *request) error {
	if !rest.IsWebSocket(q.Request) {
		return &statusError{http.StatusBadRequest, "this address speaks WebSocket only"}
	}
	return s.Sockets.Serve(q.w, q.Request, q.Ticket, socket.Options{Limit: maxTerminalMessage, Text: true}, func(ctx context.Context, c *socket.Conn) error {
		ctx, end := context.WithCancel(ctx)
		defer end()
		stream, err := s.Terminals.Open(ctx, q.Raw, q.tail[0])
		if err != nil {
			return err
		}
		var all sync.WaitGroup
		defer all.Wait()
		defer stream.Close()
		var shown error
		all.Go(func() {
			defer end()
			shown = show(ctx, c, stream)
		})
		err = typed(ctx, c, stream)
		end()
		stream.Close()
		all.Wait()
		if errors.Is(err, context.Canceled) { // the end of show, which says more
			return shown
		}
		return err
	})
}

// show passes on what the terminal prints. A character that came in part waits for
// its rest.
func show(ctx context.Context, c *socket.Conn, stream Stream) error {
	if err := say(ctx, c, "setup", struct{}{}); err != nil {
		return err
	}
	var rest []byte
	for {
		b, err := stream.Read(ctx)
		if err != nil {
			return err
		}
		f, err := term.Decode(b)
		if err != nil {
			return err
		}
		switch f.Kind {
		case term.FrameOutput:
			rest = append(rest, f.Data...)
			n := whole(rest)
			if n == 0 {
				continue
			}
			if err := say(ctx, c, "stdout", strings.ToValidUTF8(string(rest[:n]), "\uFFFD")); err != nil {
				return err
			}
			rest = append([]byte(nil), rest[n:]...)
		case term.FrameState:
			var state term.State
			if err := json.Unmarshal(f.Data, &state); err != nil {
				return err
			}
			if state.Exited != nil {
				return say(ctx, c, "disconnect", 1)
			}
		}
	}
}

// whole is how many of the bytes do not end within a character.
func whole(b []byte) int {
	for i := 1; i < utf8.UTFMax && i <= len(b); i++ {
		if c := b[len(b)-i]; utf8.RuneStart(c) {
			if !utf8.FullRune(b[len(b)-i:]) {
				return len(b) - i
			}
			break
		}
	}
	return len(b)
}

func say(ctx context.Context, c *socket.Conn, what string, v any) error {
	b, err := json.Marshal([]any{what, v})
	if err != nil {
		return err
	}
	return c.Write(ctx, b)
}

// typed passes on what the client types.
func typed(ctx context.Context, c *socket.Conn, stream Stream) error {
	number := uint64(0)
	for {
		b, err := c.Read(ctx)
		if err != nil {
			return err
		}
		frames, err := fromClient(b, &number)
		if err != nil {
			return err
		}
		for _, f := range frames {
			if err := stream.Write(ctx, f.Append(nil)); err != nil {
				return err
			}
		}
	}
}

var errTerminal = lyceum.Errorf(lyceum.Invalid, "this is no message of a terminal")

// fromClient reads one message; number counts what was typed.
func fromClient(b []byte, number *uint64) ([]term.Frame, error) {
	var parts []json.RawMessage
	var what string
	if json.Unmarshal(b, &parts) != nil || len(parts) == 0 || json.Unmarshal(parts[0], &what) != nil {
		return nil, errTerminal
	}
	switch what {
	case "stdin":
		var text string
		if len(parts) < 2 || json.Unmarshal(parts[1], &text) != nil {
			return nil, errTerminal
		}
		var frames []term.Frame
		for len(text) > 0 {
			n := min(len(text), term.MaxInput)
			*number++
			frames = append(frames, term.Frame{Kind: term.FrameInput, Number: *number, Data: []byte(text[:n])})
			text = text[n:]
		}
		return frames, nil
	case "set_size":
		var rows, cols float64
		if len(parts) < 3 || json.Unmarshal(parts[1], &rows) != nil || json.Unmarshal(parts[2], &cols) != nil {
			return nil, errTerminal
		}
		if rows < 1 || cols < 1 || rows > 1000 || cols > 1000 {
			return nil, nil // hidden, or nonsense
		}
		return []term.Frame{{Kind: term.FrameResize, Cols: uint16(cols), Rows: uint16(rows)}}, nil
	}
	return nil, nil // another message of a later version
}
