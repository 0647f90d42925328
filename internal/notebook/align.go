package notebook

// Match says for each cell of a notebook which of the cells that it had before it is,
// -1 for a new one: by its id, and where there is none by what it says, and else by
// its place between others. No old cell is named twice.
func Match(old, now []Cell) []int {
	found := make([]int, len(now))
	byID, taken := map[string]int{}, make([]bool, len(old))
	for i := range old {
		if _, ok := byID[old[i].ID]; !ok && old[i].ID != "" {
			byID[old[i].ID] = i
		}
	}
	var left, free []int
	for i := range now {
		j, ok := byID[now[i].ID]
		if found[i] = -1; ok && !taken[j] {
			found[i], taken[j] = j, true
		} else if now[i].ID == "" || len(byID) < len(old) {
			left = append(left, i)
		}
	}
	for i := range old {
		if !taken[i] {
			free = append(free, i)
		}
	}
	for _, p := range align(len(left), len(free), func(a, b int) bool {
		c, o := &now[left[a]], &old[free[b]]
		return c.Type == o.Type && c.Source == o.Source
	}) {
		i, j := left[p[0]], free[p[1]]
		if now[i].ID == "" || old[j].ID == "" { // two ids are two cells
			found[i] = j
		}
	}
	return found
}

// maxAlign bounds the table of align: pairs that are looked at.
const maxAlign = 4 << 20

// align pairs two lists in order: what is equal, as much of it as can be, and what
// lies between two such pairs one by one. Pairs come in order.
func align(n, m int, equal func(a, b int) bool) [][2]int {
	head := 0
	for head < min(n, m) && equal(head, head) {
		head++
	}
	tail := 0
	for tail < min(n, m)-head && equal(n-1-tail, m-1-tail) {
		tail++
	}
	var pairs [][2]int
	for i := range head {
		pairs = append(pairs, [2]int{i, i})
	}
	a, b := head, head
	between := func(toA, toB int) {
		for ; a < toA && b < toB; a, b = a+1, b+1 {
			pairs = append(pairs, [2]int{a, b})
		}
		a, b = toA, toB
	}
	for _, p := range common(n-head-tail, m-head-tail, func(a, b int) bool { return equal(head+a, head+b) }) {
		between(head+p[0], head+p[1])
		pairs = append(pairs, [2]int{a, b})
		a, b = a+1, b+1
	}
	between(n-tail, m-tail)
	for i := range tail {
		pairs = append(pairs, [2]int{n - tail + i, m - tail + i})
	}
	return pairs
}

// common returns a longest common subsequence, none where looking for it would be
// too much work.
func common(n, m int, equal func(a, b int) bool) [][2]int {
	if n == 0 || m == 0 || n*m > maxAlign {
		return nil
	}
	best := make([]int32, (n+1)*(m+1))
	at := func(i, j int) *int32 { return &best[i*(m+1)+j] }
	same := make([]bool, n*m)
	for i := n - 1; i >= 0; i-- {
		for j := m - 1; j >= 0; j-- {
			if equal(i, j) {
				same[i*m+j] = true
				*at(i, j) = *at(i+1, j+1) + 1
			} else {
				*at(i, j) = max(*at(i+1, j), *at(i, j+1))
			}
		}
	}
	var pairs [][2]int
	for i, j := 0, 0; i < n && j < m; {
		switch {
		case same[i*m+j]:
			pairs = append(pairs, [2]int{i, j})
			i, j = i+1, j+1
		case *at(i+1, j) >= *at(i, j+1):
			i++
		default:
			j++
		}
	}
	return pairs
}
