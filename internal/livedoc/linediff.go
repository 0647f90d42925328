package livedoc

import (
	"strings"

	"lyceum/internal/api"
)

// Bounds of a difference.
const (
	maxSteps     = 1 << 24 // of comparing lines: some 100 ms
	maxDiffLines = 2000
	maxDiffBytes = 1 << 20
	diffContext  = 3 // equal lines around what changed
)

// change says that the lines a0 to a1 of the one text became b0 to b1 of the other.
type change struct{ a0, a1, b0, b1 int }

// diffLines compares two texts by lines. The work is bounded: texts that have too
// little in common are told apart coarsely.
func diffLines(old, new string) api.VersionDiff {
	a, b := linesOf(old), linesOf(new)
	changes, coarse := compareLines(a, b)
	d := api.VersionDiff{Hunks: []api.DiffHunk{}, Coarse: coarse}
	lines, bytes := 0, 0
	for len(changes) > 0 {
		n := 1
		for n < len(changes) && changes[n].a0-changes[n-1].a1 <= 2*diffContext {
			n++
		}
		for _, c := range changes[:n] {
			d.Removed += c.a1 - c.a0
			d.Added += c.b1 - c.b0
		}
		if !d.Cut {
			h := hunkOf(a, b, changes[:n], maxDiffLines-lines, maxDiffBytes-bytes, &d.Cut)
			lines += len(h.Lines)
			for _, l := range h.Lines {
				bytes += len(l.Text)
			}
			d.Hunks = append(d.Hunks, h)
		}
		changes = changes[n:]
	}
	return d
}

// hunkOf writes changes that stand close together, in at most so many lines and
// bytes; cut says that they were not enough.
func hunkOf(a, b []string, changes []change, lines, bytes int, cut *bool) api.DiffHunk {
	first, last := changes[0], changes[len(changes)-1]
	from := max(first.a0-diffContext, 0)
	h := api.DiffHunk{Old: from + 1, New: first.b0 - (first.a0 - from) + 1, Lines: []api.DiffLine{}}
	put := func(kind string, all []string) {
		for _, text := range all {
			if *cut || len(h.Lines) >= lines || bytes < len(text) {
				*cut = true
				return
			}
			bytes -= len(text)
			if kind != "added" {
				h.OldLines++
			}
			if kind != "removed" {
				h.NewLines++
			}
			h.Lines = append(h.Lines, api.DiffLine{Kind: kind, Text: strings.TrimSuffix(text, "\n")})
		}
	}
	at := from
	for _, c := range changes {
		put("same", a[at:c.a0])
		put("removed", a[c.a0:c.a1])
		put("added", b[c.b0:c.b1])
		at = c.a1
	}
	put("same", a[at:min(last.a1+diffContext, len(a))])
	return h
}

// linesOf cuts a text behind each end of line.
func linesOf(s string) []string {
	all := strings.SplitAfter(s, "\n")
	if n := len(all); all[n-1] == "" {
		all = all[:n-1]
	}
	return all
}

// compareLines returns what changed, ascending; the lines between are equal.
func compareLines(a, b []string) (out []change, coarse bool) {
	names := map[string]int{}
	number := func(lines []string) []int {
		all := make([]int, len(lines))
		for i, l := range lines {
			n, ok := names[l]
			if !ok {
				n = len(names)
				names[l] = n
			}
			all[i] = n
		}
		return all
	}
	c := comparison{a: number(a), b: number(b), steps: maxSteps}
	c.compare(0, len(a), 0, len(b))
	for _, h := range c.out {
		if n := len(out); n > 0 && out[n-1].a1 == h.a0 && out[n-1].b1 == h.b0 {
			out[n-1].a1, out[n-1].b1 = h.a1, h.b1
		} else {
			out = append(out, h)
		}
	}
	return out, c.coarse
}

// comparison is Myers' algorithm in linear space: "An O(ND) Difference Algorithm and
// Its Variations" (1986), section 4b.
type comparison struct {
	a, b   []int
	out    []change
	steps  int // that are left
	coarse bool
	v      [2][]int
}

func (c *comparison) compare(a0, a1, b0, b1 int) {
	for a0 < a1 && b0 < b1 && c.a[a0] == c.b[b0] {
		a0, b0 = a0+1, b0+1
	}
	for a0 < a1 && b0 < b1 && c.a[a1-1] == c.b[b1-1] {
		a1, b1 = a1-1, b1-1
	}
	if a0 == a1 && b0 == b1 {
		return
	}
	if a0 < a1 && b0 < b1 {
		if x, y, ok := c.middle(a0, a1, b0, b1); ok {
			c.compare(a0, x, b0, y)
			c.compare(x, a1, y, b1)
			return
		}
	}
	c.out = append(c.out, change{a0, a1, b0, b1})
}

// middle returns a point on a shortest way through the box, which is neither its
// beginning nor its end; false when there is none or it takes too long.
func (c *comparison) middle(a0, a1, b0, b1 int) (x, y int, ok bool) {
	n, m := a1-a0, b1-b0
	delta, size := n-m, n+m+3
	for i := range c.v {
		if len(c.v[i]) < 2*size {
			c.v[i] = make([]int, 2*size)
		}
	}
	fwd, back := c.v[0], c.v[1]
	fwd[size+1], back[size+1] = 0, 0
	for d := 0; d <= (n+m+1)/2; d++ {
		for k := -d; k <= d; k += 2 {
			x := step(fwd, size, k, d)
			from := x
			for x < n && x-k < m && c.a[a0+x] == c.b[b0+x-k] {
				x++
			}
			fwd[size+k] = x
			if c.steps -= 1 + x - from; c.steps < 0 {
				c.coarse = true
				return 0, 0, false
			}
			if r := delta - k; delta%2 != 0 && r >= -(d-1) && r <= d-1 && x+back[size+r] >= n {
				return c.point(a0, b0, n, m, from, from-k)
			}
		}
		for k := -d; k <= d; k += 2 {
			x := step(back, size, k, d)
			from := x
			for x < n && x-k < m && c.a[a1-1-x] == c.b[b1-1-x+k] {
				x++
			}
			back[size+k] = x
			c.steps -= 1 + x - from
			if r := delta - k; delta%2 == 0 && r >= -d && r <= d && x+fwd[size+r] >= n {
				return c.point(a0, b0, n, m, n-x, m-(x-k))
			}
		}
	}
	return 0, 0, false
}

// step is how far the ways with d edits get on diagonal k before what is equal.
func step(v []int, size, k, d int) int {
	if k == -d || k != d && v[size+k-1] < v[size+k+1] {
		return v[size+k+1]
	}
	return v[size+k-1] + 1
}

// point checks that a point divides the box.
func (c *comparison) point(a0, b0, n, m, x, y int) (int, int, bool) {
	if x < 0 || y < 0 || x > n || y > m || x+y == 0 || x+y == n+m {
		return 0, 0, false
	}
	return a0 + x, b0 + y, true
}
