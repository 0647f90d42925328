package main

import (
	"testing"

	"lyceum/internal/lyceum"
)

func TestLimitsOfTheConfiguration(t *testing.T) {
	t.Parallel()
	f, err := limitConfig{LimitCPU: "0.5", LimitMemory: "4GB", LimitProcesses: "none", CeilingDisk: "10GiB"}.fixed()
	if err != nil {
		t.Fatal(err)
	}
	got := lyceum.Limits{Processes: 7, Disk: 7}.With(f.Limits)
	if want := (lyceum.Limits{CPU: 500, Memory: 4e9, Disk: 7}); got != want {
		t.Errorf("limits: got %+v, want %+v", got, want)
	}
	if got := (lyceum.Limits{}).With(f.Ceilings); got != (lyceum.Limits{Disk: 10 << 30}) {
		t.Errorf("ceilings: got %+v", got)
	}
	for _, bad := range []limitConfig{{LimitCPU: "two"}, {LimitCPU: "-1"}, {LimitMemory: "4XB"}, {LimitMemory: "1kB"}, {LimitProcesses: "1.5"}, {LimitProcesses: "3"}, {CeilingDisk: "GB"}, {LimitDisk: "-3GB"}, {LimitMemory: "NaN"}} {
		if f, err := bad.fixed(); err == nil {
			t.Errorf("%+v is taken as %+v", bad, f)
		}
	}
}
