package process

import (
	"bytes"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// census tells whose processes there are. Looking at all processes of a machine
// takes milliseconds of processor time, and each start of a project asks: those
// that ask at the same time are answered by one look. Its zero value is usable.
type census struct {
	mu    sync.Mutex
	next  *look      // the one that has not begun; nil when nobody asked for it
	taken sync.Mutex // held while one is taken

	first sync.Mutex          // held over the first look of has
	found map[string]struct{} // the marks that it found, but those that were cleared; nil before it
}

// has reports whether processes with the mark were there when it was first called,
// for whatever mark, unless they were cleared since. Later ones it does not know: it
// is for who knows that all those ended with their PID namespaces.
func (c *census) has(mark string, marks func(pid int) []string) bool {
	c.first.Lock()
	defer c.first.Unlock()
	if c.found == nil {
		c.found = map[string]struct{}{}
		for m := range c.look(marks).by {
			c.found[m] = struct{}{}
		}
	}
	_, ok := c.found[mark]
	return ok
}

// cleared says that no process with the mark is left.
func (c *census) cleared(mark string) {
	c.first.Lock()
	defer c.first.Unlock()
	delete(c.found, mark)
}

// look is one look at all processes. By is complete when done is closed.
type look struct {
	done chan struct{}
	by   map[string][]process
}

// of returns the processes with the mark that were there when it was called and
// are still. mark returns those of a process.
func (c *census) of(mark string, marks func(pid int) []string) []process {
	return c.look(marks).by[mark]
}

// look returns a look that began after it was called.
func (c *census) look(marks func(pid int) []string) *look {
	c.mu.Lock()
	l, mine := c.next, c.next == nil
	if mine {
		l = &look{done: make(chan struct{}), by: map[string][]process{}}
		c.next = l
	}
	c.mu.Unlock()
	if mine {
		c.taken.Lock()
		c.mu.Lock()
		c.next = nil // who asks from now on is answered by a later one
		c.mu.Unlock()
		for _, p := range scan(func(int, stat) bool { return true }) {
			for _, m := range marks(p.Pid) {
				l.by[m] = append(l.by[m], p)
			}
		}
		c.taken.Unlock()
		close(l.done)
	}
	<-l.done
	return l
}

// uidsOf returns the user ids that a process has, in decimal, each once.
func uidsOf(pid int) []string {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return nil
	}
	_, rest, _ := bytes.Cut(b, []byte("\nUid:"))
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	var ids []string
	for _, f := range strings.Fields(string(line)) {
		if !slices.Contains(ids, f) {
			ids = append(ids, f)
		}
	}
	return ids
}

// envProject is the variable that marks the processes of a project.
const envProject = "LYCEUM_PROJECT"

// projectOf returns the project that a process was started for, if it was.
func projectOf(pid int) []string {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
	if err != nil {
		return nil
	}
	for v := range bytes.SplitSeq(b, []byte{0}) {
		if id, ok := bytes.CutPrefix(v, []byte(envProject+"=")); ok {
			return []string{string(id)}
		}
	}
	return nil
}
