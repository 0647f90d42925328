package pgserver

import (
	"bytes"
	"os/exec"
	"testing"
	"time"
)

func TestParsePIDFile(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in   string
		want pidFile
	}{
		// As PostgreSQL 15.18 wrote it.
		{"3741\n/srv/lyceum/postgres/cluster\n1764179444\n5432\n/srv/lyceum/postgres/run\n\n  5249012  32769\nready   \n",
			pidFile{3741, time.Unix(1764179444, 0), "/srv/lyceum/postgres/run"}},
		{"3741\n/srv/lyceum/postgres/cluster\n1764179444\n5432\n", pidFile{3741, time.Unix(1764179444, 0), ""}},
		{"37", pidFile{}},
		{"", pidFile{}},
		{"1\n", pidFile{}},
		{"-3741\n", pidFile{}},
		{"postgres\n", pidFile{}},
	} {
		if got := parsePIDFile([]byte(c.in)); got != c.want {
			t.Errorf("parsePIDFile(%q) = %+v, want %+v", c.in, got, c.want)
		}
	}
}

// TestStartOf is how a server is known where its working directory may not be seen.
func TestStartOf(t *testing.T) {
	t.Parallel()
	child := exec.Command("sleep", "1000")
	began := time.Now()
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = child.Process.Kill()
		_ = child.Wait()
	}()
	got, err := startOf(child.Process.Pid)
	if err != nil || got.Sub(began).Abs() > 2*time.Second {
		t.Errorf("startOf = %v, %v, want %v", got, err, began)
	}
	if _, err := startOf(1<<22 + 1); err == nil {
		t.Error("a process that is not there has a start")
	}
}

func FuzzPIDFile(f *testing.F) {
	f.Add([]byte("3741\n/srv\n1764179444\n5432\n/run\n\n  5249012  32769\nready   \n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if got := parsePIDFile(b); got.pid < 0 || got.pid == 1 {
			t.Errorf("pid %d, which would signal a group or init", got.pid)
		}
	})
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte("R\x00\x00\x00\x08\x00\x00\x00\x00Z\x00\x00\x00\x05I"))
	f.Add([]byte("E\x00\x00\x00\x1bSFATAL\x00C57P03\x00Mbusy\x00\x00\x00\x00"))
	f.Add([]byte("R\x00\x00\x00\x08\x00\x00\x00\x05"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bytes.NewReader(b)
		if err := readUntilReady(r); err == nil && len(b) < 5 {
			t.Errorf("%q is taken for an answer", b)
		}
	})
}
