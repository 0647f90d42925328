package lyceum

import (
	"testing"
)

func TestEffectiveLimits(t *testing.T) {
	t.Parallel()
	n := func(v int64) *int64 { return &v }
	for name, c := range map[string]struct {
		defaults Limits
		change   LimitChange
		ceilings Limits
		want     Limits
	}{
		"nothing is set":                    {Limits{}, LimitChange{}, Limits{}, Limits{}},
		"the site's":                        {Limits{CPU: 2000, Processes: 10}, LimitChange{}, Limits{}, Limits{CPU: 2000, Processes: 10}},
		"the project's own goes before":     {Limits{CPU: 2000, Disk: 5}, LimitChange{CPU: n(500)}, Limits{}, Limits{CPU: 500, Disk: 5}},
		"the project's own is none":         {Limits{Memory: 7}, LimitChange{Memory: n(0)}, Limits{}, Limits{}},
		"none, under a ceiling":             {Limits{Memory: 7}, LimitChange{Memory: n(0)}, Limits{Memory: 9}, Limits{Memory: 9}},
		"above a ceiling":                   {Limits{}, LimitChange{Disk: n(100), CPU: n(3)}, Limits{Disk: 50, CPU: 4}, Limits{Disk: 50, CPU: 3}},
		"a default above a ceiling":         {Limits{Processes: 100}, LimitChange{}, Limits{Processes: 96}, Limits{Processes: 96}},
		"below a ceiling it stays as it is": {Limits{CPU: 1}, LimitChange{}, Limits{CPU: 2}, Limits{CPU: 1}},
	} {
		if got := c.defaults.With(c.change).Capped(c.ceilings); got != c.want {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
}

func TestCheckLimits(t *testing.T) {
	t.Parallel()
	n := func(v int64) *int64 { return &v }
	for _, good := range []LimitChange{{}, {CPU: n(0), Memory: n(0), Processes: n(0), Disk: n(0)}, {CPU: n(MinCPU), Memory: n(MinMemory), Processes: n(MinProcesses), Disk: n(MaxBytes)}} {
		if err := good.Check(); err != nil {
			t.Errorf("%v: got %v", good.Names(), err)
		}
	}
	for field, bad := range map[string]LimitChange{
		"cpu": {CPU: n(-1)}, "memory": {Memory: n(1000)}, "processes": {Processes: n(5)}, "disk": {Disk: n(MaxBytes + 1)},
	} {
		err := bad.Check()
		if e, ok := err.(*Error); !ok || e.Kind != Invalid || e.Field != field {
			t.Errorf("%s: got %v, want invalid and the field's name", field, err)
		}
		if got := bad.Names(); len(got) != 1 || got[0] != field {
			t.Errorf("Names: got %v, want %s", got, field)
		}
	}
}

func TestLimitsInWords(t *testing.T) {
	t.Parallel()
	for want, l := range map[string]Limits{
		"no limits": {},
		"2 CPUs, 4.0 GB of memory, 4096 processes, 10.0 GB of disk": {CPU: 2000, Memory: 4e9, Processes: 4096, Disk: 10e9},
		"1 CPU":             {CPU: 1000},
		"0.5 CPUs":          {CPU: 500},
		"512 B of disk":     {Disk: 512},
		"999 kB of disk":    {Disk: 999_000},
		"1.0 MB of disk":    {Disk: 999_900},
		"640 MB of memory":  {Memory: 640e6},
		"99.9 GB of disk":   {Disk: 999e8},
		"1000 PB of memory": {Memory: 1e18},
	} {
		if got := l.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
