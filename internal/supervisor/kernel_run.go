package supervisor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"lyceum/internal/jupyter"
	"lyceum/internal/lyceum"
)

// Times of a kernel.
const (
	startPatience = 60 * time.Second       // until its first answer
	shutdownTime  = 3 * time.Second        // to end by itself when it is asked to
	termTime      = time.Second            // and from SIGTERM to SIGKILL
	drainTime     = 500 * time.Millisecond // for its last words when it has ended
	memoryTime    = 3 * time.Second        // in which the hub may still name the victim
)

// kernelRun is one process of a kernel.
type kernelRun struct {
	k      *kernel
	conn   jupyter.Connection
	file   string
	cmd    *exec.Cmd
	reaped func()
	tail   *tail
	kills  int64         // that the cgroup had counted when it began
	done   chan struct{} // closed when it is over and told

	client *jupyter.Client // guarded by k.mu; nil until it answers
	ready  bool            // guarded by k.mu

	mu       sync.Mutex
	wanted   bool   // somebody asked for its end
	why      string // of a wanted end; "" when it is restarted
	hung     string // why we ended it ourselves
	sentence string // how the hub named its death
}

// startRun writes the connection file and starts the process. The error is for
// people.
func startRun(k *kernel, l jupyter.Launch) (*kernelRun, error) {
	dir, err := k.owner.prepare()
	if err != nil {
		return nil, err
	}
	id := lyceum.NewID[string]()[:8]
	r := &kernelRun{k: k, file: filepath.Join(dir, id+".json"), tail: &tail{}, done: make(chan struct{}), kills: k.owner.group().Kills()}
	if l.Transport == "ipc" {
		r.conn, err = jupyter.IPC(filepath.Join(dir, id))
	}
	if l.Transport == "tcp" || err != nil { // the folder is too far down for sockets
		r.conn, err = jupyter.TCP()
	}
	if err != nil {
		return nil, err
	}
	r.conn.KernelName = l.Spec
	if err := r.conn.Write(r.file); err != nil {
		return nil, err
	}
	if err := r.start(l); err != nil {
		return nil, errors.Join(err, os.Remove(r.file))
	}
	return r, nil
}

func (r *kernelRun) start(l jupyter.Launch) error {
	argv := make([]string, len(l.Argv))
	for i, a := range l.Argv {
		argv[i] = strings.ReplaceAll(a, jupyter.ConnectionFile, r.file)
	}
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	r.cmd = &exec.Cmd{
		Path: argv[0], Args: argv, Dir: l.Dir, Stdout: write, Stderr: write,
		Env:         kernelEnvironment(l),
		SysProcAttr: &syscall.SysProcAttr{Setsid: true},
	}
	r.reaped, err = r.k.owner.spawn(func() (int, error) {
		if err := r.cmd.Start(); err != nil {
			return 0, err
		}
		return r.cmd.Process.Pid, nil
	})
	_ = write.Close() // the kernel has its own
	if err != nil {
		_ = read.Close() // nothing was written to it
		return err
	}
	r.tail.read(read)
	return nil
}

// kernelEnvironment is the project's own, as terminals have it, and what the kernel
// is given.
func kernelEnvironment(l jupyter.Launch) []string {
	env := append(os.Environ(), "LYCEUM_KERNEL="+l.ID, "PWD="+l.Dir)
	if os.Getenv("LANG") == "" {
		env = append(env, "LANG=C.UTF-8")
	}
	if l.Path != "" {
		env = append(env, "JPY_SESSION_NAME="+l.Path)
	}
	return unique(append(env, l.Env...))
}

// watch goes with the process from its start to its end.
func (r *kernelRun) watch() {
	life, end := context.WithCancel(context.Background())
	met := make(chan struct{})
	go func() { // ends with life
		defer close(met)
		r.meet(life)
	}()
	_ = r.cmd.Wait() // the state says more than the error
	r.reaped()
	drain, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	r.k.mu.Lock()
	client := r.client
	r.k.mu.Unlock()
	if client != nil {
		client.Drain(drain)
	}
	end()
	<-met
	r.signalGroup(unix.SIGKILL) // what it started for itself and left
	r.tail.wait(drain)
	r.over()
}

// meet connects to the kernel and waits for its first answer.
func (r *kernelRun) meet(life context.Context) {
	r.k.mu.Lock()
	patience := cmp.Or(r.k.launch.Patience, startPatience)
	r.k.mu.Unlock()
	ctx, cancel := context.WithTimeout(life, patience)
	defer cancel()
	client, err := jupyter.Dial(ctx, r.conn, jupyter.Handler{Message: r.heard, TooMuch: func(_ jupyter.Channel, f jupyter.Fold) {
		r.k.queue.Add(jupyter.Record{Kind: jupyter.KindFold, Fold: f})
	}})
	if err == nil {
		r.k.mu.Lock()
		r.client = client
		r.k.mu.Unlock()
		defer r.part(client)
		_, err = client.Ready(ctx)
	}
	if err != nil {
		if life.Err() == nil {
			r.giveUp(fmt.Sprintf("It did not answer within %v.", patience), err)
		}
		return
	}
	r.open(client)
	select {
	case <-life.Done():
	case <-client.Done():
		// A kernel whose connection breaks has usually ended, or is about to.
		select {
		case <-life.Done():
		case <-time.After(shutdownTime):
			r.giveUp("It closed its connections, and went on: it cannot be spoken to any more.", client.Err())
		}
	}
}

