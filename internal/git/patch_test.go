package git

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
)

func TestLines(t *testing.T) {
	const before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n"
	for _, c := range []struct {
		name, before, after string
		lines               api.GitLines
		staged, discarded   string
	}{
		{"one of two hunks", before, strings.Replace(strings.Replace(before, "2\n", "two\n", 1), "11\n", "eleven\n", 1),
			api.GitLines{OldFrom: 2, OldTo: 3, NewFrom: 2, NewTo: 3}, strings.Replace(before, "2\n", "two\n", 1), strings.Replace(before, "11\n", "eleven\n", 1)},
		{"first line of a run", "a\nb\nc\n", "A\nB\nc\n", api.GitLines{OldFrom: 1, OldTo: 2, NewFrom: 1, NewTo: 2}, "A\nb\nc\n", "a\nB\nc\n"},
		{"last line of a run", "a\nb\nc\n", "A\nB\nc\n", api.GitLines{OldFrom: 2, OldTo: 3, NewFrom: 2, NewTo: 3}, "a\nB\nc\n", "A\nb\nc\n"},
		{"only what was added", "a\nc\n", "a\nb1\nb2\nc\n", api.GitLines{NewFrom: 3, NewTo: 4}, "a\nb2\nc\n", "a\nb1\nc\n"},
		{"only what was taken away", "a\nb1\nb2\nc\n", "a\nc\n", api.GitLines{OldFrom: 2, OldTo: 3}, "a\nb2\nc\n", "a\nb1\nc\n"},
		{"no line end", "a\nb", "a\nc", api.GitLines{OldFrom: 2, OldTo: 3, NewFrom: 2, NewTo: 3}, "a\nc", "a\nb"},
		{"line ends of Windows", "a\r\nb\r\n", "a\r\nB\r\n", api.GitLines{OldFrom: 2, OldTo: 3, NewFrom: 2, NewTo: 3}, "a\r\nB\r\n", "a\r\nb\r\n"},
		{"all of a file", "a\n", "", api.GitLines{OldFrom: 1, OldTo: 2}, "", "a\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			r := w.repo("")
			w.write("f.txt", c.before)
			w.commit(r, "Before")
			w.write("f.txt", c.after)
			l := w.lines(r, Index, Worktree, c.lines)
			w.must(r.StageLines(t.Context(), l))
			same(t, "staged", w.git("", "show", ":f.txt"), c.staged)
			wantKind(t, r.StageLines(t.Context(), l), lyceum.Conflict, "changed in between")
			w.must(r.UnstageLines(t.Context(), w.lines(r, Head, Index, api.GitLines{OldTo: 99, NewTo: 99})))
			same(t, "unstaged again", w.git("", "show", ":f.txt"), c.before)
			undo, err := r.DiscardLines(t.Context(), w.lines(r, Index, Worktree, c.lines), ada)
			w.must(err)
			same(t, "discarded", w.read("f.txt"), c.discarded)
			same(t, "what was discarded", w.git("", "show", undo+":f.txt"), c.after)
		})
	}
}

func (w *world) lines(r *Repo, old, new string, lines ...api.GitLines) Lines {
	w.t.Helper()
	d, err := r.Diff(w.t.Context(), "f.txt", "", old, new)
	w.must(err)
	return Lines{Path: "f.txt", Lines: lines, OldID: d.Old.ID, NewID: d.New.ID}
}

func TestLinesRefused(t *testing.T) {
	w := newWorld(t)
	r := w.repo("")
	w.write("f.txt", "a\n\x00")
	w.commit(r, "Binary")
	w.write("f.txt", "b\n\x00")
	wantKind(t, r.StageLines(t.Context(), w.lines(r, Index, Worktree, api.GitLines{OldFrom: 1, OldTo: 2})), lyceum.Conflict, "take the whole file")
	w.write("f.txt", "a\n")
	w.commit(r, "Text")
	w.write("f.txt", "b\n")
	wantKind(t, r.StageLines(t.Context(), w.lines(r, Index, Worktree, api.GitLines{OldFrom: 7, OldTo: 8})), lyceum.Conflict, "not changed")
}

