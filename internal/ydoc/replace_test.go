package ydoc

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestDiff(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, a, b, want string }{
		{"equal", "a\nb\n", "a\nb\n", ""},
		{"all new", "", "text", "+text"},
		{"all gone", "text", "", "-text"},
		{"a word", "one two three\n", "one 2 three\n", "-two+2"},
		{"a line more", "a\nb\nc\n", "a\nb\nx\nc\n", "+x\n"},
		{"a line less", "a\nb\nc\n", "a\nc\n", "-b\n"},
		{"two places", "int a = 1;\nsame\nint b = 2;\n", "int a = 10;\nsame\nint bb = 2;\n", "+0 +b"},
		{"half of a pair differs", "x😀y", "x😁y", "-😀+😁"},
		{"last byte alike", "xéy", "xĩy", "-é+ĩ"},
		{"line feed at the end", "a", "a\n", "+\n"},
		{"repeated lines", "}\n}\n}\n", "}\n}\n}\n}\n", "+}\n"},
		{"nothing alike", "abc def", "123-456", "-abc def+123-456"},
	} {
		var got []string
		for _, h := range diff(c.a, c.b) {
			e := ""
			if h.a0 < h.a1 {
				e += "-" + c.a[h.a0:h.a1]
			}
			if h.b0 < h.b1 {
				e += "+" + c.b[h.b0:h.b1]
			}
			got = append(got, e)
		}
		if got := strings.Join(got, " "); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestReplaceWith turns random texts into others.
func TestReplaceWith(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 2))
	d := New(Config{})
	text := d.Text("text")
	lineOf := func() string { return strings.Repeat(wordList[rnd.IntN(len(wordList))], rnd.IntN(6)) + "\n" }
	for i := range 2000 {
		rows := strings.SplitAfter(text.String(), "\n")
		for range rnd.IntN(4) {
			k := rnd.IntN(len(rows))
			switch rnd.IntN(3) {
			case 0:
				rows[k] = lineOf()
			case 1:
				rows[k] += lineOf()
			default:
				rows[k] = ""
			}
		}
		want := strings.Join(rows, "")
		if len(want) > 5000 {
			want = want[:1000]
		}
		d.Transact(func(tx *Tx) { must(t, text.ReplaceWith(tx, want)) })
		if got, want := text.String(), strings.ToValidUTF8(want, "\uFFFD"); got != want {
			t.Fatalf("step %d: %q, want %q", i, got, want)
		}
	}
}

// TestReplaceWithIsSmall changes 8 lines of a long text: the update must be
// about those lines only, whatever else is alike.
func TestReplaceWithIsSmall(t *testing.T) {
	t.Parallel()
	var rows []string
	for i := range 3000 {
		rows = append(rows, fmt.Sprintf("line %d of the text, end\n", i%700))
	}
	d := New(Config{Client: 1})
	text := d.Text("text")
	d.Transact(func(tx *Tx) { must(t, text.Insert(tx, 0, strings.Join(rows, ""))) })
	for i := range 8 {
		rows[i*300+7] = strings.Replace(rows[i*300+7], "the", "our", 1)
	}
	update := d.Transact(func(tx *Tx) { must(t, text.ReplaceWith(tx, strings.Join(rows, ""))) })
	if got, want := text.String(), strings.Join(rows, ""); got != want {
		t.Error("the text is another")
	}
	if len(update) > 300 {
		t.Errorf("the update takes %d bytes", len(update))
	}
}

// TestReplaceWithInOneLongLine changes two distant places of a text without line
// feeds: what is between them stays, with the edits that others make there.
func TestReplaceWithInOneLongLine(t *testing.T) {
	t.Parallel()
	for _, size := range []int{3_000, 30_000, 1_000_000} {
		old := strings.Repeat("[0.125,17],", size/11)
		d := New(Config{})
		d.Transact(func(tx *Tx) {
			if err := d.Text("text").Insert(tx, 0, old); err != nil {
				t.Error(err)
			}
		})
		want := old[:5] + "999" + old[5:len(old)-5] + "888" + old[len(old)-5:]
		update := d.Transact(func(tx *Tx) {
			if err := d.Text("text").ReplaceWith(tx, want); err != nil {
				t.Error(err)
			}
		})
		if got := d.Text("text").String(); got != want {
			t.Errorf("%d characters: the text is not what it was replaced with", size)
		}
		if len(update) > 200 {
			t.Errorf("%d characters: the update has %d bytes, want two small insertions", size, len(update))
		}
	}
}
