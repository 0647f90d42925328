//go:build e2e

package e2e

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	mathrand "math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/coder/websocket"
	"github.com/rogpeppe/go-internal/testscript"

	"lyceum/internal/api"
	"lyceum/internal/term"
	"lyceum/internal/ydoc"
)

// open opens a WebSocket as the present person.
func (s *site) open(ctx context.Context, path, subprotocol string) (*websocket.Conn, error) {
	u, err := url.Parse(strings.TrimSuffix(s.url, "/") + path)
	if err != nil {
		return nil, err
	}
	o := &websocket.DialOptions{HTTPHeader: http.Header{}}
	for _, c := range s.browser().Jar.Cookies(u) {
		o.HTTPHeader.Add("Cookie", c.String())
	}
	if subprotocol != "" {
		o.Subprotocols = []string{subprotocol}
	}
	c, _, err := websocket.Dial(ctx, u.String(), o)
	if err == nil {
		c.SetReadLimit(64 << 20)
	}
	return c, err
}

// terminal types a command and reads until the pattern is there.
func terminal(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, args, 3, "terminal PATH COMMAND PATTERN")
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, err := siteOf(ts).open(ctx, args[0]+"/socket?client="+rand.Text()+"&offset=0", term.Subprotocol)
	for err != nil && ctx.Err() == nil {
		// It may be away at this moment; a browser tries again too.
		<-time.After(100 * time.Millisecond)
		c, err = siteOf(ts).open(ctx, args[0]+"/socket?client="+rand.Text()+"&offset=0", term.Subprotocol)
	}
	ts.Check(err)
	defer c.CloseNow()
	want := regexp.MustCompile(args[2])
	if args[1] != "" {
		in := term.Frame{Kind: term.FrameInput, Number: 1, Data: []byte(args[1] + "\r")}
		ts.Check(c.Write(ctx, websocket.MessageBinary, in.Append(nil)))
	}
	var screen strings.Builder
	for !want.MatchString(screen.String()) {
		_, msg, err := c.Read(ctx)
		if err != nil {
			ts.Fatalf("%v; the terminal shows %q, want %q", err, screen.String(), args[2])
		}
		f, err := term.Decode(msg)
		ts.Check(err)
		if f.Kind == term.FrameOutput {
			screen.Write(f.Data)
		}
	}
}

// A live document's messages, as y-protocols has them.
const (
	messageSync  = 0
	messageOurs  = 100
	syncStep1    = 0
	syncStep2    = 1
	syncUpdate   = 2
	savedPattern = `"t":"saved"`
)

// session is a live document that is open.
type session struct {
	ctx  context.Context
	conn *websocket.Conn
	doc  *ydoc.Doc
	sent int
}

func openDocument(ctx context.Context, s *site, path string) (*session, error) {
	c, err := s.open(ctx, path+"?v=lyceum1", "")
	if err != nil {
		return nil, err
	}
	d := &session{ctx: ctx, conn: c, doc: ydoc.New(ydoc.Config{Client: uint64(mathrand.Uint32())})}
	if err := d.send(syncStep1, d.doc.StateVector().Encode()); err != nil {
		return nil, err
	}
	return d, d.until(func(kind uint64, _ []byte) bool { return kind == syncStep2 })
}

func (d *session) send(kind uint64, body []byte) error {
	msg := binary.AppendUvarint(nil, messageSync)
	msg = binary.AppendUvarint(msg, kind)
	msg = binary.AppendUvarint(msg, uint64(len(body)))
	return d.conn.Write(d.ctx, websocket.MessageBinary, append(msg, body...))
}

// until takes messages until done says so of one. kind is that of the sync
// message, or messageOurs.
func (d *session) until(done func(kind uint64, body []byte) bool) error {
	for {
		_, msg, err := d.conn.Read(d.ctx)
		if err != nil {
			return err
		}
		outer, n := binary.Uvarint(msg)
		if n <= 0 || outer != messageSync && outer != messageOurs {
			continue
		}
		msg, kind := msg[n:], outer
		if outer == messageSync {
			kind, n = binary.Uvarint(msg)
			msg = msg[max(n, 0):]
		}
		size, n := binary.Uvarint(msg)
		if n <= 0 || uint64(len(msg)-n) < size {
			return errors.New("a message is cut off")
		}
		body := msg[n : n+int(size)]
		switch {
		case outer == messageOurs:
		case kind == syncStep1:
			sv, err := ydoc.DecodeStateVector(body)
			if err != nil {
				return err
			}
			d.sent++
			if err := d.send(syncStep2, d.doc.EncodeState(sv)); err != nil {
				return err
			}
		default:
			if _, err := d.doc.Apply(body); err != nil {
				return err
			}
		}
		if done(kind, body) {
			return nil
		}
	}
}

func (d *session) text() *ydoc.Text { return d.doc.Text(api.TextRoot) }

// typeText types at the end of a document, and waits until that is saved.
func typeText(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, args, 2, "type PATH TEXT")
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	d, err := openDocument(ctx, siteOf(ts), args[0])
	ts.Check(err)
	defer d.conn.CloseNow()
	var failed error
	update := d.doc.Transact(func(tx *ydoc.Tx) { failed = d.text().Insert(tx, d.text().Len(), args[1]) })
	ts.Check(failed)
	d.sent++
	ts.Check(d.send(syncUpdate, update))
	ts.Check(d.until(func(kind uint64, body []byte) bool {
		if kind != messageOurs || !strings.Contains(string(body), savedPattern) {
			return false
		}
		text, err := field(body, "n")
		ts.Check(err)
		n, err := strconv.Atoi(text)
		ts.Check(err)
		return n >= d.sent
	}))
}

// document opens a document and waits until its text matches.
func document(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, args, 2, "document PATH PATTERN")
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	d, err := openDocument(ctx, siteOf(ts), args[0])
	ts.Check(err)
	defer d.conn.CloseNow()
	want := regexp.MustCompile(args[1])
	if want.MatchString(d.text().String()) {
		return
	}
	if err := d.until(func(uint64, []byte) bool { return want.MatchString(d.text().String()) }); err != nil {
		ts.Fatalf("%v; the document is %q, want %q", err, d.text().String(), args[1])
	}
}