// part closes a client and keeps what it counted.
func (r *kernelRun) part(c *jupyter.Client) {
	_ = c.Close() // it has no way to fail
	signatures, malformed := c.Refused()
	r.k.mu.Lock()
	defer r.k.mu.Unlock()
	r.k.refused += signatures + malformed
	r.client = nil
}

// giveUp ends a kernel that cannot be spoken to.
func (r *kernelRun) giveUp(why string, err error) {
	r.mu.Lock()
	if errors.Is(err, context.DeadlineExceeded) || r.hung == "" {
		r.hung = why
	}
	r.mu.Unlock()
	r.signalGroup(unix.SIGKILL)
}

// open lets messages through: those that waited first.
func (r *kernelRun) open(c *jupyter.Client) {
	r.mu.Lock()
	wanted := r.wanted
	r.mu.Unlock()
	if wanted {
		return
	}
	r.tail.clear() // what it printed while it began explains no later end
	k := r.k
	k.mu.Lock()
	r.ready = true
	waiting := k.waiting
	k.waiting, k.held = nil, 0
	k.status = jupyter.Status{State: jupyter.Idle, PID: r.cmd.Process.Pid, Since: time.Now().UTC()}
	k.queue.Add(jupyter.Record{Kind: jupyter.KindStatus, Status: k.status})
	for _, m := range waiting {
		_ = c.Send(m) // a kernel that went already is told soon
	}
	k.mu.Unlock()
	k.owner.changed()
}

// over tells that the process has ended, and how.
func (r *kernelRun) over() {
	_ = os.Remove(r.file) // it holds a key that means nothing any more
	_ = r.conn.Remove()   // the kernel should have taken them away itself
	k := r.k
	k.mu.Lock()
	ready := r.ready
	if k.run == r && k.status.State == jupyter.Restarting {
		k.status.PID = 0
	}
	k.mu.Unlock()
	s := r.ending(ready)
	r.mu.Lock()
	restarted := r.wanted && r.why == ""
	r.mu.Unlock()
	if !restarted {
		k.set(s)
	}
	close(r.done)
}

// ending is the status of a kernel whose process has ended.
func (r *kernelRun) ending(ready bool) jupyter.Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := jupyter.Status{State: jupyter.Dead, Wanted: r.wanted}
	ws, ok := r.cmd.ProcessState.Sys().(syscall.WaitStatus)
	if ok && ws.Signaled() {
		s.Signal = unix.SignalName(ws.Signal())
	} else {
		code := r.cmd.ProcessState.ExitCode()
		s.ExitCode = &code
	}
	s.Memory = r.sentence != "" || s.Signal == "SIGKILL" && !r.wanted && r.hung == "" && r.k.owner.group().Kills() > r.kills
	switch {
	case r.wanted:
		s.Reason = r.why
		return s
	case r.sentence != "":
		s.Reason = r.sentence
	case s.Memory:
		s.Reason = "Stopped: it used more memory than the project has. The rest of the project goes on. Ask for more memory, or let it use less."
	case r.hung != "":
		s.Reason = r.hung
	case s.Signal != "":
		s.Reason = "Its process was ended by " + s.Signal + "."
	case !ready:
		s.Reason = fmt.Sprintf("It does not start: its process exited with code %d.", *s.ExitCode)
	default:
		s.Reason = fmt.Sprintf("Its process exited with code %d.", *s.ExitCode)
	}
	s.Stderr = r.tail.text()
	return s
}

// tellMemory hears how the hub names the death of the process, before or after it is
// told here.
func (r *kernelRun) tellMemory(sentence string) {
	r.mu.Lock()
	r.sentence = sentence
	wanted := r.wanted
	r.mu.Unlock()
	r.k.mu.Lock()
	s := r.k.status
	dead := s.State == jupyter.Dead && r.k.run == r && time.Since(s.Since) < memoryTime
	r.k.mu.Unlock()
	if dead && !wanted {
		s.Memory, s.Reason = true, sentence
		r.k.set(s)
	}
}

// interrupt sends SIGINT, as Ctrl+C does, to the kernel and what it runs.
func (r *kernelRun) interrupt() { r.signalGroup(unix.SIGINT) }

// signalGroup signals the process and those it started that are still of its group.
func (r *kernelRun) signalGroup(sig unix.Signal) {
	_ = unix.Kill(-r.cmd.Process.Pid, sig) // ESRCH: all are gone
}

// stop ends the process: by its own shutdown, else SIGTERM, else SIGKILL. It returns
// when the end was told. why is "" for a restart.
func (r *kernelRun) stop(restart bool, why string) {
	r.mu.Lock()
	r.wanted, r.why = true, why
	r.mu.Unlock()
	r.k.mu.Lock()
	client, ready, busy := r.client, r.ready, r.k.work.Busy()
	r.k.mu.Unlock()
	if isDone(r.done) {
		return
	}
	if client != nil && ready {
		if busy {
			r.interrupt()
		}
		m, err := jupyter.New(jupyter.Control, "", "shutdown_request", map[string]bool{"restart": restart})
		if err == nil && client.Send(m) == nil && r.wait(shutdownTime) {
			return
		}
	}
	r.signalGroup(unix.SIGTERM)
	r.signalGroup(unix.SIGCONT)
	if r.wait(termTime) {
		return
	}
	r.signalGroup(unix.SIGKILL)
	<-r.done
}

func isDone(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// wait reports whether the process is over within a time.
func (r *kernelRun) wait(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-r.done:
		return true
	case <-t.C:
		return false
	}
}
