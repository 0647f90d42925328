package lyceum_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// rooms is the drawing of ARCHITECTURE.md: each room and its level. A room
// imports only rooms of lower levels; on level 0 every room may also import
// lyceum, the nouns. A package that is not here fails the test.
var rooms = map[string]int{
	"internal/lyceum":   0,
	"internal/ydoc":     0,
	"internal/term":     0,
	"internal/files":    0,
	"internal/archive":  0,
	"internal/preview":  0,
	"internal/cgroup":   0,
	"internal/jupyter":  0,
	"internal/notebook": 0,

	"internal/api":     1,
	"internal/rest":    1,
	"internal/fan":     1,
	"internal/lane":    1,
	"internal/compute": 1,
	"internal/ticket":  1,
	"internal/search":  1,

	"internal/postgres":        2,
	"internal/pgserver":        2,
	"internal/link":            2,
	"internal/socket":          2,
	"internal/compute/process": 2,
	"internal/git":             2,

	"internal/auth":       3,
	"internal/transfer":   3,
	"internal/lifecycle":  3,
	"internal/livedoc":    3,
	"internal/jupyterapi": 3,
	"internal/kernels":    3,

	"internal/hub":        4,
	"internal/project":    4,
	"internal/supervisor": 4,

	"cmd/lyceum": 5,
	"bench":      5,
	"web":        0,
}

// testRooms hold suites and fixtures that only tests import.
var testRooms = []string{"internal/compute/computetest", "internal/postgres/postgrestest"}

// sideways are the imports on one level that the drawing shows.
var sideways = map[[2]string]string{
	{"internal/rest", "internal/api"}: "rest writes api.Problem",
}

// owners names, for each outside library, the only rooms that may import it.
// A library is matched by prefix. "x/..." stands for golang.org/x.
var owners = map[string][]string{
	"github.com/danielgtaylor/huma":       {"internal/rest", "internal/hub"},
	"github.com/jackc/pgx":                {"internal/postgres", "bench"},
	"github.com/pressly/goose":            {"internal/postgres"},
	"github.com/fergusstrange":            {"internal/pgserver"},
	"github.com/coder/websocket":          {"internal/socket", "bench"},
	"github.com/creack/pty":               {"internal/term"},
	"github.com/fsnotify/fsnotify":        {"internal/files"},
	"github.com/alecthomas/kong":          {"cmd/lyceum"},
	"github.com/alecthomas/kong-yaml":     {"cmd/lyceum"},
	"gopkg.in/yaml.v3":                    {"cmd/lyceum"},
	"github.com/prometheus/client_golang": {"internal/rest", "internal/hub", "cmd/lyceum"},
	"golang.org/x/image":                  {"internal/preview"},
	"golang.org/x/text":                   {"internal/archive", "internal/preview", "internal/search", "internal/livedoc"},
	"github.com/klauspost/compress":       {"internal/archive", "internal/livedoc", "internal/transfer"},
	"github.com/xi2/xz":                   {"internal/archive"},
	"golang.org/x/crypto/argon2":          {"internal/auth"},
	"golang.org/x/crypto/acme":            {"cmd/lyceum"},
	"golang.org/x/sys":                    {"internal/cgroup", "internal/term", "internal/files", "internal/pgserver", "internal/compute/process", "internal/supervisor", "internal/project", "internal/livedoc", "internal/link", "internal/transfer", "cmd/lyceum"},
	"golang.org/x/time":                   {"internal/auth", "internal/rest"},
	"golang.org/x/sync":                   {"internal/lifecycle", "internal/hub", "internal/auth", "internal/postgres", "cmd/lyceum"},
}

type pkg struct {
	ImportPath string
	Standard   bool
	Imports    []string
}

// TestLayers reads the import graph and holds it against the drawing.
func TestLayers(t *testing.T) {
	t.Parallel()
	for _, p := range listPackages(t) {
		room := strings.TrimPrefix(p.ImportPath, "lyceum/")
		if slices.Contains(testRooms, room) {
			continue
		}
		level, ok := rooms[room]
		if !ok {
			t.Errorf("%s is not on the drawing: add it to ARCHITECTURE.md and to this table first", room)
			continue
		}
		for _, imp := range p.Imports {
			if problem := judge(room, level, imp); problem != "" {
				t.Errorf("%s imports %s: %s", room, imp, problem)
			}
		}
	}
}

// judge returns why room, on level, may not import imp, or "".
func judge(room string, level int, imp string) string {
	if ours, ok := strings.CutPrefix(imp, "lyceum/"); ok {
		if slices.Contains(testRooms, ours) {
			return "it is for tests only"
		}
		below, ok := rooms[ours]
		switch {
		case !ok:
			return "it is not on the drawing"
		case below < level, ours == "internal/lyceum" && room != ours:
			return ""
		case sideways[[2]string{room, ours}] != "":
			return ""
		}
		return "imports point down only"
	}
	if !strings.Contains(strings.SplitN(imp, "/", 2)[0], ".") {
		return "" // the standard library
	}
	best := ""
	for lib := range owners {
		if strings.HasPrefix(imp, lib) && len(lib) > len(best) {
			best = lib
		}
	}
	if best == "" {
		return "this library has no owner in the table"
	}
	if !slices.Contains(owners[best], room) {
		return "its owners are " + strings.Join(owners[best], ", ")
	}
	return ""
}

// TestJudgeRefuses makes sure that TestLayers can fail.
func TestJudgeRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ room, imp string }{
		{"internal/lyceum", "lyceum/internal/api"},
		{"internal/project", "lyceum/internal/hub"},
		{"internal/project", "github.com/jackc/pgx/v5"},
		{"internal/lyceum", "example.com/unknown"},
		{"internal/hub", "lyceum/internal/postgres/postgrestest"},
	} {
		if judge(c.room, rooms[c.room], c.imp) == "" {
			t.Errorf("%s may import %s, want it refused", c.room, c.imp)
		}
	}
	if why := judge("internal/hub", rooms["internal/hub"], "lyceum/internal/postgres"); why != "" {
		t.Errorf("hub may not import postgres: %s", why)
	}
}

func listPackages(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Standard,Imports", "./cmd/...", "./internal/...", "./web", "./bench").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []pkg
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}
