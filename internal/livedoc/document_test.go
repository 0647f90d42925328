package livedoc

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lyceum/internal/api"
	"lyceum/internal/ydoc"
)

func TestTwoEditOneFile(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.write("a.py", "print(1)\n")
	ada, grace := h.edit("a.py"), h.edit("a.py")
	ada.waitText(t, "print(1)\n")
	if ada.hello.Path != "a.py" || *ada.hello.ReadOnly || !validID(ada.hello.Doc) || !validID(ada.hello.Epoch) {
		t.Errorf("hello is %+v", ada.hello)
	}
	ada.insert(0, "# one\n")
	grace.waitText(t, "# one\nprint(1)\n")
	grace.insert(len("# one\n"), "# two\n")
	ada.waitText(t, "# one\n# two\nprint(1)\n")
	ada.waitSaved(t)
	grace.waitSaved(t)
	h.waitFile("a.py", "# one\n# two\nprint(1)\n")
	ada.waitState(t, "clean")
	if got := ada.seen; !slices.Contains(got, "dirty") {
		t.Errorf("states of the file were %v, want dirty among them", got)
	}
	want := []api.OpenDocument{{Path: "a.py", State: "clean", Viewers: []api.Viewer{{Name: "Ada"}, {Name: "Ada"}}}}
	got := h.Open()
	for i := range got[0].Viewers {
		got[0].Viewers[i].Account = ""
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("open documents (-got +want): %s", diff)
	}
}

// An untouched file keeps its bytes, and so do the parts of it that nobody edited.
func TestFormIsKept(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ disk, shared, saved string }{
		"plain":            {"a\nb\n", "a\nb\n", "!a\nb\n"},
		"no final newline": {"a\nb", "a\nb", "!a\nb"},
		"crlf":             {"a\r\nb\r\n", "a\nb\n", "!a\r\nb\r\n"},
		"mixed":            {"a\r\nb\nc\rd", "a\r\nb\nc\rd", "!a\r\nb\nc\rd"},
		"bom":              {"\ufeffa\n", "a\n", "\ufeff!a\n"},
		"bom and crlf":     {"\ufeffa\r\n", "a\n", "\ufeff!a\r\n"},
		"empty":            {"", "", "!"},
		"beyond the BMP":   {"🏛\r\n", "🏛\n", "!🏛\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHome(t)
			h.write("f", c.disk)
			ada := h.edit("f")
			ada.waitText(t, c.shared)
			h.restart()
			if got := h.content("f"); got != c.disk {
				t.Errorf("after opening the file has %q, want %q", got, c.disk)
			}
			grace := h.edit("f")
			grace.waitText(t, c.shared)
			grace.insert(0, "!")
			h.waitFile("f", c.saved)
		})
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.write("binary", "a\x00b")
	h.write("cyrillic", "\xcf\xf0\xe8")
	h.write("large", strings.Repeat("x", api.MaxDocumentBytes+1))
	if err := os.Mkdir(filepath.Join(h.dir, "folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(h.dir, "n\xff"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{
		"binary": CloseNotText, "cyrillic": CloseNotText, "large": CloseTooLarge, "folder": CloseNotText,
		"missing": CloseGone, "no/such": CloseGone, "../x": CloseNotText, "~x6eff": CloseNotText,
	} {
		if got := h.refused(path); got != want {
			t.Errorf("%s is refused with %d, want %d", path, got, want)
		}
	}
}

