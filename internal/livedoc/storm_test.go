package livedoc

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/files"
	"lyceum/internal/lyceum"
)

// People type, come and go, a program changes the file, it is renamed and the server
// restarts, all at once: each token is there once in the end.
func TestStorm(t *testing.T) {
	t.Parallel()
	until := time.Now().Add(soak(3 * time.Second))
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	h := newHome(t, func(c *Config) {
		c.SaveAfter, c.SaveEvery, c.Linger = 20*time.Millisecond, 50*time.Millisecond, 30*time.Millisecond
	})
	path := "0"
	h.write(path, "")
	var disk []string
	var typists []*typist
	for i := range 4 {
		typists = append(typists, &typist{client: newClient(), id: i, must: map[string]bool{}})
	}
	rnd := rand.New(rand.NewPCG(seed, 0))
	for round := 0; time.Now().Before(until); round++ {
		for _, y := range typists {
			h.join(path, y.client)
		}
		for _, y := range typists {
			y.waitSynced(t)
		}
		var wg sync.WaitGroup
		stop := make(chan struct{})
		for i, y := range typists {
			wg.Go(func() {
				rnd := rand.New(rand.NewPCG(seed, uint64(100*round+i)))
				y.waitSynced(t)
				y.wait(t, "step 2", func() bool { return y.sent > 0 })
				y.reconnected()
				tick := time.NewTicker(time.Duration(1+rnd.IntN(10)) * time.Millisecond)
				defer tick.Stop()
				for {
					select {
					case <-tick.C:
						y.step(rnd)
					case <-stop:
						return
					}
				}
			})
		}
		for range 3 + rnd.IntN(5) {
			pause(time.Duration(rnd.IntN(60)) * time.Millisecond)
			if rnd.IntN(3) == 0 {
				next := fmt.Sprint(round, "-", rnd.IntN(1_000_000))
				if err := h.files.Move(t.Context(), path, next, false); err != nil {
					t.Fatal(err)
				}
				h.Moved(path, next)
				path = next
				continue
			}
			// In other brackets, so that there is one way only to find what was added.
			token := fmt.Sprintf("{disk.%d}", len(disk))
			if h.addToken(path, token, rnd) {
				disk = append(disk, token)
			}
		}
		close(stop)
		wg.Wait()
		for _, y := range typists {
			if rnd.IntN(2) == 0 {
				y.waitSaved(t)
			}
			y.stop()
			y.settleUp()
		}
		if rnd.IntN(3) == 0 {
			h.restart()
		}
		witness := h.edit(path)
		witness.wait(t, "what came from the disk", func() bool {
			text := witness.text.String()
			return !slices.ContainsFunc(disk, func(token string) bool { return !strings.Contains(text, token) })
		})
		check(t, fmt.Sprintf("round %d", round), witness.read(), typists, disk)
		witness.stop()
		if t.Failed() {
			return
		}
	}
	for _, y := range typists {
		h.join(path, y.client)
		y.waitSynced(t)
		y.wait(t, "step 2", func() bool { return y.sent > 0 })
		y.reconnected()
	}
	for _, y := range typists {
		y.waitSaved(t)
		y.settleUp()
	}
	// What is saved is what a newcomer gets; to the others it may still be on its way.
	newcomer := h.edit(path)
	text := newcomer.read()
	newcomer.stop()
	for _, y := range typists {
		y.waitText(t, text)
	}
	h.waitFile(path, text)
	check(t, "in the end", text, typists, disk)
	t.Logf("%d changes on disk, %d bytes", len(disk), len(text))
}

// addToken changes the file as a careful program does: what it has read must still
// be there when it writes.
func (h *home) addToken(path, token string, rnd *rand.Rand) bool {
	h.t.Helper()
	b, e, err := h.files.ReadAll(h.t.Context(), path, api.MaxDocumentBytes)
	if err != nil {
		h.t.Fatal(err)
	}
	at := rnd.IntN(len(b) + 1)
	if i := strings.IndexByte(string(b[at:]), '<'); i >= 0 {
		at += i
	} else {
		at = len(b)
	}
	s := string(b[:at]) + token + "\n" + string(b[at:])
	_, err = h.files.WriteAtomic(h.t.Context(), path, strings.NewReader(s), files.Write{IfVersion: e.Version})
	if lyceum.IsKind(err, lyceum.Conflict) {
		return false
	}
	if err != nil {
		h.t.Fatal(err)
	}
	return true
}

// pause lets others work for a while, whose length is random and means nothing.
func pause(d time.Duration) { <-time.After(d) }
