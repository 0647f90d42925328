package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"lyceum/internal/ydoc"
)

// Opening documents: from the dialling of the socket to the whole state, through the
// hub, as a client on this machine sees it; and in Chromium from the click in the
// explorer to the first lines on the screen.
const (
	openSmall = 200     // small files that are opened, each for the first time and again
	longBytes = 5 << 20 // of the long text
	openLong  = 10      // times that it is opened
)

func openSection(ctx context.Context, b *bench) error {
	s, err := b.site(ctx, "open", -1)
	if err != nil {
		return err
	}
	defer s.end(ctx)
	project, err := s.make(ctx, "open")
	if err == nil {
		err = s.start(ctx, project)
	}
	if err != nil {
		return err
	}
	if err := b.openSmall(ctx, s, project); err != nil {
		return err
	}
	return b.openLong(ctx, s, project)
}

// openSmall opens files of 2 kB: those that were never opened, whose log begins then,
// and the same from their logs, after the project was stopped.
func (b *bench) openSmall(ctx context.Context, s *site, project string) error {
	text := strings.Repeat("the quick brown fox jumps over it\n", 60)
	files := map[string]string{}
	for i := range openSmall {
		files[fmt.Sprintf("small-%d.txt", i)] = text
	}
	if err := s.put(project, files); err != nil {
		return err
	}
	for _, what := range []string{"for the first time", "again, from its log"} {
		var took sample
		for i := range openSmall {
			ms, _, err := s.opens(ctx, project, fmt.Sprintf("small-%d.txt", i))
			if err != nil {
				return err
			}
			took = append(took, ms)
		}
		p95 := sample{took.at(0.95)}
		b.report.add(row{What: "open a small file " + what + ", p50", Unit: "ms", Ours: sample{took.at(0.5)}})
		b.report.add(row{What: "open a small file " + what + ", p95", Unit: "ms", Ours: p95, Aim: "<= 100 ms", Met: met(p95.median() <= 100)})
		if err := s.again(ctx, project); err != nil {
			return err
		}
	}
	return nil
}

// again stops the project and starts it, so that no document is in memory.
func (s *site) again(ctx context.Context, project string) error {
	if err := s.stop(ctx, project); err != nil {
		return err
	}
	return s.start(ctx, project)
}

// openLong opens a text of 5 MB that has a long history.
func (b *bench) openLong(ctx context.Context, s *site, project string) error {
	edits := 100_000
	if b.quick {
		edits = 10_000
	}
	line := "0123456789 abcdefghijklmnopqrstuvwxyz 0123456789 abcdefghijklmnopqrstuvwxyz\n"
	if err := s.put(project, map[string]string{"long.txt": strings.Repeat(line, longBytes/len(line))}); err != nil {
		return err
	}
	if err := s.writeMuch(ctx, project, "long.txt", edits); err != nil {
		return fmt.Errorf("write a long history: %w", err)
	}
	var took, bytes sample
	for range min(openLong, 2*b.rounds) {
		if err := s.again(ctx, project); err != nil {
			return err
		}
		ms, n, err := s.opens(ctx, project, "long.txt")
		if err != nil {
			return err
		}
		took, bytes = append(took, ms), append(bytes, float64(n)/1e6)
	}
	b.report.add(row{What: fmt.Sprintf("a text of 5 MB with %d edits, from its log to the client", edits), Unit: "ms", Ours: took})
	b.report.add(row{What: "its state on the wire", Unit: "MB", Ours: bytes})
	painted, err := b.paint(s, project, "long.txt")
	if err != nil {
		fmt.Println("not painted:", err)
		return nil
	}
	b.report.add(row{What: "from the click on it to its first lines in Chromium, not in memory before", Unit: "ms", Ours: painted, Aim: "<= 300 ms", Met: met(painted.median() <= 300)})
	return nil
}

// put writes files into the home of a project, for its user.
func (s *site) put(project string, files map[string]string) error {
	home := filepath.Join(s.data, "projects", project)
	for name, text := range files {
		name = filepath.Join(home, name)
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			return err
		}
		if err := os.Chmod(name, 0o666); err != nil { // the umask
			return err
		}
	}
	return nil
}

// seat opens the socket of a document.
func (s *site) seat(ctx context.Context, project, path string) (*seat, error) {
	c := crowd{URL: s.url + "/p/" + project + "/sync/" + path, Cookie: s.cookies(), Origin: s.url}
	return c.connect(ctx)
}

// opens opens a document and returns the milliseconds until its state was there, and
// the bytes of that.
func (s *site) opens(ctx context.Context, project, path string) (ms float64, size int, err error) {
	began := time.Now()
	w, err := s.seat(ctx, project, path)
	if err != nil {
		return 0, 0, err
	}
	state, err := w.state(ctx)
	ms = float64(time.Since(began).Microseconds()) / 1000
	return ms, len(state), errorsOf(err, w.conn.CloseNow())
}

func errorsOf(first, second error) error {
	if first != nil {
		return first
	}
	return second
}

// writeMuch makes so many edits all over a document, as fast as they are taken.
func (s *site) writeMuch(ctx context.Context, project, path string, edits int) error {
	w, err := s.seat(ctx, project, path)
	if err != nil {
		return err
	}
	if err := w.sync(ctx); err != nil {
		return err
	}
	go func() { // ends with the connection
		for {
			if _, _, err := w.conn.Read(ctx); err != nil {
				return
			}
		}
	}()
	text, rnd := w.doc.Text("text"), rand.New(rand.NewPCG(1, 2))
	for range edits {
		var err error
		update := w.doc.Transact(func(tx *ydoc.Tx) {
			err = text.Insert(tx, rnd.IntN(text.Len()), "edit ")
		})
		if err == nil {
			err = w.send(ctx, appendString([]byte{0, 2}, string(update)))
		}
		if err != nil {
			return err
		}
	}
	// What another client is told has all of it.
	return poll(ctx, func() (bool, error) {
		o, err := s.seat(ctx, project, path)
		if err != nil {
			return false, err
		}
		defer o.conn.CloseNow()
		if err := o.sync(ctx); err != nil {
			return false, err
		}
		return o.doc.Text("text").Len() == text.Len(), nil
	})
}

// paint opens a file in Chromium, each time after the project was stopped, and returns
// the milliseconds from the click to the first lines.
func (b *bench) paint(s *site, project, file string) (sample, error) {
	script, err := filepath.Abs("bench/documents/paint.mjs")
	if err != nil {
		return nil, err
	}
	var took sample
	for range min(b.rounds, 5) {
		if err := s.again(context.Background(), project); err != nil {
			return nil, err
		}
		out, err := exec.Command("node", script, s.url, s.cookies(), project, file).CombinedOutput()
		if err != nil {
			return nil, fmt.Errorf("%w: %.500s", err, out)
		}
		ms, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
		if err != nil {
			return nil, fmt.Errorf("it said %.500s", out)
		}
		took = append(took, ms)
	}
	return took, nil
}
