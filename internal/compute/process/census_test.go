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
