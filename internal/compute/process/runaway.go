package process

import (
	"bytes"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"lyceum/internal/compute"
	"lyceum/internal/lyceum"
)

// When a project is out of memory, the kernel ends its biggest program: the
// programs of people before the project's own servers, because the supervisor
// raises their oom_score_adj. What is left to us is to see which one it was. The
// kernel wakes us when half of the memory is used, and before it ends a program
// (version 1), or as it does it (version 2), and taking hundreds of megabytes away
// from a process takes it longer than it takes us to write down who is there. On a
// busy machine we may come too late for the last alarm: a command line is gone as
// soon as its process begins to end. Then the look before it tells.

// victimTime is how long we look for who was ended after an alarm, and victimPause
// how long we wait between two looks.
const (
	victimTime  = 3 * time.Second
	victimPause = 2 * time.Millisecond
	victimDoubt = 300 * time.Millisecond
	victimMore  = 50 * time.Millisecond // for others that are ended in the same breath
)

// watchMemory waits for alarms until the Backend is closed.
func (b *Backend) watchMemory() {
	for {
		ids, err := b.alarms.Wait()
		if err != nil {
			return
		}
		for _, id := range ids {
			b.outOfMemory(id)
		}
	}
}

// outOfMemory tells which programs of a project were ended.
func (b *Backend) outOfMemory(id lyceum.ProjectID) {
	p, err := b.project(id)
	if err != nil {
		return
	}
	p.mu.Lock()
	r := p.run
	p.mu.Unlock()
	if r == nil {
		return
	}
	there := b.look(r.rec)
	var before []member
	if known := r.before.Load(); known != nil {
		before = *known
	}
	before = remember(there, before)
	r.there.Store(&there)
	r.before.Store(&before)
	r.alarms.Add(1)
	if r.looking.Swap(true) {
		return // whoever looks already takes it from there
	}
	b.tasks.Go(func() {
		for {
			known := r.alarms.Load()
			b.findVictims(r)
			r.looking.Store(false)
			// An alarm meanwhile thought that we look.
			if r.alarms.Load() == known {
				r.before.Store(nil)
				return
			}
			if r.looking.Swap(true) {
				return
			}
		}
	})
}

// remember gives those that are there and begin to end the command line that they
// had before, and returns whoever was seen, with those that are gone.
func remember(there, before []member) []member {
	at := make(map[process]int, len(there))
	for i, q := range there {
		at[q.process] = i
	}
	seen := slices.Clone(there)
	for _, old := range before {
		i, still := at[old.process]
		switch {
		case !still:
			seen = append(seen, old)
		case there[i].name == old.name && there[i].command == commandLine([]byte(old.name)):
			there[i].command, seen[i].command = old.command, old.command
		}
	}
	return seen[:min(len(seen), maxSeen)]
}

// maxSeen bounds who is remembered: a project may start programs by the thousand.
const maxSeen = 10_000

// findVictims waits until the kernel has ended a program of those that were there,
// and finds out which.
func (b *Backend) findVictims(r *run) {
	tick := time.NewTicker(victimPause)
	defer tick.Stop()
	var since time.Time // when there was a kill that nobody is found for
	for began := time.Now(); time.Since(began) < victimTime; {
		if missing := r.rec.group().Kills() - r.kills.Load(); missing > 0 {
			if since.IsZero() {
				since = time.Now()
			}
			found := b.whoEnded(r, time.Since(since))
			for _, v := range found[:min(int64(len(found)), missing)] {
				r.kills.Add(1)
				b.tellVictim(r, v)
				began, since = time.Now().Add(victimMore-victimTime), time.Time{}
			}
			if len(found) > 0 {
				there := b.look(r.rec) // the next one is among those
				r.there.Store(&there)
			}
		}
		select {
		case <-tick.C:
		case <-r.done:
			return
		case <-b.life.Done():
			return
		}
	}
	// It was gone before we looked.
	for kills := r.rec.group().Kills(); r.kills.Load() < kills; r.kills.Add(1) {
		b.tellVictim(r, member{})
	}
}

// whoEnded returns who was ended, as the kernel says or, when it has not said it for
// a while or may not be read, as it looks.
func (b *Backend) whoEnded(r *run, waited time.Duration) []member {
	there := *r.there.Load()
	seen := there
	if before := r.before.Load(); before != nil {
		seen = *before
	}
	var all []member
	for _, e := range b.kernel.take(r.rec.Project, r.rec.UID, seen) {
		v := member{name: e.name, command: commandLine([]byte(e.name))}
		q := find(seen, e)
		if q == nil {
			q = likeNamed(seen, e)
		}
		if q != nil {
			v = *q
		}
		v.memory = e.memory
		all = append(all, v)
	}
	if len(all) == 0 && (b.kernel.fd <= 0 || waited > victimDoubt/2) {
		all = likely(there, waited > victimDoubt)
	}
	return all
}

