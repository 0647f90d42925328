package auth

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"lyceum/internal/lyceum"
)

// counting reads an identity and counts how often.
func counting(id Identity) (read func() (Identity, error), n *int) {
	n = new(int)
	return func() (Identity, error) { *n++; return id, nil }, n
}

func someone() Identity {
	a := lyceum.NewID[lyceum.AccountID]()
	return Identity{Actor: lyceum.Actor{Account: a}, Account: lyceum.Account{ID: a}, Expires: time.Now().Add(time.Hour)}
}

func TestCache(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, hash := newCache(), lyceum.NewSecret().Hash()
		read, n := counting(someone())
		get := func(reads int, when string) {
			t.Helper()
			if _, err := c.get(hash, read); err != nil {
				t.Fatal(err)
			}
			if *n != reads {
				t.Errorf("%s: read %d times, want %d", when, *n, reads)
			}
		}
		get(1, "before anything is heard")
		get(2, "before anything is heard, again")
		c.listen(true)
		get(3, "listening")
		get(3, "remembered")
		<-time.After(cacheLife - time.Nanosecond)
		get(3, "just before its end")
		<-time.After(time.Nanosecond)
		get(4, "after its end")
		c.forget(func(Identity) bool { return false })
		get(4, "after somebody else is forgotten")
		c.forget(func(Identity) bool { return true })
		get(5, "forgotten")
		c.listen(false)
		get(6, "not listening")
		get(7, "not listening, again")
		c.listen(true)
		get(8, "listening again")
	})
}

// TestCacheEndsWithSession is about one that expires before the cache would forget it.
func TestCacheEndsWithSession(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, hash := newCache(), lyceum.NewSecret().Hash()
		c.listen(true)
		id := someone()
		id.Expires = time.Now().Add(time.Second)
		read, n := counting(id)
		for range 2 {
			if _, err := c.get(hash, read); err != nil {
				t.Fatal(err)
			}
		}
		<-time.After(time.Second)
		if _, err := c.get(hash, read); err != nil || *n != 2 {
			t.Errorf("after its end it was read %d times, want 2 (%v)", *n, err)
		}
	})
}

// TestCacheRace is about a right that is lost while it is being read.
func TestCacheRace(t *testing.T) {
	t.Parallel()
	c, hash := newCache(), lyceum.NewSecret().Hash()
	c.listen(true)
	id := someone()
	_, err := c.get(hash, func() (Identity, error) {
		c.forget(func(Identity) bool { return true })
		return id, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	read, n := counting(id)
	if _, err := c.get(hash, read); err != nil || *n != 1 {
		t.Errorf("an answer from before the loss was remembered (%v)", err)
	}
	failed := errors.New("away")
	if _, err := c.get(lyceum.NewSecret().Hash(), func() (Identity, error) { return id, failed }); !errors.Is(err, failed) {
		t.Errorf("get = %v, want the error of read", err)
	}
}

func TestCacheIsBounded(t *testing.T) {
	t.Parallel()
	c := newCache()
	c.listen(true)
	read, _ := counting(someone())
	for range cacheSize + 10 {
		if _, err := c.get(lyceum.NewSecret().Hash(), read); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(c.entries); n > cacheSize {
		t.Errorf("the cache holds %d, want at most %d", n, cacheSize)
	}
}
