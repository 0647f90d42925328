package transfer_test

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
	"lyceum/internal/postgres/postgrestest"
	"lyceum/internal/transfer"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

// site is one that is exported.
type site struct {
	t        *testing.T
	db       *postgres.DB
	homes    string
	projects []lyceum.Project
}

func newSite(t *testing.T, projects int) *site {
	t.Helper()
	s := &site{t: t, db: postgrestest.New(t), homes: t.TempDir()}
	ada, err := s.db.CreateAccount(t.Context(), postgres.Act{}, postgres.NewAccount{Name: "Ada\tLovelace\\N\n", Email: "ada@example.org", Admin: true})
	if err != nil {
		t.Fatal(err)
	}
	for i := range projects {
		p, err := s.db.CreateProject(t.Context(), postgres.Act{Actor: lyceum.Actor{Account: ada.ID}}, postgres.NewProject{Name: fmt.Sprint("Tides ", i)})
		if err != nil {
			t.Fatal(err)
		}
		s.projects = append(s.projects, p)
	}
	if _, err := s.db.SigningKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *site) path(project int, name string) string {
	return filepath.Join(s.homes, string(s.projects[project].ID), name)
}

func (s *site) write(project int, name, text string) {
	s.t.Helper()
	at := s.path(project, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(at), 0o755), os.WriteFile(at, []byte(text), 0o644)); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) export() ([]byte, transfer.Report) {
	s.t.Helper()
	var b bytes.Buffer
	r, err := transfer.Export(s.t.Context(), transfer.Source{DB: s.db, Homes: s.homes, Version: "test"}, &b)
	if err != nil {
		s.t.Fatal(err)
	}
	return b.Bytes(), r
}

// imported is what became of an export.
func imported(t *testing.T, export []byte) (*site, transfer.Report, error) {
	t.Helper()
	url := postgrestest.EmptyURL(t)
	s := &site{t: t, homes: filepath.Join(t.TempDir(), "projects")}
	r, err := transfer.Import(t.Context(), transfer.Target{DatabaseURL: lyceum.Secret(url), Homes: s.homes}, bytes.NewReader(export))
	if err != nil {
		return s, r, err
	}
	s.db, err = postgres.Open(t.Context(), url, postgres.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.db.Close)
	return s, r, nil
}

