package jupyter

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func writeSpec(t *testing.T, dir, name, text string) {
	t.Helper()
	folder := filepath.Join(dir, name)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "kernel.json"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestSpecs looks into every place, in order, and at what is wrong in them.
func TestSpecs(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	env := map[string]string{
		"JUPYTER_PATH": top + "/path", "PATH": top + "/venv/bin:/usr/bin:/bin", "CONDA_PREFIX": top + "/conda",
	}
	p := Places{Home: top + "/home", Getenv: func(name string) string { return env[name] }, Extra: []string{top + "/ext"}}
	good := func(name string) string {
		return `{"argv":["/bin/sh","{connection_file}"],"display_name":"` + name + `","language":"sh"}`
	}
	writeSpec(t, top+"/path/kernels", "one", good("from JUPYTER_PATH"))
	writeSpec(t, top+"/home/.local/share/jupyter/kernels", "one", good("hidden by it"))
	writeSpec(t, top+"/home/.local/share/jupyter/kernels", "Two", good("from the home"))
	writeSpec(t, top+"/venv/share/jupyter/kernels", "three", `{"argv":["python3","-m","x","-f","{connection_file}"],"display_name":"env","language":"python"}`)
	writeSpec(t, top+"/conda/share/jupyter/kernels", "four", good("from conda"))
	writeSpec(t, top+"/ext", "five", good("from the site"))
	writeSpec(t, top+"/ext", "gone", `{"argv":["/nowhere/python"],"display_name":"gone","language":"python"}`)
	writeSpec(t, top+"/ext", "unknown", `{"argv":["no-such-program-here"],"language":"x"}`)
	writeSpec(t, top+"/ext", "empty", `{"display_name":"nothing"}`)
	writeSpec(t, top+"/ext", "broken", `{"argv": [`)
	writeSpec(t, top+"/ext", "mode", `{"argv":["/bin/sh"],"interrupt_mode":"shout"}`)
	writeSpec(t, top+"/ext", "no name", good("a name with a space is none"))
	if err := os.MkdirAll(top+"/ext/nofile", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(top+"/venv/bin", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(top+"/venv/bin/python3", []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	got := map[string]Spec{}
	for _, s := range Specs(p) {
		if strings.HasPrefix(s.Dir, top) {
			got[s.Name] = s
		}
	}
	for name, want := range map[string]string{"one": "from JUPYTER_PATH", "two": "from the home", "three": "env", "four": "from conda", "five": "from the site"} {
		if got[name].DisplayName != want || got[name].Problem != "" {
			t.Errorf("%s is %+v, want %s", name, got[name], want)
		}
	}
	for name, want := range map[string]string{
		"gone": "/nowhere/python is not there", "unknown": "not on the PATH", "empty": "argv is missing", "broken": "no JSON", "mode": "interrupt_mode",
	} {
		if !strings.Contains(got[name].Problem, want) {
			t.Errorf("%s has the problem %q, want %q in it", name, got[name].Problem, want)
		}
		if _, err := got[name].Command("/f", p.Getenv); err == nil {
			t.Errorf("%s can be started", name)
		}
	}
	if len(got) != 10 {
		t.Errorf("%d kernelspecs are found, want 10: %v", len(got), got)
	}
	argv, err := got["three"].Command("/run/f.json", p.Getenv)
	if want := []string{top + "/venv/bin/python3", "-m", "x", "-f", "/run/f.json"}; err != nil || !slices.Equal(argv, want) {
		t.Errorf("three is started by %q (%v), want %q", argv, err, want)
	}
	if one, three := got["one"].Transport(), got["three"].Transport(); one != "tcp" || three != "ipc" {
		t.Errorf("transports are %s and %s", one, three)
	}
}

// TestSpecEnvironment fills in values that there are.
func TestSpecEnvironment(t *testing.T) {
	t.Parallel()
	s := Spec{Env: map[string]string{"A": "x:${PATH}", "B": "$HOME/$NOT_THERE/$$", "BAD=": "x", "C": "a\x00b"}}
	got := s.Environment(func(name string) string {
		return map[string]string{"PATH": "/bin", "HOME": "/home/user"}[name]
	})
	if want := []string{"A=x:/bin", "B=/home/user/$NOT_THERE/$"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestConnectionFile writes one and reads it again; nobody else can read its key.
func TestConnectionFile(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "c.json")
	c, err := TCP()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Write(name); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ParseConnection(b); err != nil || got != c {
		t.Errorf("read %+v (%v), wrote %+v", got, err, c)
	}
	if fi, err := os.Stat(name); err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v (%v), want it closed to others", fi, err)
	}
	if strings.Contains(c.String(), c.Key.Reveal()) {
		t.Error("the key is printed")
	}
	if _, err := IPC("/" + strings.Repeat("x", 106)); err == nil {
		t.Error("sockets with names that are too long are made")
	}
	for _, bad := range []string{``, `{}`, `{"ip":"x","shell_port":1,"iopub_port":1,"stdin_port":1,"control_port":1,"hb_port":0}`,
		`{"ip":"x","key":"k","signature_scheme":"hmac-md5","shell_port":1,"iopub_port":1,"stdin_port":1,"control_port":1,"hb_port":1}`} {
		if _, err := ParseConnection([]byte(bad)); err == nil {
			t.Errorf("%s is read as a connection file", bad)
		}
	}
}
