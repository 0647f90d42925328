package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
)

// limitConfig are the limits that the configuration states. What is stated here
// cannot be changed in the browser; what is empty can.
type limitConfig struct {
	LimitCPU       string `name:"limit-cpu" env:"LYCEUM_LIMIT_CPU" placeholder:"CORES" help:"Processor cores that a project may use: 2, 0.5 or none. Empty: as set on the site's page."`
	LimitMemory    string `name:"limit-memory" env:"LYCEUM_LIMIT_MEMORY" placeholder:"SIZE" help:"Memory that a project may use: 4GB, 512MB or none. Empty: as set on the site's page."`
	LimitProcesses string `name:"limit-processes" env:"LYCEUM_LIMIT_PROCESSES" placeholder:"N" help:"Processes and threads that a project may have, or none. Empty: as set on the site's page, 4096 on a new site."`
	LimitDisk      string `name:"limit-disk" env:"LYCEUM_LIMIT_DISK" placeholder:"SIZE" help:"Disk that a project may use: 10GB or none. Empty: as set on the site's page."`

	CeilingCPU       string `name:"ceiling-cpu" env:"LYCEUM_CEILING_CPU" placeholder:"CORES" help:"Most cores that an administrator can give a project."`
	CeilingMemory    string `name:"ceiling-memory" env:"LYCEUM_CEILING_MEMORY" placeholder:"SIZE" help:"Most memory that an administrator can give a project."`
	CeilingProcesses string `name:"ceiling-processes" env:"LYCEUM_CEILING_PROCESSES" placeholder:"N" help:"Most processes that an administrator can give a project."`
	CeilingDisk      string `name:"ceiling-disk" env:"LYCEUM_CEILING_DISK" placeholder:"SIZE" help:"Most disk that an administrator can give a project."`
}

// fixed reads the limits.
func (c limitConfig) fixed() (postgres.FixedLimits, error) {
	var f postgres.FixedLimits
	for _, p := range []struct {
		flag, text string
		to         **int64
		parse      func(string) (int64, error)
	}{
		{"limit-cpu", c.LimitCPU, &f.Limits.CPU, parseCores},
		{"limit-memory", c.LimitMemory, &f.Limits.Memory, parseSize},
		{"limit-processes", c.LimitProcesses, &f.Limits.Processes, parseCount},
		{"limit-disk", c.LimitDisk, &f.Limits.Disk, parseSize},
		{"ceiling-cpu", c.CeilingCPU, &f.Ceilings.CPU, parseCores},
		{"ceiling-memory", c.CeilingMemory, &f.Ceilings.Memory, parseSize},
		{"ceiling-processes", c.CeilingProcesses, &f.Ceilings.Processes, parseCount},
		{"ceiling-disk", c.CeilingDisk, &f.Ceilings.Disk, parseSize},
	} {
		if p.text == "" {
			continue
		}
		var n int64
		var err error
		if p.text != "none" {
			n, err = p.parse(p.text)
		}
		if err != nil {
			return f, fmt.Errorf("--%s: %w", p.flag, err)
		}
		*p.to = &n
	}
	for name, l := range map[string]lyceum.LimitChange{"limit": f.Limits, "ceiling": f.Ceilings} {
		if err := l.Check(); err != nil {
			return f, fmt.Errorf("--%s-…: %w", name, err)
		}
	}
	return f, nil
}

func parseCores(s string) (int64, error) {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(v) || v < 0 || v > 1e6 {
		return 0, fmt.Errorf("%q is no number of cores, such as 2 or 0.5", s)
	}
	return int64(math.Round(v * 1000)), nil
}

func parseCount(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%q is no number of processes", s)
	}
	return n, nil
}

// parseSize reads a size in units of 1000 or, with an i, of 1024.
func parseSize(s string) (int64, error) {
	digits := strings.TrimRight(s, "kKMGTPiB ")
	v, err := strconv.ParseFloat(digits, 64)
	unit := strings.TrimSpace(s[len(digits):])
	base := 1000.0
	if strings.HasSuffix(unit, "iB") || strings.HasSuffix(unit, "i") {
		base = 1024
	}
	power := map[string]float64{"": 0, "B": 0, "k": 1, "K": 1, "M": 2, "G": 3, "T": 4, "P": 5}
	p, ok := power[strings.TrimSuffix(strings.TrimSuffix(unit, "B"), "i")]
	bytes := v * math.Pow(base, p)
	if err != nil || !ok || math.IsNaN(bytes) || bytes < 0 || bytes > 1e17 {
		return 0, fmt.Errorf("%q is no size, such as 4GB or 512MiB", s)
	}
	return int64(math.Round(bytes)), nil
}
