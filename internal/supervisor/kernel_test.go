package supervisor

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"lyceum/internal/jupyter"
	"lyceum/internal/lyceum"
)

// kernelPython is Debian's python with ipykernel.
const kernelPython = "/usr/bin/python3"

// attached is the project server's end of a kernel's stream.
type attached struct {
	w    *world
	id   string
	conn net.Conn
	r    *bufio.Reader
	last uint64
}

// ipykernel starts a real one and returns its id.
func (w *world) ipykernel() string {
	w.t.Helper()
	if err := exec.Command(kernelPython, "-c", "import ipykernel").Run(); err != nil {
		w.t.Fatalf("ipykernel is missing: tools/test-deps installs it: %v", err)
	}
	return w.kernel("ipc", kernelPython, "-m", "ipykernel_launcher", "-f", jupyter.ConnectionFile)
}

func (w *world) kernel(transport string, argv ...string) string {
	w.t.Helper()
	l := jupyter.Launch{ID: lyceum.NewID[string](), Spec: "test", DisplayName: "The kernel", Argv: argv, Dir: w.home, Transport: transport, Env: []string{"IPYTHONDIR=" + w.home}}
	b, err := json.Marshal(l)
	if err != nil {
		w.t.Fatal(err)
	}
	if status, answer := w.do("", "POST", "kernels", string(b)); status != 200 {
		w.t.Fatalf("a kernel is not started: %d %s", status, answer)
	}
	return l.ID
}

// process tells of a kernel as the supervisor does.
func (w *world) process(id string) jupyter.Process {
	w.t.Helper()
	_, answer := w.do("", "GET", "kernels", "")
	var list []jupyter.Process
	if err := json.Unmarshal([]byte(answer), &list); err != nil {
		w.t.Fatalf("%v: %s", err, answer)
	}
	for _, p := range list {
		if p.ID == id {
			return p
		}
	}
	w.t.Fatalf("there is no kernel %s in %s", id, answer)
	return jupyter.Process{}
}

