package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/coder/websocket"
)

// terminal is a terminal of a project, as the browser drives it
// (docs/reference/protocols.md).
type terminal struct {
	conn *websocket.Conn
	seq  uint64
}

// The frames that are needed here.
const (
	frameOutput = 0x01
	frameInput  = 0x81
	frameResize = 0x82
)

func (s *site) newTerminal(ctx context.Context, project string) (*terminal, error) {
	var made struct{ ID string }
	if err := s.call(ctx, "POST", "/p/"+project+"/term", map[string]any{}, &made); err != nil {
		return nil, err
	}
	h := http.Header{"Cookie": {s.cookies()}, "Origin": {s.url}}
	c, _, err := websocket.Dial(ctx, s.url+"/p/"+project+"/term/"+made.ID+"/socket?client=bench"+made.ID+"&offset=0", &websocket.DialOptions{HTTPHeader: h, Subprotocols: []string{"lyceum.term.v1"}})
	if err != nil {
		return nil, err
	}
	c.SetReadLimit(1 << 20)
	t := &terminal{conn: c}
	return t, c.Write(ctx, websocket.MessageBinary, []byte{frameResize, 0, 80, 0, 24})
}

func (t *terminal) send(ctx context.Context, text string) error {
	t.seq++
	frame := binary.BigEndian.AppendUint64([]byte{frameInput}, t.seq)
	return t.conn.Write(ctx, websocket.MessageBinary, append(frame, text...))
}

// read returns the next output.
func (t *terminal) read(ctx context.Context) ([]byte, error) {
	for {
		_, b, err := t.conn.Read(ctx)
		if err != nil {
			return nil, err
		}
		if len(b) > 9 && b[0] == frameOutput {
			return b[9:], nil
		}
	}
}

// until reads until the output contains the text.
func (t *terminal) until(ctx context.Context, text string) error {
	var seen []byte
	for {
		b, err := t.read(ctx)
		if err != nil {
			return fmt.Errorf("%w; so far %.200q", err, seen)
		}
		if seen = append(seen, b...); bytes.Contains(seen, []byte(text)) {
			return nil
		}
		if len(seen) > 8192 {
			seen = seen[len(seen)-4096:]
		}
	}
}

func (t *terminal) close() { _ = t.conn.CloseNow() }

// shell is something that echoes what is typed.
type shell interface {
	write(ctx context.Context, text string) error
	until(ctx context.Context, text string) error
	next(ctx context.Context) ([]byte, error)
}

func (t *terminal) write(ctx context.Context, text string) error { return t.send(ctx, text) }
func (t *terminal) next(ctx context.Context) ([]byte, error)     { return t.read(ctx) }

// terminalSection compares the echo of a key, and a flood of output, with OpenSSH
// to this machine. Both run the same program in the terminal.
func terminalSection(ctx context.Context, b *bench) error {
	s, err := b.site(ctx, "terminal", -1)
	if err != nil {
		return err
	}
	defer s.end(ctx)
	id, err := s.make(ctx, "Terminal")
	if err != nil {
		return err
	}
	if err := s.start(ctx, id); err != nil {
		return err
	}
	d, err := b.sshd(ctx)
	if err != nil {
		return err
	}
	defer d.end()
	ours := func() (shell, func(), error) {
		t, err := s.newTerminal(ctx, id)
		if err != nil {
			return nil, nil, err
		}
		return t, t.close, nil
	}
	theirs := func() (shell, func(), error) { return d.shell(ctx) }
	if err := b.echoRows(ctx, "echo of a key", ours, theirs, false); err != nil {
		return err
	}
	if err := b.echoRows(ctx, "echo of a key while a second terminal floods", ours, theirs, true); err != nil {
		return err
	}
	return b.floodRow(ctx, ours, theirs)
}

type opener func() (shell, func(), error)

// echoRows types keys one at a time, 5 ms apart, and waits for each echo.
func (b *bench) echoRows(ctx context.Context, what string, ours, theirs opener, flood bool) error {
	keys := 400
	if b.quick {
		keys = 100
	}
	var got [2]struct{ p50, p99 sample }
	for range b.rounds {
		for i, open := range []opener{ours, theirs} {
			times, err := echoes(ctx, open, keys, flood)
			if err != nil {
				return err
			}
			got[i].p50 = append(got[i].p50, times.median())
			got[i].p99 = append(got[i].p99, times.at(0.99))
		}
	}
	b.report.add(row{What: what + ", p50", Unit: "ms", Ours: got[0].p50, Peer: "OpenSSH", Peers: got[1].p50})
	b.report.add(row{What: what + ", p99", Unit: "ms", Ours: got[0].p99, Peer: "OpenSSH", Peers: got[1].p99, Aim: "≤ 2 ×", Met: met(got[0].p99.median() <= 2*got[1].p99.median())})
	return nil
}

// ready has a shell run cat, which echoes nothing by itself: the terminal does.
const quiet = "PS1=; stty -icanon echo min 1; printf 'rea''dy\\n'; exec cat >/dev/null\n"

