package supervisor

import (
	"encoding/json"
	"testing"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/jupyter"
	"lyceum/internal/lyceum"
)

// TestReserve counts a kernel as one that people use only from when it was taken on.
func TestReserve(t *testing.T) {
	t.Parallel()
	w := launch(t, idleServer...)
	l := jupyter.Launch{ID: lyceum.NewID[string](), Spec: "test", DisplayName: "The kernel", Dir: w.home, Transport: "ipc", Reserve: true,
		Argv: []string{"/bin/sleep", "1000"}}
	ask := func(method, path string, body any) {
		t.Helper()
		b, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		if status, answer := w.do("", method, path, string(b)); status >= 300 {
			t.Fatalf("%s %s answers %d %s", method, path, status, answer)
		}
	}
	activity := func() (a api.Activity) {
		t.Helper()
		_, answer := w.do("", "GET", "activity", "")
		if err := json.Unmarshal([]byte(answer), &a); err != nil {
			t.Fatal(err)
		}
		return a
	}
	ask("POST", "kernels", l)
	if a := activity(); a.Kernels != 0 || !a.KernelAt.IsZero() {
		t.Errorf("with one in reserve %d kernels run, used at %v; want none, never", a.Kernels, a.KernelAt)
	}
	dir, before := "/", time.Now()
	if status, _ := w.do("", "PATCH", "kernels/"+l.ID, `{"taken":true,"dir":"home"}`); status != 422 {
		t.Errorf("a folder without its place is answered with %d", status)
	}
	ask("PATCH", "kernels/"+l.ID, jupyter.Change{Taken: true, Dir: &dir})
	if a := activity(); a.Kernels != 1 || a.KernelAt.Before(before) {
		t.Errorf("with it taken %d kernels run, used at %v; want 1, after %v", a.Kernels, a.KernelAt, before)
	}
	if p := w.process(l.ID); p.Reserve || p.Dir != dir {
		t.Errorf("it is %+v", p)
	}
}