func (w *world) attach(id string, after uint64) *attached {
	w.t.Helper()
	conn, err := net.Dial("unix", filepath.Join(w.home, SocketName))
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = conn.Close() })
	_, err = fmt.Fprintf(conn, "GET /kernels/%s/stream?after=%d HTTP/1.1\r\nHost: s\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n", id, after, jupyter.StreamProtocol)
	a := &attached{w: w, id: id, conn: conn, r: bufio.NewReader(conn), last: after}
	for line := ""; err == nil && line != "\r\n"; line, err = a.r.ReadString('\n') {
		if strings.HasPrefix(line, "HTTP") && !strings.Contains(line, "101") {
			w.t.Fatalf("attaching answers %s", line)
		}
	}
	if err == nil {
		err = conn.SetDeadline(time.Now().Add(90 * time.Second))
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

func (a *attached) next() jupyter.Record {
	a.w.t.Helper()
	rec, err := jupyter.ReadRecord(a.r)
	if err != nil {
		a.w.t.Fatalf("the stream ended: %v\n%s", err, a.w.output)
	}
	if rec.Number <= a.last {
		a.w.t.Fatalf("record %d after %d", rec.Number, a.last)
	}
	a.last = rec.Number
	return rec
}

// status reads until the kernel is in a state.
func (a *attached) status(want jupyter.State) jupyter.Status {
	a.w.t.Helper()
	for {
		rec := a.next()
		if rec.Kind == jupyter.KindStatus && rec.Status.State == want {
			return rec.Status
		}
		if rec.Kind == jupyter.KindStatus && rec.Status.State == jupyter.Dead {
			a.w.t.Fatalf("the kernel is dead: %+v", rec.Status)
		}
	}
}

func (a *attached) write(rec jupyter.Record) {
	a.w.t.Helper()
	b, err := rec.AppendTo(nil)
	if err == nil {
		_, err = a.conn.Write(b)
	}
	if err != nil {
		a.w.t.Fatal(err)
	}
}

// send asks for code to be run and returns the id of the request.
func (a *attached) send(code string) string {
	a.w.t.Helper()
	m, err := jupyter.New(jupyter.Shell, "s", "execute_request", map[string]any{
		"code": code, "silent": false, "store_history": true, "allow_stdin": false, "stop_on_error": true, "user_expressions": map[string]any{}})
	if err != nil {
		a.w.t.Fatal(err)
	}
	a.write(jupyter.Record{Kind: jupyter.KindMessage, Message: m})
	return m.Head.ID
}

// output reads what a request prints, until it is over: idle was told and the reply
// came.
func (a *attached) output(id string) (text, reply string) {
	a.w.t.Helper()
	for idle := false; !idle || reply == ""; {
		rec := a.next()
		if rec.Kind == jupyter.KindStatus && rec.Status.State == jupyter.Dead {
			a.w.t.Fatalf("the kernel is dead: %+v", rec.Status)
		}
		if rec.Message.Parent.ID != id {
			continue
		}
		var c struct {
			State  string `json:"execution_state"`
			Text   string `json:"text"`
			Status string `json:"status"`
			Name   string `json:"ename"`
		}
		if err := json.Unmarshal(rec.Message.Content, &c); err != nil {
			a.w.t.Fatal(err)
		}
		switch rec.Message.Head.Type {
		case "stream":
			text += c.Text
		case "status":
			idle = c.State == "idle"
		case "execute_reply":
			reply = c.Status + c.Name
		}
	}
	return text, reply
}

// interrupt interrupts a request and returns its reply.
func (a *attached) interrupt(id string) (reply string) {
	a.w.t.Helper()
	if status, answer := a.w.do("", "POST", "kernels/"+a.id+"/interrupt", ""); status != 204 {
		a.w.t.Fatalf("interrupt answers %d %s", status, answer)
	}
	_, reply = a.output(id)
	return reply
}

// TestKernelOutlivesReader runs code while nobody reads, reads it twice, and only
// what was not acknowledged again.
func TestKernelOutlivesReader(t *testing.T) {
	t.Parallel()
	w := launch(t, idleServer...)
	id := w.ipykernel()
	a := w.attach(id, 0)
	first := a.send("print('before it is ready')")
	if text, reply := a.output(first); text != "before it is ready\n" || reply != "ok" {
		t.Fatalf("printed %q, replied %q", text, reply)
	}
	until := a.last
	a.write(jupyter.Record{Kind: jupyter.KindAck, Number: until})
	second := a.send("import time\nfor i in range(300):\n    print('line', i, flush=True)\nopen('done', 'w').write('x')")
	if err := a.conn.Close(); err != nil {
		t.Fatal(err)
	}
	w.lines("done", 1)
	var want strings.Builder
	for i := range 300 {
		fmt.Fprintln(&want, "line", i)
	}
	for range 2 {
		b := w.attach(id, 0)
		if text, reply := b.output(second); text != want.String() || reply != "ok" {
			t.Fatalf("printed %q, replied %q", text, reply)
		}
		if err := b.conn.Close(); err != nil {
			t.Fatal(err)
		}
	}
	p := w.process(id)
	if p.Acked != until || p.Status.State != jupyter.Idle || p.MemoryBytes < 10<<20 || p.Refused != 0 {
		t.Errorf("the kernel is %+v, want idle, acknowledged to %d, with its memory", p, until)
	}
}

// TestKernelEnds looks at each way in which a kernel ends, and at what is said.
func TestKernelEnds(t *testing.T) {
	t.Parallel()
	w := launch(t, idleServer...)
	id := w.ipykernel()
	a := w.attach(id, 0)
	a.output(a.send("1"))

	loop := a.send("print('on', flush=True)\nwhile True: pass")
	for a.next().Message.Head.Type != "stream" { // it takes no interrupt before it works
	}
	if s := w.process(id).Status.State; s != jupyter.Busy {
		t.Errorf("it is %s while it works", s)
	}
	if reply := a.interrupt(loop); reply != "errorKeyboardInterrupt" {
		t.Errorf("an interrupted request replied %q", reply)
	}
	// A request soon after an error comes back aborted.
	for reply := ""; reply != "ok"; {
		_, reply = a.output(a.send("1"))
	}

	a.send("import os; os._exit(3)")
	if s := a.status(jupyter.Dead); s.ExitCode == nil || *s.ExitCode != 3 || s.Reason != "Its process exited with code 3." {
		t.Errorf("the end by itself is told as %+v", s)
	}
	if status, answer := w.do("", "POST", "kernels/"+id+"/restart", ""); status != 200 {
		t.Fatalf("restart answers %d %s", status, answer)
	}
	again := a.send("print('again')")
	if text, _ := a.output(again); text != "again\n" {
		t.Errorf("after the restart it printed %q", text)
	}

	a.send("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
	if s := a.status(jupyter.Dead); s.Signal != "SIGSEGV" || s.Memory || !strings.Contains(s.Reason, "SIGSEGV") {
		t.Errorf("the end by a signal is told as %+v", s)
	}
	if status, answer := w.do("", "DELETE", "kernels/"+id, ""); status != 204 {
		t.Fatalf("the end answers %d %s", status, answer)
	}
	if left, err := filepath.Glob(filepath.Join(w.home, kernelFolder, "*")); err != nil || len(left) > 0 {
		t.Errorf("files are left: %v %v", left, err)
	}
}

// TestKernelNamedVictim hears from the hub that the system ended a kernel for its
// memory, after its death was seen here.
func TestKernelNamedVictim(t *testing.T) {
	t.Parallel()
	w := launch(t, idleServer...)
	id := w.ipykernel()
	a := w.attach(id, 0)
	a.output(a.send("1"))
	pid := w.process(id).Status.PID
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	a.status(jupyter.Dead)
	told := fmt.Sprintf(`{"killed":{"at":"2026-11-27T00:00:00Z","pid":%d,"session":%d,"command":"python3","memoryBytes":2000000000,"limitBytes":1000000000,"reason":"memory"}}`, pid, pid)
	sys := w.editor()
	sys.System = true
	if status, answer := w.do(w.signer.Sign(sys, time.Now()), "POST", "told", told); status != 204 {
		t.Fatalf("told answers %d %s", status, answer)
	}
	if s := a.status(jupyter.Dead); !s.Memory || s.Stderr != "" || !strings.Contains(s.Reason, "The kernel used 2.0 GB of the project's 1.0 GB") {
		t.Errorf("the death is told as %+v", s)
	}
}

// TestKernelDoesNotStart starts what is no kernel: what it printed is shown.
func TestKernelDoesNotStart(t *testing.T) {
	t.Parallel()
	w := launch(t, idleServer...)
	for _, c := range []struct {
		argv           []string
		reason, stderr string
	}{
		{[]string{"/bin/sh", "-c", "echo no module named x >&2; exit 4"}, "It does not start: its process exited with code 4.", "no module named x"},
		{[]string{filepath.Join(w.home, "nothing")}, "no such file or directory", ""},
	} {
		a := w.attach(w.kernel("tcp", c.argv...), 0)
		if s := a.status(jupyter.Dead); !strings.Contains(s.Reason, c.reason) || s.Stderr != c.stderr {
			t.Errorf("%v is told as %+v", c.argv, s)
		}
	}
	l := jupyter.Launch{ID: lyceum.NewID[string](), Argv: []string{"/bin/sleep", "1000"}, Dir: w.home, Transport: "ipc", Patience: 200 * time.Millisecond}
	b, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	if status, answer := w.do("", "POST", "kernels", string(b)); status != 200 {
		t.Fatalf("a kernel is not started: %d %s", status, answer)
	}
	if s := w.attach(l.ID, 0).status(jupyter.Dead); s.Reason != "It did not answer within 200ms." {
		t.Errorf("one that never answers is told as %+v", s)
	}
	if fi, err := os.Stat(filepath.Join(w.home, kernelFolder)); err != nil || fi.Mode().Perm() != 0o700 {
		t.Errorf("the folder of the sockets is %v %v, want it closed to others", fi, err)
	}
}

// BenchmarkKernel runs 1+1, from the request to its end, through the stream of the
// project server; package jupyter has the same without it.
func BenchmarkKernel(b *testing.B) {
	w := launch(b, idleServer...)
	a := w.attach(w.ipykernel(), 0)
	a.output(a.send("1+1"))
	for b.Loop() {
		a.output(a.send("1+1"))
		a.write(jupyter.Record{Kind: jupyter.KindAck, Number: a.last})
	}
}

// cachedPython is the python of the environment that tools/test-kernels makes.
func cachedPython(t *testing.T) string {
	t.Helper()
	cache := os.Getenv("LYCEUM_CACHE")
	if cache == "" {
		dir, err := os.UserCacheDir()
		if err != nil {
			t.Fatal(err)
		}
		cache = filepath.Join(dir, "lyceum")
	}
	python := filepath.Join(cache, "kernels/bin/python")
	if _, err := os.Stat(python); err != nil {
		t.Skipf("the kernels from PyPI are not installed: tools/test-kernels %s does it", cache)
	}
	return python
}

// TestOtherKernels runs the current ipykernel and bash_kernel.
func TestOtherKernels(t *testing.T) {
	t.Parallel()
	python := cachedPython(t)
	w := launch(t, idleServer...)
	for _, c := range []struct{ module, transport, code, want, stop, reply string }{
		{"ipykernel_launcher", "ipc", "import ipykernel; print(ipykernel.version_info[0] >= 7)", "True\n", "print('on', flush=True)\nwhile True: pass", "errorKeyboardInterrupt"},
		{"ipykernel_launcher", "tcp", "print(6 * 7)", "42\n", "print('on', flush=True)\nwhile True: pass", "errorKeyboardInterrupt"},
		{"bash_kernel", "ipc", "echo $((6 * 7))", "42\n", "echo on; sleep 1000", "abort"},
	} {
		t.Run(c.module+" by "+c.transport, func(t *testing.T) {
			id := w.kernel(c.transport, python, "-m", c.module, "-f", jupyter.ConnectionFile)
			a := w.attach(id, 0)
			if text, reply := a.output(a.send(c.code)); text != c.want || reply != "ok" {
				t.Errorf("printed %q, replied %q", text, reply)
			}
			loop := a.send(c.stop)
			for a.next().Message.Head.Type != "stream" {
			}
			if reply := a.interrupt(loop); reply != c.reply {
				t.Errorf("after an interrupt it replied %q, want %q", reply, c.reply)
			}
			if status, answer := w.do("", "DELETE", "kernels/"+id, ""); status != 204 {
				t.Errorf("the end answers %d %s", status, answer)
			}
		})
	}
}
