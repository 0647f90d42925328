package term

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// TestRingIsTheTailOfItsInput holds the ring against a slice that keeps all.
func TestRingIsTheTailOfItsInput(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 1))
		limit := 1 << (rng.IntN(10) + 4)
		r := ring{max: limit}
		var all []byte
		for range 60 {
			p := make([]byte, rng.IntN(limit*2))
			if rng.IntN(2) == 0 {
				p = make([]byte, rng.IntN(8))
			}
			for i := range p {
				p[i] = byte(rng.Uint32())
			}
			if len(p) == 0 {
				continue
			}
			r.write(p)
			all = append(all, p...)
			checkRing(t, seed, &r, all, rng)
		}
	}
}

func checkRing(t *testing.T, seed uint64, r *ring, all []byte, rng *rand.Rand) {
	t.Helper()
	if r.end != uint64(len(all)) || len(r.buf) > r.max || r.end-r.start > uint64(r.max) {
		t.Fatalf("seed %d: from %d to %d in %d bytes, want up to %d in at most %d", seed, r.start, r.end, len(r.buf), len(all), r.max)
	}
	if kept := int(r.end - r.start); kept < min(len(all), len(r.buf)) {
		t.Fatalf("seed %d: %d bytes are kept of %d, in %d", seed, kept, len(all), len(r.buf))
	}
	at := r.start + rng.Uint64N(r.end-r.start+1)
	dst := make([]byte, rng.IntN(r.max+1))
	n := r.read(dst, at)
	if want := all[at:min(at+uint64(len(dst)), r.end)]; !bytes.Equal(dst[:n], want) {
		t.Fatalf("seed %d: %d bytes from %d are %q, want %q", seed, len(dst), at, dst[:n], want)
	}
	start := r.lineStart()
	if start < r.start || start > r.end || start > r.start && all[start-1] != '\n' {
		t.Fatalf("seed %d: the first line begins at %d, kept is from %d to %d", seed, start, r.start, r.end)
	}
}
