package auth

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"lyceum/internal/lyceum"
)

// reference is what the reference program says (argon2 20171227 of Debian 12:
// echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1 -l 32 -e). Its costs are
// not ours.
const reference = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"

func TestPassword(t *testing.T) {
	t.Parallel()
	p := NewPasswords()
	stored, err := p.Hash(t.Context(), "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	again, err := p.Hash(t.Context(), "correct horse")
	if err != nil || again == stored {
		t.Errorf("two hashes of one password are alike: no salt, %v", err)
	}
	if !strings.HasPrefix(stored, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("Hash = %s", stored)
	}
	long := lyceum.Secret(strings.Repeat("x", lyceum.MaxPasswordLength+1))
	longStored := makeHash(long)
	for _, c := range []struct {
		name, stored string
		password     lyceum.Secret
		ok, stale    bool
	}{
		{"right", stored, "correct horse", true, false},
		{"wrong", stored, "correct hors", false, false},
		{"empty", stored, "", false, false},
		{"no account", "", "correct horse", false, false},
		{"no account, empty", "", "", false, false},
		{"damaged", stored[:len(stored)-2], "correct horse", false, false},
		{"of the reference program", reference, "password", true, true},
		{"wrong, of the reference program", reference, "Password", false, false},
		{"too long", longStored, long, false, false},
	} {
		ok, stale, err := p.Check(t.Context(), c.stored, c.password)
		if err != nil || ok != c.ok || stale != c.stale {
			t.Errorf("%s: Check = %v, %v, %v, want %v, %v", c.name, ok, stale, err, c.ok, c.stale)
		}
	}
}

// TestNoAccountTakesAsLong is about a sign-in whose time would tell whether there
// is such an account.
func TestNoAccountTakesAsLong(t *testing.T) {
	t.Parallel()
	p := NewPasswords()
	stored := makeHash("correct horse")
	best := func(stored string) time.Duration {
		least := time.Hour
		for range 5 {
			began := time.Now()
			if _, _, err := p.Check(t.Context(), stored, "wrong horse"); err != nil {
				t.Fatal(err)
			}
			least = min(least, time.Since(began))
		}
		return least
	}
	with, without := best(stored), best("")
	t.Logf("with an account %v, without %v", with, without)
	if without < with/2 {
		t.Errorf("without an account it takes %v, with one %v", without, with)
	}
}

// TestHashesAreBounded fills all slots and the queue: the next is refused at once.
func TestHashesAreBounded(t *testing.T) {
	t.Parallel()
	p := NewPasswords()
	for range cap(p.running) {
		release, err := p.enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer release()
	}
	ctx, cancel := context.WithCancel(t.Context())
	var queue sync.WaitGroup
	errs := make([]error, cap(p.waiting)-cap(p.running))
	for i := range errs {
		queue.Go(func() { _, errs[i] = p.Hash(ctx, "correct horse") })
	}
	for len(p.waiting) < cap(p.waiting) { // the queue fills as fast as goroutines start
		select {
		case <-t.Context().Done():
			t.Fatal("the queue does not fill")
		case <-time.After(time.Millisecond):
		}
	}
	_, _, err := p.Check(t.Context(), "", "x")
	if e, ok := err.(*lyceum.Error); !ok || e.Kind != lyceum.Exhausted || e.Retry <= 0 {
		t.Errorf("with a full queue: %v, want Exhausted with a time", err)
	}
	cancel()
	queue.Wait()
	for _, err := range errs {
		if !lyceum.IsKind(err, lyceum.Exhausted) {
			t.Errorf("one who gave up waiting: %v, want Exhausted", err)
		}
	}
	if len(p.waiting) != cap(p.running) {
		t.Errorf("%d places are taken, want %d: those who left keep theirs", len(p.waiting), cap(p.running))
	}
}

func TestParseHash(t *testing.T) {
	t.Parallel()
	good := makeHash("x")
	salt, key := "c29tZXNhbHRzb21lc2FsdA", strings.Repeat("A", 43)
	for _, c := range []struct {
		in string
		ok bool
	}{
		{good, true}, {reference, true},
		{fmt.Sprintf("$argon2id$v=19$m=19456,t=2,p=1$%s$%s", salt, key), true},
		{"", false}, {"$", false}, {"correct horse", false}, {" " + good, false}, {good + " ", false}, {good + "$", false},
		{strings.Replace(good, "argon2id", "argon2i", 1), false},
		{strings.Replace(good, "v=19", "v=16", 1), false},
		{strings.Replace(good, "m=19456", "m=019456", 1), false},
		{strings.Replace(good, "m=19456", "m=+19456", 1), false},
		{strings.Replace(good, "m=19456", "m=4294967295", 1), false},
		{strings.Replace(good, "m=19456", "m=7", 1), false},
		{strings.Replace(good, "t=2", "t=0", 1), false},
		{strings.Replace(good, "t=2", "t=17", 1), false},
		{strings.Replace(good, "p=1", "p=0", 1), false},
		{strings.Replace(good, "p=1", "p=256", 1), false},
		{strings.Replace(good, "p=1", "p=1,q=1", 1), false},
		{fmt.Sprintf("$argon2id$v=19$m=19456,t=2,p=1$%s$%s", "c2FsdA", key), false},
		{fmt.Sprintf("$argon2id$v=19$m=19456,t=2,p=1$%s$%s", salt, "AAAA"), false},
		{fmt.Sprintf("$argon2id$v=19$m=19456,t=2,p=1$%s==$%s", salt, key), false},
	} {
		if _, ok := parseHash(c.in); ok != c.ok {
			t.Errorf("parseHash(%q) = %v, want %v", c.in, ok, c.ok)
		}
	}
}

// FuzzParseHash feeds what a damaged table could hold: what is accepted has costs
// that a server survives.
func FuzzParseHash(f *testing.F) {
	f.Add(reference)
	f.Fuzz(func(t *testing.T, s string) {
		h, ok := parseHash(s)
		if !ok {
			return
		}
		if h.memory > maxMemory || h.time > maxTime || h.time == 0 || h.lanes == 0 || len(h.key) < 16 || len(h.salt) < 8 {
			t.Errorf("parseHash(%q) = %+v", s, h)
		}
	})
}
