package jupyter

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// kernelPython is Debian's python with ipykernel; another one may come first on PATH.
const kernelPython = "/usr/bin/python3"

// run is a kernel's process and what it says.
type run struct {
	t        testing.TB
	cmd      *exec.Cmd
	conn     Connection
	client   *Client
	messages chan Message
}

// startKernel starts a real ipykernel.
func startKernel(t testing.TB, conn Connection) *run {
	t.Helper()
	if err := exec.Command(kernelPython, "-c", "import ipykernel").Run(); err != nil {
		t.Fatalf("ipykernel is missing: tools/test-deps installs it: %v", err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "connection.json")
	if err := conn.Write(file); err != nil {
		t.Fatal(err)
	}
	r := &run{t: t, conn: conn, messages: make(chan Message, 1<<18)}
	r.cmd = exec.Command(kernelPython, "-m", "ipykernel_launcher", "-f", file)
	r.cmd.Env = append(os.Environ(), "HOME="+dir, "IPYTHONDIR="+dir)
	r.cmd.Dir = dir
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = r.cmd.Process.Kill()
		_ = r.cmd.Wait()
	})
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	var err error
	r.client, err = Dial(ctx, conn, Handler{Message: func(m Message) { r.messages <- m }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.client.Close() })
	info, err := r.client.Ready(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var content struct {
		Status   string `json:"status"`
		Language struct {
			Name string `json:"name"`
		} `json:"language_info"`
	}
	if err := json.Unmarshal(info.Content, &content); err != nil || content.Language.Name != "python" {
		t.Fatalf("kernel_info is %s (%v), want python", info.Content, err)
	}
	return r
}

func ipcConnection(t testing.TB) Connection {
	t.Helper()
	dir, err := os.MkdirTemp("", "jk") // short, because a socket's address has 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	c, err := IPC(filepath.Join(dir, "k"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// execute runs code and hands every message about it to see, until it is over:
// idle was told and the reply came.
func (r *run) execute(code string, see func(Message)) {
	r.t.Helper()
	m, err := New(Shell, "s", "execute_request", map[string]any{"code": code, "allow_stdin": true, "store_history": true, "silent": false, "user_expressions": map[string]string{}})
	if err != nil {
		r.t.Fatal(err)
	}
	if err := r.client.Send(m); err != nil {
		r.t.Fatal(err)
	}
	idle, replied := false, false
	timeout := time.After(90 * time.Second)
	for !idle || !replied {
		select {
		case got := <-r.messages:
			if got.Parent.ID != m.Head.ID {
				continue
			}
			var status struct {
				State string `json:"execution_state"`
			}
			if got.Head.Type == "status" && json.Unmarshal(got.Content, &status) == nil && status.State == "idle" {
				idle = true
			}
			replied = replied || got.Head.Type == "execute_reply"
			see(got)
		case <-timeout:
			sig, bad := r.client.Refused()
			r.t.Fatalf("%q is not over: idle %v, replied %v; %d, %d refused", code, idle, replied, sig, bad)
		case <-r.client.Done():
			r.t.Fatalf("the kernel went: %v", r.client.Err())
		}
	}
}

// TestKernel speaks with a real ipykernel over each transport.
func TestKernel(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"ipc", "tcp"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			conn := ipcConnection(t)
			if transport == "tcp" {
				var err error
				if conn, err = TCP(); err != nil {
					t.Fatal(err)
				}
			}
			r := startKernel(t, conn)
			var text string
			r.execute("print('näh'); 1+1", func(m Message) {
				switch m.Head.Type {
				case "stream", "execute_result":
					text += string(m.Content)
				}
			})
			if want := "näh"; !strings.Contains(text, want) || !strings.Contains(text, `"text/plain": "2"`) {
				t.Errorf("outputs are %s, want %q and 2 in them", text, want)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			if _, err := r.client.Beat(ctx); err != nil {
				t.Errorf("no beat: %v", err)
			}
			r.execute("name = input('who? ')\nprint('<' + name + '>')", func(m Message) {
				if m.Head.Type == "stream" {
					text += string(m.Content)
				}
				if m.Head.Type != "input_request" {
					return
				}
				answer, err := New(Stdin, "s", "input_reply", map[string]string{"value": "ada"})
				if err == nil {
					answer.ParentHeader = m.Header
					err = r.client.Send(answer)
				}
				if err != nil {
					t.Error(err)
				}
			})
			if !strings.Contains(text, "<ada>") {
				t.Errorf("outputs are %s, want <ada> in them", text)
			}
			if sig, bad := r.client.Refused(); sig != 0 || bad != 0 {
				t.Errorf("refused %d, %d messages of an honest kernel, want none", sig, bad)
			}
			if _, err := r.client.Request(ctx, Control, "shutdown_request", map[string]bool{"restart": false}); err != nil {
				t.Errorf("shutdown: %v", err)
			}
			if err := r.cmd.Wait(); err != nil {
				t.Errorf("the kernel ended with %v", err)
			}
			<-r.client.Done()
		})
	}
}

// TestFlood prints 20,000 flushed lines, none of which may be lost.
func TestFlood(t *testing.T) {
	r := startKernel(t, ipcConnection(t))
	const lines = 20_000
	var got, want strings.Builder
	for i := range lines {
		fmt.Fprintln(&want, i)
	}
	r.execute("for i in range(20_000): print(i, flush=True)", func(m Message) {
		var s stream
		if m.Head.Type == "stream" && json.Unmarshal(m.Content, &s) == nil {
			got.WriteString(s.Text)
		}
	})
	if got.String() != want.String() {
		t.Errorf("%d bytes came, want %d, or they differ", got.Len(), want.Len())
	}
}

// TestLargeOutput prints 200 MB at once: the beginning and the end arrive, and the
// signature, which counts all of it, holds.
func TestLargeOutput(t *testing.T) {
	t.Parallel()
	r := startKernel(t, ipcConnection(t))
	var text string
	r.execute("print('begin' + 'x' * 200_000_000 + 'end')", func(m Message) {
		var s stream
		if m.Head.Type == "stream" && json.Unmarshal(m.Content, &s) == nil {
			text += s.Text
		}
	})
	if len(text) < keepTail/2 || len(text) > maxWhole {
		t.Errorf("%d characters are kept", len(text))
	}
	if !strings.HasPrefix(text, "beginxxx") || !strings.HasSuffix(text, "xxxend\n") || !strings.Contains(text, leftOutMark) {
		t.Errorf("the text is %.20q … %q", text, text[max(0, len(text)-20):])
	}
	if sig, bad := r.client.Refused(); sig != 0 || bad != 0 {
		t.Errorf("refused %d, %d messages, want none", sig, bad)
	}
}

// BenchmarkExecute runs 1+1, from the request to its end.
func BenchmarkExecute(b *testing.B) {
	r := startKernel(b, ipcConnection(b))
	r.execute("1+1", func(Message) {})
	for b.Loop() {
		r.execute("1+1", func(Message) {})
	}
}
