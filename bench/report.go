package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
)

// sample is what the rounds of one measurement gave, in one unit.
type sample []float64

func (s sample) sorted() sample {
	c := slices.Clone(s)
	slices.Sort(c)
	return c
}

// at is the value below which the share q of the sample lies (nearest rank).
func (s sample) at(q float64) float64 {
	if len(s) == 0 {
		return 0
	}
	c := s.sorted()
	i := int(q*float64(len(c))+0.999999) - 1
	return c[max(0, min(len(c)-1, i))]
}

func (s sample) median() float64 { return s.at(0.5) }

// row is one line of the table: our figure, the peer's, and what was aimed at.
type row struct {
	Section string `json:"section"`
	What    string `json:"what"`
	Unit    string `json:"unit"`
	Ours    sample `json:"ours"`
	Peer    string `json:"peer"`
	Peers   sample `json:"peers"`
	Aim     string `json:"aim"`
	Met     *bool  `json:"met,omitempty"`
	Note    string `json:"note,omitempty"`
}

// report gathers rows and prints them.
type report struct {
	rows    []row
	section string
	printed int
}

func (r *report) begin(section string) { r.section, r.printed = section, len(r.rows) }

func (r *report) add(x row) {
	x.Section = r.section
	r.rows = append(r.rows, x)
	fmt.Printf("  measured: %s\n", x.What)
}

// yes and no are for the field Met.
func met(ok bool) *bool { return &ok }

func (r *report) print(w io.Writer) {
	if len(r.rows) == r.printed {
		return
	}
	fmt.Fprintf(w, "\n| what | unit | Lyceum: median (range) | peer | peer's: median (range) | Lyceum / peer | aim | met |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n")
	for _, x := range r.rows[r.printed:] {
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %s | %s | %s |\n", x.What, x.Unit, x.Ours.text(), x.Peer, x.Peers.text(), ratio(x), x.Aim, verdict(x))
	}
	for _, x := range r.rows[r.printed:] {
		if x.Note != "" {
			fmt.Fprintf(w, "\n%s: %s\n", x.What, x.Note)
		}
	}
}

func (r *report) summary(w io.Writer) {
	good, bad := 0, []string{}
	for _, x := range r.rows {
		switch {
		case x.Met == nil:
		case *x.Met:
			good++
		default:
			bad = append(bad, x.Section+": "+x.What)
		}
	}
	fmt.Fprintf(w, "\n%d aims met, %d missed\n", good, len(bad))
	for _, s := range bad {
		fmt.Fprintf(w, "missed: %s\n", s)
	}
}

func ratio(x row) string {
	if len(x.Peers) == 0 || x.Peers.median() == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", x.Ours.median()/x.Peers.median())
}

func verdict(x row) string {
	switch {
	case x.Met == nil:
		return ""
	case *x.Met:
		return "yes"
	}
	return "**no**"
}

func (s sample) text() string {
	if len(s) == 0 {
		return ""
	}
	c := s.sorted()
	if len(c) == 1 {
		return figure(c[0])
	}
	return fmt.Sprintf("%s (%s to %s)", figure(s.median()), figure(c[0]), figure(c[len(c)-1]))
}

func figure(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// machine describes where this runs.
func machine() string {
	model := "unknown processor"
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(b)) {
			if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == "model name" {
				model = strings.TrimSpace(v)
				break
			}
		}
	}
	load := ""
	if b, err := os.ReadFile("/proc/loadavg"); err == nil {
		load, _, _ = strings.Cut(string(b), " ")
	}
	return fmt.Sprintf("%s, %d cores, load before the run %s, %s", model, runtime.NumCPU(), load, runtime.Version())
}
