package ydoc

import "slices"

// diffRows returns how the rows differ, as places in a and b. It first holds on
// to rows that occur once in each (patience), then takes the shortest edit
// between those.
func diffRows(a, b []int32, depth int) []hunk {
	lo := 0
	for lo < len(a) && lo < len(b) && a[lo] == b[lo] {
		lo++
	}
	a1, b1 := len(a), len(b)
	for a1 > lo && b1 > lo && a[a1-1] == b[b1-1] {
		a1--
		b1--
	}
	whole := hunk{lo, a1, lo, b1}
	if a1 == lo || b1 == lo {
		if whole.empty() {
			return nil
		}
		return []hunk{whole}
	}
	a, b = a[lo:a1], b[lo:b1]
	var out []hunk
	if anchors := anchorRows(a, b); len(anchors) > 0 && depth < maxDepthOfRows {
		from := [2]int{}
		for _, at := range append(anchors, [2]int{len(a), len(b)}) {
			out = appendMoved(out, diffRows(a[from[0]:at[0]], b[from[1]:at[1]], depth+1), lo+from[0], lo+from[1])
			from = [2]int{at[0] + 1, at[1] + 1}
		}
		return out
	}
	parts, ok := myers(a, b, maxRowEdits)
	if !ok {
		return []hunk{whole}
	}
	return appendMoved(out, parts, lo, lo)
}

const (
	maxDepthOfRows = 8
	maxRowEdits    = 400
)

func appendMoved(to, hs []hunk, a, b int) []hunk {
	for _, h := range hs {
		to = append(to, hunk{h.a0 + a, h.a1 + a, h.b0 + b, h.b1 + b})
	}
	return to
}

// anchorRows returns pairs of places of rows that occur once in a and once in
// b, as many as there are in the same order in both.
func anchorRows(a, b []int32) [][2]int {
	type seen struct{ inA, inB, at int }
	rows := make(map[int32]*seen)
	for i, r := range a {
		if s := rows[r]; s != nil {
			s.inA++
		} else {
			rows[r] = &seen{inA: 1, at: i}
		}
	}
	for _, r := range b {
		if s := rows[r]; s != nil {
			s.inB++
		}
	}
	var pairs [][2]int // ascending in b
	for j, r := range b {
		if s := rows[r]; s != nil && s.inA == 1 && s.inB == 1 {
			pairs = append(pairs, [2]int{s.at, j})
		}
	}
	return longestRising(pairs)
}

// longestRising returns the longest subsequence whose first numbers rise.
func longestRising(pairs [][2]int) [][2]int {
	var ends []int // by length less one: the pair that such a subsequence ends with
	before := make([]int, len(pairs))
	for i, p := range pairs {
		k, _ := slices.BinarySearchFunc(ends, p[0], func(e, v int) int { return pairs[e][0] - v })
		before[i] = -1
		if k > 0 {
			before[i] = ends[k-1]
		}
		if k == len(ends) {
			ends = append(ends, i)
		} else {
			ends[k] = i
		}
	}
	if len(ends) == 0 {
		return nil
	}
	out := make([][2]int, len(ends))
	for k, i := len(ends)-1, ends[len(ends)-1]; k >= 0; k, i = k-1, before[i] {
		out[k] = pairs[i]
	}
	return out
}

// myers returns the shortest edit from a to b, unless it takes more than limit
// insertions and deletions (E. Myers, An O(ND) Difference Algorithm, 1986).
func myers(a, b []int32, limit int) ([]hunk, bool) {
	limit = min(limit, len(a)+len(b))
	v := make([]int32, 2*limit+3) // furthest place in a, by diagonal
	var trace [][]int32           // v of each round, diagonals -d to d
	for d := 0; d <= limit; d++ {
		for k := -d; k <= d; k += 2 {
			x := int32(0)
			switch i := limit + 1 + k; {
			case d == 0:
			case k == -d || k != d && v[i-1] < v[i+1]:
				x = v[i+1]
			default:
				x = v[i-1] + 1
			}
			y := int(x) - k
			for int(x) < len(a) && y < len(b) && a[x] == b[y] {
				x++
				y++
			}
			v[limit+1+k] = x
			if int(x) >= len(a) && y >= len(b) {
				return walkBack(trace, len(a), len(b)), true
			}
		}
		trace = append(trace, slices.Clone(v[limit+1-d:limit+2+d]))
	}
	return nil, false
}

// walkBack reads the edits out of the rounds, from the end to the beginning.
func walkBack(trace [][]int32, x, y int) []hunk {
	var hs []hunk
	for d := len(trace); d > 0; d-- {
		v := trace[d-1] // diagonal k is at k+d-1
		k := x - y
		get := func(k int) int32 {
			if i := k + d - 1; i >= 0 && i < len(v) {
				return v[i]
			}
			return -1
		}
		// One step, down (insert) or right (delete), led to this diagonal.
		down := k == -d || k != d && get(k-1) < get(k+1)
		var h hunk
		if down {
			px := int(get(k + 1))
			h = hunk{px, px, px - (k + 1), px - (k + 1) + 1}
		} else {
			px := int(get(k - 1))
			h = hunk{px, px + 1, px - (k - 1), px - (k - 1)}
		}
		x, y = h.a0, h.b0
		if n := len(hs); n > 0 && hs[n-1].a0 == h.a1 && hs[n-1].b0 == h.b1 {
			hs[n-1].a0, hs[n-1].b0 = h.a0, h.b0
		} else {
			hs = append(hs, h)
		}
	}
	slices.Reverse(hs)
	return hs
}