// TestLinesAnyhow stages random changed lines one by one, in random order: in the
// end the index is the work tree.
func TestLinesAnyhow(t *testing.T) {
	w := newWorld(t)
	r := w.repo("")
	rng := rand.New(rand.NewPCG(1, 2))
	for round := range 5 {
		before, after := randomText(rng), randomText(rng)
		w.write("f.txt", before)
		w.commit(r, fmt.Sprint("round ", round))
		w.write("f.txt", after)
		for range 200 {
			l := w.lines(r, Index, Worktree)
			diff, err := r.read(t.Context(), "diff", "--no-indent-heuristic", "--diff-algorithm=myers", "--", "f.txt")
			w.must(err)
			if len(diff) == 0 {
				break
			}
			_, hunks, err := parsePatch(diff)
			w.must(err)
			var all []api.GitLines
			for _, h := range hunks {
				for _, x := range h.lines {
					switch x.sign {
					case '-':
						all = append(all, api.GitLines{OldFrom: x.number, OldTo: x.number + 1})
					case '+':
						all = append(all, api.GitLines{NewFrom: x.number, NewTo: x.number + 1})
					}
				}
			}
			l.Lines = all[rng.IntN(len(all)):][:1]
			if err := r.StageLines(t.Context(), l); err != nil {
				t.Fatalf("round %d, %+v of\n%s%v", round, l.Lines, diff, err)
			}
		}
		same(t, "the index", w.git("", "show", ":f.txt"), after)
		w.git("", "commit", "-q", "--allow-empty", "-m", "x")
	}
}

func randomText(rng *rand.Rand) string {
	var b strings.Builder
	for range 3 + rng.IntN(20) {
		fmt.Fprintf(&b, "%c\n", 'a'+rng.IntN(6))
	}
	return b.String()
}

// FuzzPatch: whatever the bytes, what is read is written again as it was, and
// taking lines out never fails in another way than by saying so.
func FuzzPatch(f *testing.F) {
	seeds, err := filepath.Glob("testdata/*.diff")
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range seeds {
		b, err := os.ReadFile(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, 1, 3, false)
	}
	f.Fuzz(func(t *testing.T, b []byte, from, to int, reverse bool) {
		out, err := selectLines(b, []api.GitLines{{OldFrom: from, OldTo: to, NewFrom: from, NewTo: to}}, reverse)
		if err != nil {
			return
		}
		if _, _, err := parsePatch(out); err != nil {
			t.Fatalf("what was made cannot be read: %v\n%q", err, out)
		}
	})
}

// FuzzOutput reads what git prints, or what stands in its place.
func FuzzOutput(f *testing.F) {
	f.Add([]byte("# branch.oid (initial)\x00# branch.head main\x00# branch.ab +1 -2\x00# stash 3\x001 .M N... 100644 100644 100644 aa bb a b.txt\x00? new\x00"))
	f.Add([]byte("2 R. N... 100644 100644 100644 aa bb R100 new\x00old\x00u UU N... 100644 100644 100644 100644 aa bb cc x\x00! ign/\x00"))
	f.Add([]byte("M\x00a\x00R100\x00a\x00b\x00"))
	f.Add([]byte(strings.Repeat("a", 40) + "\x00\x00Ada\x00a@b\x001\x00Ada\x00a@b\x001\x00HEAD -> main, x\x00Subject\x00Body\n\x00\n"))
	f.Add([]byte("Receiving objects:  45% (450/1000), 1.2 MiB | 2 MiB/s"))
	f.Add([]byte("refs/heads/main\x00*\x00aa\x001\x00origin/main\x00ahead 1, behind 2\x00\x00Subject\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := parseStatus(b); err == nil {
			for _, c := range p.changes {
				if c.Path == "" {
					t.Fatalf("a change without a path: %+v", c)
				}
			}
		}
		if list, err := parseNames(b); err == nil {
			for _, c := range list {
				if c.Path == "" || c.Index == "" {
					t.Fatalf("got %+v", c)
				}
			}
		}
		if list, err := parseLog(b); err == nil {
			for _, c := range list {
				if !isID(c.ID) {
					t.Fatalf("got %+v", c)
				}
			}
		}
		parseBranches(string(b))
		if p, ok := parseProgress(string(b)); ok && (p.Percent < -1 || p.Percent > 100 || p.Phase == "") {
			t.Fatalf("got %+v", p)
		}
		_ = sayAgain(&failure{said: redact(string(b))})
	})
}