func TestReadOnly(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.write("a", "one")
	ada := h.edit("a")
	viewer := h.edit("a", func(v *Viewer) { v.ReadOnly = true })
	if !*viewer.hello.ReadOnly {
		t.Error("hello does not say read-only")
	}
	viewer.send(encodeAwareness([]ydoc.AwarenessState{{Client: 7, Clock: 1, State: []byte(`{"cursor":1}`)}}))
	ada.wait(t, "the viewer's cursor", func() bool { return ada.aware[7] == `{"cursor":1}` })
	ada.insert(3, " two")
	viewer.waitText(t, "one two")

	// What it has as step 2 is ignored.
	other := ydoc.New(ydoc.Config{})
	u := other.Transact(func(tx *ydoc.Tx) { _ = other.Text(api.TextRoot).Insert(tx, 0, "forged ") })
	viewer.send(encodeStep2(u))
	viewer.send([]byte{byte(ydoc.MessageQuery)})
	viewer.send(encodeUpdate(u))
	if got := viewer.waitClosed(t); got != CloseForbidden {
		t.Errorf("closed with %d, want %d", got, CloseForbidden)
	}
	ada.wait(t, "the viewer's cursor to go", func() bool { return len(ada.aware) == 0 })
	if got := ada.read(); got != "one two" {
		t.Errorf("the text is %q, want it unchanged", got)
	}
}

func TestEpochs(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.write("a", "one")
	ada := h.edit("a")
	first := ada.hello
	ada.stop()
	h.restart()
	again := h.join("a", ada, func(v *Viewer) { v.Epoch = first.Epoch })
	again.waitSynced(t)
	if again.hello.Epoch != first.Epoch || again.hello.Doc != first.Doc {
		t.Errorf("after a restart hello is %+v, want %+v", again.hello, first)
	}
	again.waitText(t, "one")
	again.stop()

	// The log is lost: the state must not be merged with that of the next epoch.
	h.restart(func() {
		if err := os.RemoveAll(filepath.Join(h.cfg.State, first.Doc)); err != nil {
			t.Fatal(err)
		}
	})
	if got := h.refused("a", func(v *Viewer) { v.Epoch = first.Epoch }); got != CloseEpoch {
		t.Errorf("a client that states the old epoch is closed with %d, want %d", got, CloseEpoch)
	}
	if got := h.join("a", ada).waitClosed(t); got != CloseEpoch {
		t.Errorf("a client with the old state is closed with %d, want %d", got, CloseEpoch)
	}
	fresh := h.edit("a")
	fresh.waitText(t, "one")
	if fresh.hello.Epoch == first.Epoch || fresh.hello.Doc != first.Doc {
		t.Errorf("hello is %+v, want another epoch of the same document", fresh.hello)
	}
	// One that learnt of the old epoch from another tab.
	fresh.send(encodeUpdate(ada.y.EncodeState(nil)))
	if got := fresh.waitClosed(t); got != CloseEpoch {
		t.Errorf("an update of the old epoch closes with %d, want %d", got, CloseEpoch)
	}
}

func TestProtocolErrors(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.write("a", "one")
	for name, b := range map[string][]byte{
		"empty":           {},
		"unknown kind":    {9},
		"auth":            {2, 0},
		"ours":            {100, 2, '{', '}'},
		"cut":             {0, 2, 9, 1},
		"no update":       {0, 2, 3, 255, 255, 255},
		"no state vector": {0, 0, 3, 255, 255, 255},
		"trailing":        {3, 0},
		"awareness":       encodeAwareness([]ydoc.AwarenessState{{Client: 1, Clock: 1, State: []byte("{")}}),
		"big awareness":   encodeAwareness([]ydoc.AwarenessState{{Client: 1, Clock: 1, State: []byte(`"` + strings.Repeat("x", maxState) + `"`)}}),
	} {
		c := h.edit("a")
		c.send(b)
		if got := c.waitClosed(t); got != CloseProtocol {
			t.Errorf("%s: closed with %d, want %d", name, got, CloseProtocol)
		}
	}
}

func TestTooLargeByEditing(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.write("a", strings.Repeat("x", api.MaxDocumentBytes-10))
	ada, grace := h.edit("a"), h.edit("a")
	ada.insert(0, "12345")
	ada.waitSaved(t)
	ada.insert(0, "123456")
	if got := ada.waitClosed(t); got != CloseTooLarge {
		t.Fatalf("closed with %d, want %d", got, CloseTooLarge)
	}
	grace.remove(0, 100)
	grace.insert(0, "now it fits")
	grace.waitSaved(t)
	if got := len(grace.read()); got != api.MaxDocumentBytes-5-100+11 {
		t.Errorf("the text has %d bytes", got)
	}
}