// likely returns those that ended of the programs that were there, the biggest
// first. The kernel ends big ones: a small one that ended while a far bigger one
// lives did so by itself, unless nobody else is found in time.
func likely(there []member, anyOne bool) []member {
	var gone []member
	for _, q := range there { // the biggest first
		if q.ending() && (anyOne || q.memory*20 >= there[0].memory) {
			gone = append(gone, q)
		}
	}
	return gone
}

func (b *Backend) tellVictim(r *run, v member) {
	out := compute.Runaway{Project: r.rec.Project, At: time.Now(), PID: v.inner, Session: v.session, Command: v.command, Memory: v.memory}
	if l := r.limits.Load(); l != nil {
		out.Limit = l.Memory
	}
	b.log.Info("a program was ended because its project was out of memory", "project", out.Project, "pid", v.Pid, "memory", v.memory)
	b.victims.tell(out)
}

// member is a process of a project as it was at one moment.
type member struct {
	process
	inner   int    // its pid as the project numbers it
	session int    // and that of its session
	name    string // as ps shows it
	command string
	memory  int64 // bytes that are its own
}

// look lists the programs of a run, the biggest first.
func (b *Backend) look(rec record) []member {
	var all []member
	for _, pid := range b.membersOf(rec) {
		if q, ok := lookAt(pid); ok {
			all = append(all, q)
		}
	}
	slices.SortStableFunc(all, func(a, b member) int { return int(min(max(b.memory-a.memory, -1), 1)) })
	return all
}

// lookAt reads what there is of a process; ok is false when it is ending.
func lookAt(pid int) (q member, ok bool) {
	dir := "/proc/" + strconv.Itoa(pid)
	s, err := readStat(pid)
	if err != nil || s.state == 'Z' || s.state == 'X' {
		return q, false
	}
	q.process = process{pid, s.startTick}
	b, err := os.ReadFile(dir + "/status")
	if err != nil {
		return q, false
	}
	for line := range bytes.Lines(b) {
		name, value, _ := strings.Cut(string(line), ":")
		f := strings.Fields(value)
		if len(f) == 0 {
			continue
		}
		switch name {
		case "Name":
			q.name = strings.TrimSuffix(strings.TrimPrefix(value, "\t"), "\n")
			q.command = commandLine([]byte(q.name))
		case "NSpid":
			q.inner, _ = strconv.Atoi(f[len(f)-1]) // 0: a kernel that does not say
		case "NSsid":
			q.session, _ = strconv.Atoi(f[len(f)-1])
		case "RssAnon", "RssShmem":
			kb, _ := strconv.ParseInt(f[0], 10, 64)
			q.memory += kb << 10
		}
	}
	if line, err := os.ReadFile(dir + "/cmdline"); err == nil {
		if text := commandLine(line); text != "" {
			q.command = text
		}
	}
	return q, true
}

// maxCommand is how much of a command line is told, in characters.
const maxCommand = 200

// commandLine writes /proc/PID/cmdline for people.
func commandLine(b []byte) string {
	text := strings.ToValidUTF8(strings.TrimRight(strings.ReplaceAll(string(b), "\x00", " "), " "), "�")
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return ' '
		}
		return r
	}, text)
	if r := []rune(text); len(r) > maxCommand {
		text = string(r[:maxCommand-1]) + "…"
	}
	return text
}

// ending reports whether the process is gone, or was told by SIGKILL to go.
func (q member) ending() bool {
	s, err := readStat(q.Pid)
	if err != nil || s.startTick != q.Ticks || s.state == 'Z' || s.state == 'X' {
		return true
	}
	b, err := os.ReadFile("/proc/" + strconv.Itoa(q.Pid) + "/status")
	if err != nil {
		return true
	}
	for line := range bytes.Lines(b) {
		name, value, _ := strings.Cut(string(line), ":")
		if name == "SigPnd" || name == "ShdPnd" {
			mask, err := strconv.ParseUint(strings.TrimSpace(value), 16, 64)
			if err == nil && mask&(1<<8) != 0 { // signal 9
				return true
			}
		}
	}
	return false
}
