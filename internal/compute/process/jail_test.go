package process

import (
	"syscall"
	"testing"
)

// TestNarrowUmask: a server that was started with one starts projects in every
// way. It is not parallel: the umask is the whole program's.
func TestNarrowUmask(t *testing.T) {
	if _, err := program(); err != nil {
		t.Fatal(err)
	}
	before := syscall.Umask(0o077)
	defer syscall.Umask(before)
	for _, w := range ways() {
		t.Run(w.name, func(t *testing.T) {
			r := newRig(t, w)
			r.start(t, r.spec())
		})
	}
}
