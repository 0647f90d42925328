package project_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"testing"
	"time"

	"github.com/coder/websocket"

	"lyceum/internal/api"
	"lyceum/internal/ydoc"
)

// typist is somebody who edits a live document: y-protocols in the few messages
// that are needed. It is used by one goroutine; reading happens in wait and saved.
type typist struct {
	t     *testing.T
	c     *websocket.Conn
	doc   *ydoc.Doc
	sent  int // messages with an update
	acked int
}

// edit opens a document as an editor.
func (w *world) edit(path string) *typist {
	w.t.Helper()
	p := &typist{t: w.t.(*testing.T), c: w.dial(w.editor(), "sync/"+path+"?v=lyceum1"), doc: ydoc.New(ydoc.Config{Client: 7})}
	p.write(0, p.doc.StateVector().Encode())
	return p
}

func (p *typist) write(kind byte, data []byte) {
	p.t.Helper()
	msg := append(binary.AppendUvarint([]byte{0, kind}, uint64(len(data))), data...)
	if err := p.c.Write(p.t.Context(), websocket.MessageBinary, msg); err != nil {
		p.t.Fatal(err)
	}
	if kind != 0 {
		p.sent++
	}
}

// read takes one message.
func (p *typist) read(ctx context.Context) {
	p.t.Helper()
	_, msg, err := p.c.Read(ctx)
	if err != nil {
		p.t.Fatalf("the document has %q: %v", p.text(), err)
	}
	kind, rest := msg[0], msg[1:]
	if kind == 0 {
		kind, rest = 10+rest[0], rest[1:]
	}
	n, size := binary.Uvarint(rest)
	if kind != 100 && kind < 10 || size <= 0 || uint64(len(rest)-size) < n {
		return // who else is there
	}
	data := rest[size : size+int(n)]
	switch kind {
	case 10:
		sv, err := ydoc.DecodeStateVector(data)
		if err != nil {
			p.t.Fatal(err)
		}
		p.write(1, p.doc.EncodeState(sv))
	case 11, 12:
		if _, err := p.doc.Apply(data); err != nil {
			p.t.Fatal(err)
		}
	case 100:
		var m struct {
			T string
			N int
		}
		if json.Unmarshal(data, &m) == nil && m.T == "saved" {
			p.acked = m.N
		}
	}
}

func (p *typist) text() string { return p.doc.Text(api.TextRoot).String() }

// wait reads until the document has this text.
func (p *typist) wait(want string) { p.t.Helper(); p.until(func() bool { return p.text() == want }) }

// saved reads until all that was typed is safe.
func (p *typist) saved() { p.t.Helper(); p.until(func() bool { return p.acked == p.sent }) }

func (p *typist) until(done func() bool) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 20*time.Second)
	defer cancel()
	for !done() {
		p.read(ctx)
	}
}

func (p *typist) insert(at int, s string) {
	p.t.Helper()
	p.write(2, p.doc.Transact(func(tx *ydoc.Tx) {
		if err := p.doc.Text(api.TextRoot).Insert(tx, at, s); err != nil {
			p.t.Error(err)
		}
	}))
}

func (p *typist) remove(at, n int) {
	p.t.Helper()
	p.write(2, p.doc.Transact(func(tx *ydoc.Tx) {
		if err := p.doc.Text(api.TextRoot).Delete(tx, at, n); err != nil {
			p.t.Error(err)
		}
	}))
}
