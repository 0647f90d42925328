package project

import (
	"testing"

	"lyceum/internal/lyceum"
)

// Routes is the table, for the test that walks it from outside.
func Routes() (rows []Row) {
	for _, r := range routes() {
		rows = append(rows, Row{r.method, r.path, r.verb, r.system, r.open})
	}
	return rows
}

// Row is a row of the table.
type Row struct {
	Method, Path string
	Verb         lyceum.Verb
	System, Open bool
}

func TestEachRouteHasOneGuard(t *testing.T) {
	t.Parallel()
	for _, r := range Routes() {
		guards := 0
		for _, g := range []bool{r.Verb != "", r.System, r.Open} {
			if g {
				guards++
			}
		}
		if guards != 1 || r.Verb == lyceum.DoNothing {
			t.Errorf("%s %s has %d guards (verb %q), want one", r.Method, r.Path, guards, r.Verb)
		}
	}
}

func TestDecodePath(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in, want string
		ok       bool
	}{
		{"", "", true},
		{"a/b%20c.txt", "a/b c.txt", true},
		{"%E2%82%AC", "€", true},
		{"~x636166e9", "~x636166e9", true},
		{"a%2Fb", "", false},      // a name cannot hold a slash
		{"a//b", "", false},       // nor be empty
		{"a/", "", false},         //
		{"..", "", false},         //
		{"a/%2e%2e/b", "", false}, //
		{"a%00b", "", false},      //
		{"caf%E9", "", false},     // not UTF-8: it has an opaque name
		{"a%zz", "", false},       //
		{"a\nb", "a\nb", true},    // may exist
	} {
		got, err := decodePath(c.in)
		if got != c.want && c.ok || (err == nil) != c.ok {
			t.Errorf("decodePath(%q) = %q, %v; want %q, ok %v", c.in, got, err, c.want, c.ok)
		}
		if err != nil && !lyceum.IsKind(err, lyceum.Invalid) {
			t.Errorf("decodePath(%q): kind %v, want invalid", c.in, lyceum.KindOf(err))
		}
	}
}

func TestSniff(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, head string
		more       bool
		want       string
	}{
		{"nothing", "", false, textType},
		{"text", "héllo\n", false, textType},
		{"HTML is text", "<!doctype html><script>alert(1)</script>", false, textType},
		{"cut character", "h\xc3", true, textType},
		{"broken character", "h\xc3", false, bytesType},
		{"NUL", "a\x00b", false, bytesType},
		{"PNG", "\x89PNG\r\n\x1a\n\x00", false, "image/png"},
		{"PDF", "%PDF-1.4\n\xff\xfe", false, bytesType},
		{"only the ends of characters", "\x80\x80\x80\x80\x80\x80", true, bytesType},
	} {
		if got := sniff([]byte(c.head), c.more); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestFullPercent(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		free, total int64
		want        int
	}{{100, 100, 0}, {0, 100, 100}, {5, 100, 95}, {51, 1000, 94}, {0, 0, 0}} {
		if got := fullPercent(c.free, c.total); got != c.want {
			t.Errorf("fullPercent(%d, %d) = %d, want %d", c.free, c.total, got, c.want)
		}
	}
}

func TestAttachment(t *testing.T) {
	t.Parallel()
	got, want := attachment("a \"b\"\r\nü.txt"), "attachment; filename*=UTF-8''a%20%22b%22%0D%0A%C3%BC.txt"
	if got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// FuzzDecodePath holds that a path that is accepted names one thing inside the home.
func FuzzDecodePath(f *testing.F) {
	for _, s := range []string{"", "a/b", "a%2Fb", "%2e%2e/x", "~x2e2e", "a%00", "~x636166e9/%E2%82%AC", "//"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		path, err := decodePath(s)
		if err != nil {
			if !lyceum.IsKind(err, lyceum.Invalid) {
				t.Fatalf("kind %v, want invalid", lyceum.KindOf(err))
			}
			return
		}
		for i := range len(path) {
			if path[i] == 0 {
				t.Fatalf("%q holds a NUL", path)
			}
		}
		for _, bad := range []string{"..", "../", "/"} {
			if path == bad || len(path) > 3 && path[:3] == "../" {
				t.Fatalf("%q leads out", path)
			}
		}
	})
}