// tree describes all that is in a folder.
func tree(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	inodes := map[uint64]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%q %v", name, info.Mode())
		switch {
		case info.Mode().IsRegular():
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, " %d %.60q %v", len(text), text, info.ModTime().UnixNano())
			st := info.Sys().(*syscall.Stat_t)
			if st.Nlink > 1 {
				if inodes[st.Ino] == "" {
					inodes[st.Ino] = name
				}
				fmt.Fprintf(&b, " is %q", inodes[st.Ino])
			}
		case info.Mode()&fs.ModeSymlink != 0:
			target, err := os.Readlink(path)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, " to %q", target)
		case path != dir:
			fmt.Fprintf(&b, " %v", info.ModTime().UnixNano())
		}
		b.WriteByte('\n')
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// rows are the rows of all tables.
func rows(t *testing.T, db *postgres.DB) string {
	t.Helper()
	s, err := db.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var b strings.Builder
	for _, table := range s.Tables {
		fmt.Fprintf(&b, "== %s\n", table.Name)
		if _, err := s.Copy(t.Context(), table, &b); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

// What comes out is what went in: every row, every file, its times, modes and links.
func TestThereAndBack(t *testing.T) {
	t.Parallel()
	s := newSite(t, 3)
	s.write(0, "a.txt", "one\n")
	s.write(0, ".local/state/lyceum/documents/x/00000001.log", "\x00\x01log")
	s.write(0, "with\nnew line/\xff\xfe bytes", "odd")
	s.write(0, strings.Repeat("deep/", 20)+strings.Repeat("n", 200), "far down")
	s.write(0, "locked/inside", "kept")
	s.write(1, "sparse", "")
	old := time.Date(1999, 12, 31, 23, 59, 59, 123456789, time.UTC)
	err := errors.Join(
		os.Truncate(s.path(1, "sparse"), 8<<20),
		os.Symlink("/etc/passwd", s.path(0, "out")),
		os.Symlink("nowhere", s.path(0, "broken")),
		os.Link(s.path(0, "a.txt"), s.path(0, "deep/b.txt")),
		os.Chmod(s.path(0, "a.txt"), 0o751),
		os.Chtimes(s.path(0, "a.txt"), old, old),
		syscall.Mkfifo(s.path(0, "pipe"), 0o600),
		os.Mkdir(s.path(1, "empty"), 0o700),
		os.Chtimes(s.path(1, "empty"), old, old),
		os.Chmod(s.path(0, "locked"), 0o555),
	)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(s.path(0, "locked"), 0o755) })
	export, said := s.export()
	if len(said.Left) != 1 || !strings.HasSuffix(said.Left[0], "/pipe") || said.Projects != 3 || said.Of != 3 {
		t.Errorf("the export reports %+v, want the pipe left out and 3 projects", said)
	}
	got, did, err := imported(t, export)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(filepath.Join(got.homes, string(s.projects[0].ID), "locked"), 0o755) })
	if did.Files != said.Files || did.Bytes != said.Bytes || did.Rows != said.Rows || did.Projects != 3 {
		t.Errorf("imported %+v of %+v", did, said)
	}
	if a, b := tree(t, got.homes), tree(t, s.homes); files(a) != files(b) {
		t.Errorf("the files are\n%s\nwant\n%s", files(a), files(b))
	}
	if a, b := rows(t, got.db), rows(t, s.db); a != b {
		t.Errorf("the rows are\n%s\nwant\n%s", a, b)
	}
	// And it goes on: numbers that are given out are new ones.
	if _, err := got.db.CreateAccount(t.Context(), postgres.Act{}, postgres.NewAccount{Name: "Grace", Email: "grace@example.org"}); err != nil {
		t.Error(err)
	}
	if fi, err := os.Stat(filepath.Join(got.homes, string(s.projects[1].ID), "sparse")); err != nil || fi.Sys().(*syscall.Stat_t).Blocks > 64 {
		t.Errorf("a file of zeros takes %v", fi.Sys().(*syscall.Stat_t).Blocks)
	}
}

