package process

import (
	"os/exec"
	"strconv"
	"sync"
	"testing"
)

// TestCensus: whoever asks hears of what ran before it asked, also when many ask at
// the same time and are answered together.
func TestCensus(t *testing.T) {
	t.Parallel()
	var c census
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			id := "census-" + strconv.Itoa(i)
			cmd := exec.Command("sleep", "60")
			cmd.Env = []string{envProject + "=" + id}
			if err := cmd.Start(); err != nil {
				t.Error(err)
				return
			}
			if got := c.of(id, projectOf); len(got) != 1 || got[0].Pid != cmd.Process.Pid {
				t.Errorf("%s: got %v, want only process %d", id, got, cmd.Process.Pid)
			}
			if err := cmd.Process.Kill(); err != nil {
				t.Error(err)
			}
			_ = cmd.Wait() // it was killed
			if got := c.of(id, projectOf); len(got) != 0 {
				t.Errorf("%s: got %v of one that ended", id, got)
			}
		})
	}
	all.Wait()
}

// TestCensusRemembers: only the first look counts for has, whoever it was for.
func TestCensusRemembers(t *testing.T) {
	t.Parallel()
	begin := func(id string) *exec.Cmd {
		cmd := exec.Command("sleep", "60")
		cmd.Env = []string{envProject + "=" + id}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = cmd.Process.Kill()
			_ = cmd.Wait() // it was killed
		})
		return cmd
	}
	var c census
	begin("census-before")
	if c.has("census-later", projectOf) {
		t.Error("it found what is not there")
	}
	if !c.has("census-before", projectOf) {
		t.Error("it did not find what was there at the first look")
	}
	begin("census-later")
	if c.has("census-later", projectOf) {
		t.Error("it looked again")
	}
	c.cleared("census-before")
	if c.has("census-before", projectOf) {
		t.Error("it has what was cleared")
	}
}
