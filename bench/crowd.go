package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/coder/websocket"

	"lyceum/internal/ydoc"
)

// crowd says what a process of the section together does: hold viewers, or write.
type crowd struct {
	URL, Cookie, Origin, Name string
	Viewers                   int // that this process holds
	Edits                     int // that it writes instead
}

func makePipe(name string) error { return syscall.Mkfifo(name, 0o600) }

// crowdMain is a process of viewers, or the writer: told by lines in a pipe, it
// answers on standard output.
func crowdMain(args []string) error {
	if len(args) != 2 {
		return errors.New("crowd: wants a pipe and a job")
	}
	var c crowd
	if err := json.Unmarshal([]byte(args[1]), &c); err != nil {
		return err
	}
	told, err := commands(args[0])
	if err != nil {
		return err
	}
	ctx := context.Background()
	if c.Edits > 0 {
		w, err := c.connect(ctx)
		if err != nil {
			return err
		}
		if err := w.sync(ctx); err != nil {
			return err
		}
		fmt.Println("ready")
		told.Scan()
		if err := w.write(ctx, c.Edits); err != nil {
			return err
		}
		fmt.Println("done")
		told.Scan() // stays until it is ended
		return nil
	}
	return c.watch(ctx, func() { told.Scan() })
}

// watch holds the viewers, and prints when each edit came to each of them.
func (c crowd) watch(ctx context.Context, wait func()) error {
	all := make([]*seat, c.Viewers)
	for i := range all {
		var err error
		if all[i], err = c.connect(ctx); err == nil {
			err = all[i].sync(ctx)
		}
		if err != nil {
			return fmt.Errorf("viewer %d: %w", i, err)
		}
	}
	var mu sync.Mutex
	var latencies []int64
	heard := make(chan struct{}, 1)
	for _, s := range all {
		go func() { // ends with the process
			for {
				_, b, err := s.conn.Read(ctx)
				if err != nil {
					return
				}
				now := time.Now().UnixNano()
				found := stamps(b)
				if len(found) == 0 {
					continue
				}
				mu.Lock()
				for _, at := range found {
					latencies = append(latencies, (now-at)/1000)
				}
				mu.Unlock()
				select {
				case heard <- struct{}{}:
				default:
				}
			}
		}()
	}
	fmt.Println("ready")
	wait()
	// What is on its way arrives: until nothing has for a second, 10 s at most.
	end := time.After(10 * time.Second)
	for still := true; still; {
		select {
		case <-heard:
		case <-time.After(time.Second):
			still = false
		case <-end:
			still = false
		}
	}
	mu.Lock()
	defer mu.Unlock()
	line := []byte("latencies ")
	for _, us := range latencies {
		line = append(strconv.AppendInt(line, us, 10), ' ')
	}
	fmt.Println(string(line))
	wait()
	return nil
}

// An edit is "@" and the nanoseconds when it was typed, 19 digits, and ";".
const stampDigits = 19

func stamps(b []byte) (all []int64) {
	for {
		i := bytes.IndexByte(b, '@')
		if i < 0 || len(b) < i+1+stampDigits {
			return all
		}
		if at, err := strconv.ParseInt(string(b[i+1:i+1+stampDigits]), 10, 64); err == nil {
			all = append(all, at)
		}
		b = b[i+1:]
	}
}

// seat is one connection to a document, y-protocols spoken by hand.
type seat struct {
	conn *websocket.Conn
	head []byte // in front of each message
	doc  *ydoc.Doc
}

func (c crowd) connect(ctx context.Context) (*seat, error) {
	h := http.Header{}
	if c.Cookie != "" {
		h.Set("Cookie", c.Cookie)
		h.Set("Origin", c.Origin)
	}
	conn, _, err := websocket.Dial(ctx, c.URL, &websocket.DialOptions{HTTPHeader: h})
	if err != nil {
		return nil, err
	}
	conn.SetReadLimit(64 << 20)
	s := &seat{conn: conn, doc: ydoc.New(ydoc.Config{Client: uint64(rand.Uint32())})} // as browsers draw them
	if c.Name == "" {
		return s, nil
	}
	s.head = appendString(nil, c.Name)
	// Hocuspocus wants a token first: type 2, 0, the token.
	return s, s.send(ctx, appendString([]byte{2, 0}, "bench"))
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func (s *seat) send(ctx context.Context, b []byte) error {
	return s.conn.Write(ctx, websocket.MessageBinary, append(s.head[:len(s.head):len(s.head)], b...))
}

// sync sends the state vector, answers the server's, and takes the state.
func (s *seat) sync(ctx context.Context) error {
	state, err := s.state(ctx)
	if err == nil {
		_, err = s.doc.Apply(state)
	}
	return err
}

// state sends the state vector, answers the server's, and returns what it sends.
func (s *seat) state(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if err := s.send(ctx, appendString([]byte{0, 0}, string(s.doc.StateVector().Encode()))); err != nil {
		return nil, err
	}
	for {
		_, b, err := s.conn.Read(ctx)
		if err != nil {
			return nil, err
		}
		b = bytes.TrimPrefix(b, s.head)
		if len(b) < 2 || b[0] != 0 && b[0] != 4 { // 4: Hocuspocus' answer that wants none
			continue
		}
		n, size := binary.Uvarint(b[2:])
		if size <= 0 || uint64(len(b)-2-size) < n {
			return nil, errors.New("a sync message is cut short")
		}
		body := b[2+size : 2+size+int(n)]
		switch b[1] {
		case 0:
			sv, err := ydoc.DecodeStateVector(body)
			if err == nil {
				err = s.send(ctx, appendString([]byte{0, 1}, string(s.doc.EncodeState(sv))))
			}
			if err != nil {
				return nil, err
			}
		case 1:
			return body, nil
		}
	}
}

// write types so many edits, one each 50 ms, and reads what comes.
func (s *seat) write(ctx context.Context, edits int) error {
	go func() { // ends with the process
		for {
			if _, _, err := s.conn.Read(ctx); err != nil {
				return
			}
		}
	}()
	tick := time.NewTicker(editEvery)
	defer tick.Stop()
	text := s.doc.Text("text")
	for range edits {
		<-tick.C
		var err error
		update := s.doc.Transact(func(tx *ydoc.Tx) {
			err = text.Insert(tx, text.Len(), fmt.Sprintf("@%0*d;", stampDigits, time.Now().UnixNano()))
		})
		if err == nil {
			err = s.send(ctx, appendString([]byte{0, 2}, string(update)))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
