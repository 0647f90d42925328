package process

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"lyceum/internal/lyceum"
)

// record is what outlives the hub of one run of a project: enough to find its
// processes again, or to say how it ended. It is written before the first
// instruction of the project is executed.
type record struct {
	Project   lyceum.ProjectID `json:"project"`
	Boot      string           `json:"boot"`              // boot_id of the kernel: pids mean nothing in another
	Outer     process          `json:"outer"`             // what we started (bubblewrap itself)
	Init      process          `json:"init"`              // the supervisor; the same as Outer without bubblewrap
	Namespace bool             `json:"namespace"`         // Init is process 1 of a PID namespace: with it all end
	UID       int              `json:"uid"`               // of the project; 0: ours
	Fill      bool             `json:"fill,omitempty"`    // not the supervisor but what fills the home
	Network   string           `json:"network,omitempty"` // netInternet, netNone; "": the machine's
	Cgroups   []string         `json:"cgroups,omitempty"` // folders of the cgroups that hold all its processes
	Run       string           `json:"run"`               // its run folder
	Started   time.Time        `json:"started"`           //
	Ended     time.Time        `json:"ended,omitzero"`    // zero while it runs
	Failed    bool             `json:"failed,omitempty"`  // it ended as it should not
	Reason    string           `json:"reason,omitempty"`  // why it ended, for people
}

// process names a process for as long as the machine is up: pids are used again,
// together with the start time they are not.
type process struct {
	Pid   int    `json:"pid"`
	Ticks uint64 `json:"ticks"` // field 22 of /proc/PID/stat
}

func readRecord(path string) (record, error) {
	var r record
	b, err := os.ReadFile(path)
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(b, &r)
}

func (r *record) write(path string) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return replaceFile(path, append(b, '\n'))
}

// replaceFile writes a file whole or not at all.
func replaceFile(path string, b []byte) error {
	tmp := path + ".new"
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(tmp, b, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}

var bootID = sync.OnceValue(func() string {
	b, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(b))
})
