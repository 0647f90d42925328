package main

import (
	"bytes"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
)

func TestProgramPages(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		line       string
		start, end uintptr
		ok         bool
	}{
		{"00400000-01a2b000 r-xp 00000000 08:01 1234                       /usr/bin/lyceum", 0x400000, 0x1a2b000, true},
		{"01a2b000-02f00000 r--p 01a2b000 08:01 1234                       /a folder/lyceum", 0x1a2b000, 0x2f00000, true},
		{"02f00000-03000000 rw-p 02f00000 08:01 1234                       /usr/bin/lyceum", 0, 0, false},
		{"c000000000-c000400000 rw-p 00000000 00:00 0 ", 0, 0, false},
		{"7ffd1000-7ffd2000 r-xp 00000000 00:00 0                          [vdso]", 0, 0, false},
		{"no-range r-xp 00000000 08:01 1234 /usr/bin/lyceum", 0, 0, false},
		{"", 0, 0, false},
	} {
		start, end, ok := programPages(c.line)
		if start != c.start || end != c.end || ok != c.ok {
			t.Errorf("%q: got %x-%x %t, want %x-%x %t", c.line, start, end, ok, c.start, c.end, c.ok)
		}
	}
}

// TestGiveBack: after it, the process holds fewer pages of its program, and goes on.
// It runs in a process of its own, as other tests would map pages meanwhile.
func TestGiveBack(t *testing.T) {
	t.Parallel()
	if os.Getenv("LYCEUM_TEST_GIVE_BACK") != "" {
		before := filePages(t)
		if err := giveBack(); err != nil {
			t.Fatal(err)
		}
		if after := filePages(t); after >= before {
			t.Fatalf("%d kB of files before, %d kB after", before, after)
		}
		// New threads are where a page too many would be missed.
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
				if _, err := os.ReadFile("/proc/self/stat"); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		return
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestGiveBack$")
	cmd.Env = append(os.Environ(), "LYCEUM_TEST_GIVE_BACK=1")
	if out, err := cmd.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("PASS")) {
		t.Fatalf("%v: %s", err, out)
	}
}

func filePages(t *testing.T) int {
	t.Helper()
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "RssFile:" {
			n, err := strconv.Atoi(f[1])
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatal("the system does not tell RssFile")
	return 0
}