// files are the lines of a tree without the folder itself, which each site has made,
// and without the pipe, which is no file.
func files(tree string) string {
	var kept []string
	for _, line := range strings.Split(tree, "\n")[1:] {
		if !strings.Contains(line, "/pipe\"") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}

// Run as root, all files of a project are those of its new user.
func TestUsers(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can give files to others")
	}
	s := newSite(t, 2)
	s.write(0, "a/b", "x")
	s.write(1, "c", "y")
	if err := os.Symlink("b", s.path(0, "a/l")); err != nil {
		t.Fatal(err)
	}
	export, _ := s.export()
	url, homes := postgrestest.EmptyURL(t), t.TempDir()
	target := transfer.Target{DatabaseURL: lyceum.Secret(url), Homes: homes, FirstUID: 4_000_001, UIDs: 1}
	if _, err := transfer.Import(t.Context(), target, bytes.NewReader(export)); !lyceum.IsKind(err, lyceum.Exhausted) || !strings.Contains(err.Error(), "--uids") {
		t.Errorf("two projects with one user: %v", err)
	}
	target.UIDs = 2
	if _, err := transfer.Import(t.Context(), target, bytes.NewReader(export)); err != nil {
		t.Fatal(err)
	}
	for i, p := range s.projects {
		err := filepath.WalkDir(filepath.Join(homes, string(p.ID)), func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := d.Info()
			if err == nil && info.Sys().(*syscall.Stat_t).Uid != uint32(4_000_001+i) {
				t.Errorf("%s belongs to %d", path, info.Sys().(*syscall.Stat_t).Uid)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// A site that is there is not touched, nor are files that nobody knows of.
func TestOnlyIntoEmpty(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	s.write(0, "a", "x")
	export, _ := s.export()
	there, _, err := imported(t, export)
	if err != nil {
		t.Fatal(err)
	}
	before, files := rows(t, there.db), tree(t, there.homes)
	url := postgrestest.URL(t)
	db, err := postgres.Open(t.Context(), url, postgres.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.SigningKey(t.Context()); err != nil { // as a server that was started once
		t.Fatal(err)
	}
	target := transfer.Target{DatabaseURL: lyceum.Secret(url), Homes: there.homes}
	if _, err := transfer.Import(t.Context(), target, bytes.NewReader(export)); !lyceum.IsKind(err, lyceum.Conflict) || !strings.Contains(err.Error(), string(s.projects[0].ID)) {
		t.Errorf("a home that is there: %v", err)
	}
	if got := tree(t, there.homes); got != files {
		t.Errorf("the files are\n%s\nwant\n%s", got, files)
	}
	target.Homes = t.TempDir()
	if _, err := transfer.Import(t.Context(), target, bytes.NewReader(export)); err != nil {
		t.Fatal(err)
	}
	if got := rows(t, db); got != before {
		t.Errorf("the rows are\n%s\nwant\n%s", got, before)
	}
	if _, err := transfer.Import(t.Context(), target, bytes.NewReader(export)); !lyceum.IsKind(err, lyceum.Conflict) || !strings.Contains(err.Error(), "a site already") {
		t.Errorf("a second time: %v", err)
	}
}

// Whatever is cut off, damaged, foreign or forged leaves nothing behind.
func TestBroken(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	s.write(0, "a", strings.Repeat("some text ", 1000))
	export, _ := s.export()
	project := "projects/" + string(s.projects[0].ID) + "/"
	flipped := bytes.Clone(export)
	flipped[len(flipped)/2] ^= 0x40
	cases := map[string]struct {
		export []byte
		want   string
	}{
		"nothing":        {nil, "cut off"},
		"half":           {export[:len(export)/2], "cut off"},
		"no last byte":   {export[:len(export)-1], "cut off"},
		"a flipped bit":  {flipped, ""},
		"something else": {[]byte("PK\x03\x04 is a zip file"), "no export"},
		"a foreign tar":  {pack(t, member{name: "hello", text: "x"}), "begins with"},
		"a later format": {edit(t, export, "site.json", func(b []byte) []byte { return bytes.Replace(b, []byte(`"format": 1`), []byte(`"format": 2`), 1) }), "format 2"},
		"a later schema": {edit(t, export, "site.json", func(b []byte) []byte { return bytes.Replace(b, []byte(`"schema": `), []byte(`"schema": 9`), 1) }), "knows schemas"},
		"no JSON":        {edit(t, export, "site.json", func([]byte) []byte { return []byte("{") }), "site.json cannot be read"},
		"an unknown table": {edit(t, export, "site.json", func(b []byte) []byte {
			return bytes.Replace(b, []byte(`"name": "audit"`), []byte(`"name": "pg_authid"`), 1)
		}), "pg_authid"},
		"broken rows":      {edit(t, export, "database/accounts/1", func([]byte) []byte { return []byte("what\tis this\n") }), "accounts"},
		"a row less":       {edit(t, export, "database/secrets/1", func([]byte) []byte { return nil }), "lacks something"},
		"a file changed":   {edit(t, export, project+"a", func([]byte) []byte { return []byte("short") }), "lacks something"},
		"out of the home":  {insert(t, export, "end.json", member{name: project + "../../x", text: "x"}), "does not belong"},
		"an absolute name": {insert(t, export, "end.json", member{name: "/etc/x", text: "x"}), "does not belong"},
		"through a link":   {insert(t, export, "end.json", member{name: project + "l", kind: tar.TypeSymlink, link: "/tmp"}, member{name: project + "l/x", text: "x"}), ""},
		"a stranger's link": {insert(t, export, "end.json", member{name: project + "l", kind: tar.TypeLink, link: "projects/00000000-0000-4000-8000-000000000000/a"}),
			"another project"},
		"a device":            {insert(t, export, "end.json", member{name: project + "null", kind: tar.TypeChar}), "of kind"},
		"a project too many":  {insert(t, export, "end.json", member{name: "projects/00000000-0000-4000-8000-000000000000/", kind: tar.TypeDir}), "not where they belong"},
		"behind the end":      {insert(t, export, "", member{name: project + "b", text: "x"}), "after its end"},
		"rows behind the end": {insert(t, export, "end.json", member{name: "database/accounts/2", text: "x"}), "not where it belongs"},
	}
	url, homes := postgrestest.EmptyURL(t), filepath.Join(t.TempDir(), "projects")
	target := transfer.Target{DatabaseURL: lyceum.Secret(url), Homes: homes}
	for name, c := range cases {
		_, err := transfer.Import(t.Context(), target, bytes.NewReader(c.export))
		if err == nil || !strings.Contains(err.Error(), c.want) || c.want != "" && !lyceum.IsKind(err, lyceum.Invalid) {
			t.Errorf("%s: %v, want an error with %q", name, err, c.want)
		}
		if entries, err := os.ReadDir(homes); !errors.Is(err, fs.ErrNotExist) && (err != nil || len(entries) > 0) {
			t.Errorf("%s: left %v, %v", name, entries, err)
		}
	}
	// After all of these the good one still goes in.
	if _, err := transfer.Import(t.Context(), target, bytes.NewReader(export)); err != nil {
		t.Error(err)
	}
}

// It ends when it is told to, and leaves nothing.
func TestCancel(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	s.write(0, "a", "x")
	export, _ := s.export()
	ctx, cancel := context.WithCancel(t.Context())
	target := transfer.Target{DatabaseURL: lyceum.Secret(postgrestest.EmptyURL(t)), Homes: t.TempDir()}
	r := io.MultiReader(bytes.NewReader(export[:len(export)-20]), reader(func([]byte) (int, error) { cancel(); return 0, ctx.Err() }))
	if _, err := transfer.Import(ctx, target, r); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want canceled", err)
	}
	if _, err := transfer.Export(ctx, transfer.Source{DB: s.db, Homes: s.homes}, io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want canceled", err)
	}
	if _, err := transfer.Import(t.Context(), target, bytes.NewReader(export)); err != nil {
		t.Error(err)
	}
}

type reader func([]byte) (int, error)

func (r reader) Read(b []byte) (int, error) { return r(b) }

type member struct {
	name, text, link string
	kind             byte
}

func pack(t *testing.T, members ...member) []byte {
	t.Helper()
	var b bytes.Buffer
	z, err := zstd.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(z)
	for _, m := range members {
		if m.kind == 0 {
			m.kind = tar.TypeReg
		}
		if err := w.WriteHeader(&tar.Header{Name: m.name, Linkname: m.link, Typeflag: m.kind, Size: int64(len(m.text)), Mode: 0o644, Format: tar.FormatPAX}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, m.text); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func unpack(t *testing.T, export []byte) (all []member) {
	t.Helper()
	z, err := zstd.NewReader(bytes.NewReader(export))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, member{h.Name, string(text), h.Linkname, h.Typeflag})
	}
}

// edit is the export with a member changed.
func edit(t *testing.T, export []byte, name string, change func([]byte) []byte) []byte {
	t.Helper()
	all := unpack(t, export)
	for i, m := range all {
		if m.name == name {
			all[i].text = string(change([]byte(m.text)))
			if all[i].text == m.text {
				t.Fatalf("%s was not changed: %s", name, m.text)
			}
			return pack(t, all...)
		}
	}
	t.Fatalf("the export has no %s", name)
	return nil
}

// insert is the export with members put in before one, "" for the end. What the end
// says of their number is made right.
func insert(t *testing.T, export []byte, before string, more ...member) []byte {
	t.Helper()
	var all []member
	for _, m := range unpack(t, export) {
		if m.name == before {
			all = append(all, more...)
		}
		if m.name == "end.json" {
			var end map[string]any
			if err := json.Unmarshal([]byte(m.text), &end); err != nil {
				t.Fatal(err)
			}
			for _, a := range more {
				end["files"] = end["files"].(float64) + 1
				end["bytes"] = end["bytes"].(float64) + float64(len(a.text))
			}
			b, err := json.Marshal(end)
			if err != nil {
				t.Fatal(err)
			}
			m.text = string(b)
		}
		all = append(all, m)
	}
	if before == "" {
		all = append(all, more...)
	}
	return pack(t, all...)
}