func echoes(ctx context.Context, open opener, keys int, flood bool) (sample, error) {
	if flood {
		f, end, err := open()
		if err != nil {
			return nil, err
		}
		defer end()
		if err := f.write(ctx, "yes 'a line of output that goes on and on'\n"); err != nil {
			return nil, err
		}
		flooding, stop := context.WithCancel(ctx)
		done := make(chan struct{})
		defer func() { stop(); <-done }()
		go func() {
			defer close(done)
			for {
				if _, err := f.next(flooding); err != nil {
					return
				}
			}
		}()
		if err := pause(ctx, 300*time.Millisecond); err != nil {
			return nil, err
		}
	}
	t, end, err := open()
	if err != nil {
		return nil, err
	}
	defer end()
	limit, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	if err := t.write(limit, quiet); err != nil {
		return nil, err
	}
	if err := t.until(limit, "ready\r\n"); err != nil {
		return nil, err
	}
	var times sample
	for i := range keys {
		key := string(rune('a' + i%26))
		began := time.Now()
		if err := t.write(limit, key); err != nil {
			return nil, err
		}
		if err := t.until(limit, key); err != nil {
			return nil, err
		}
		times = append(times, float64(time.Since(began).Microseconds())/1e3)
		if err := pause(limit, 5*time.Millisecond); err != nil {
			return nil, err
		}
	}
	return times, nil
}

// floodRow reads 64 MB that a program prints.
func (b *bench) floodRow(ctx context.Context, ours, theirs opener) error {
	megabytes := 64
	if b.quick {
		megabytes = 8
	}
	var got [2]sample
	for range b.rounds {
		for i, open := range []opener{ours, theirs} {
			v, err := flooded(ctx, open, megabytes)
			if err != nil {
				return err
			}
			got[i] = append(got[i], v)
		}
	}
	b.report.add(row{What: fmt.Sprintf("a flood of %d MB", megabytes), Unit: "MB/s", Ours: got[0], Peer: "OpenSSH", Peers: got[1]})
	return nil
}

func flooded(ctx context.Context, open opener, megabytes int) (float64, error) {
	t, end, err := open()
	if err != nil {
		return 0, err
	}
	defer end()
	limit, cancel := context.WithTimeout(ctx, 120*time.Second)
	defer cancel()
	began := time.Now()
	if err := t.write(limit, fmt.Sprintf("stty -opost; yes 'seventy-nine characters and the end of a line, again and again and again, so' | head -c %d; printf 'fini''shed'\n", megabytes<<20)); err != nil {
		return 0, err
	}
	if err := t.until(limit, "finished"); err != nil {
		return 0, err
	}
	return float64(megabytes) / time.Since(began).Seconds(), nil
}

// sshd is OpenSSH's server on the loopback address with a key of its own.
type sshd struct {
	child     *child
	dir, port string
}

func (b *bench) sshd(ctx context.Context) (*sshd, error) {
	dir := filepath.Join(b.work, "ssh")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	for _, name := range []string{"host", "user"} {
		if out, err := exec.CommandContext(ctx, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(dir, name)).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("ssh-keygen: %w: %s", err, out)
		}
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	conf := strings.NewReplacer("DIR", dir, "PORT", strconv.Itoa(port)).Replace(`
Port PORT
ListenAddress 127.0.0.1
HostKey DIR/host
AuthorizedKeysFile DIR/user.pub
PidFile DIR/pid
StrictModes no
UsePAM no
PermitRootLogin yes
PrintMotd no
`)
	if err := os.WriteFile(filepath.Join(dir, "config"), []byte(conf), 0o600); err != nil {
		return nil, err
	}
	if os.Geteuid() == 0 {
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil { // it insists
			return nil, err
		}
	}
	c, err := b.begin("sshd", -1, nil, "/usr/sbin/sshd", "-D", "-e", "-f", filepath.Join(dir, "config"))
	if err != nil {
		return nil, err
	}
	c.drain()
	d := &sshd{child: c, dir: dir, port: strconv.Itoa(port)}
	return d, answers(ctx, "127.0.0.1:"+d.port)
}

func (d *sshd) end() { d.child.end() }

// sshShell is one session through the ssh program.
type sshShell struct {
	in  io.Writer
	out chan []byte
}

func (d *sshd) shell(ctx context.Context) (shell, func(), error) {
	cmd := exec.CommandContext(ctx, "ssh", "-tt", "-q", "-F", "none", "-i", filepath.Join(d.dir, "user"), "-p", d.port,
		"-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "ControlPath=none", "127.0.0.1", "exec /bin/sh")
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	s := &sshShell{in: in, out: make(chan []byte, 64)}
	go func() {
		defer close(s.out)
		for {
			b := make([]byte, 32<<10)
			n, err := out.Read(b)
			if n > 0 {
				s.out <- b[:n]
			}
			if err != nil {
				return
			}
		}
	}()
	return s, func() {
		_ = cmd.Process.Kill()
		go func() {
			for range s.out { // so that its reader ends
			}
		}()
		_ = cmd.Wait()
	}, nil
}

func (s *sshShell) write(_ context.Context, text string) error {
	_, err := io.WriteString(s.in, text)
	return err
}

func (s *sshShell) next(ctx context.Context) ([]byte, error) {
	select {
	case b, ok := <-s.out:
		if !ok {
			return nil, errors.New("ssh ended")
		}
		return b, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *sshShell) until(ctx context.Context, text string) error {
	var seen []byte
	for {
		b, err := s.next(ctx)
		if err != nil {
			return fmt.Errorf("%w; so far %.200q", err, seen)
		}
		if seen = append(seen, b...); bytes.Contains(seen, []byte(text)) {
			return nil
		}
		if len(seen) > 8192 {
			seen = seen[len(seen)-4096:]
		}
	}
}
