package main

import (
	"os"
	"testing"

	"lyceum/internal/lyceum"
)

func TestTwoSitesDoNotShareUIDs(t *testing.T) {
	t.Parallel()
	dir, one, two := t.TempDir(), t.TempDir(), t.TempDir()
	steps := []struct {
		what string
		c    claim
		ok   bool
	}{
		{"the first site", claim{one, 200_000, 100}, true},
		{"the first site again", claim{one, 200_000, 100}, true},
		{"another site, the same range", claim{two, 200_000, 100}, false},
		{"another site, its end", claim{two, 200_099, 100}, false},
		{"another site, across it", claim{two, 100_000, 200_000}, false},
		{"another site, behind it", claim{two, 200_100, 100}, true},
		{"the first site, larger", claim{one, 200_000, 101}, false},
	}
	for _, s := range steps {
		err := claimUIDs(dir, s.c)
		if (err == nil) != s.ok || err != nil && !lyceum.IsKind(err, lyceum.Invalid) {
			t.Errorf("%s: got %v, want ok %v", s.what, err, s.ok)
		}
	}
	if err := os.RemoveAll(two); err != nil {
		t.Fatal(err)
	}
	if err := claimUIDs(dir, claim{one, 200_000, 101}); err != nil {
		t.Errorf("after the other site was removed: %v", err)
	}
}
