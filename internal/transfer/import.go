package transfer

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/klauspost/compress/zstd"

	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
)

// Target is the site that an export becomes. No server may run on it.
type Target struct {
	DatabaseURL lyceum.Secret // of an empty database
	Homes       string        // the folder of the projects' homes; it is made when it is missing
	FirstUID    int           // of the numbers that the projects' files belong to; 0: all are ours
	UIDs        int           // how many there are
	Tell        func(Report)  // shows progress about once a second; may be nil
}

// Import makes the site of t the one that r holds. Errors: Invalid when r is no whole
// export, Conflict when there is a site already, Exhausted when it has too little room.
// After an error there is no site, and the database is empty.
func Import(ctx context.Context, t Target, r io.Reader) (_ Report, err error) {
	z, err := zstd.NewReader(r, zstd.WithDecoderMaxWindow(64<<20))
	if err != nil {
		return Report{}, err
	}
	defer z.Close()
	m := &importer{target: t, tar: tar.NewReader(z), teller: teller{tell: t.Tell}, rows: map[string]int64{}}
	defer func() { err = errors.Join(readable(err), m.close()) }()
	if err = m.begin(ctx); err != nil {
		return m.report, err
	}
	if err = m.members(ctx); err != nil {
		return m.report, err
	}
	if _, err = io.Copy(io.Discard, z); err != nil { // to the checksum at the very end
		return m.report, err
	}
	return m.report, m.finish(ctx)
}

// readable says of what the archive's libraries found that the export is broken.
func readable(err error) error {
	if _, told := errors.AsType[*lyceum.Error](err); err == nil || told {
		return err
	}
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return lyceum.Wrap(lyceum.Invalid, err, "the export is cut off: nothing was imported")
	case errors.Is(err, tar.ErrHeader), errors.Is(err, zstd.ErrMagicMismatch), errors.Is(err, zstd.ErrCRCMismatch), errors.Is(err, zstd.ErrUnknownDictionary),
		errors.Is(err, zstd.ErrReservedBlockType), errors.Is(err, zstd.ErrBlockTooSmall), errors.Is(err, zstd.ErrFrameSizeMismatch), errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded):
		return lyceum.Wrap(lyceum.Invalid, err, "this is no export, or it is damaged: nothing was imported")
	}
	return err
}

// importer reads one export.
type importer struct {
	target Target
	tar    *tar.Reader
	teller teller
	report Report

	head  head
	load  *postgres.Load
	rows  map[string]int64
	uids  map[lyceum.ProjectID]int
	aside string // where homes are until all is read
	home  *homeReader
	done  []lyceum.ProjectID
	end   *end
}

// begin reads the head and looks at what is there already.
func (m *importer) begin(ctx context.Context) (err error) {
	h, err := m.tar.Next()
	if err != nil {
		return err
	}
	if h.Name != nameSite {
		return lyceum.Errorf(lyceum.Invalid, "this is no export: it begins with %.100q", h.Name)
	}
	if err := m.json(h, &m.head); err != nil {
		return err
	}
	if m.head.Format != format {
		return lyceum.Errorf(lyceum.Invalid, "the export has format %d and this program reads format %d: use the release that wrote it (%.40s), or a newer one", m.head.Format, format, m.head.Version)
	}
	m.report.Of = len(m.head.Projects)
	if err := os.MkdirAll(m.target.Homes, 0o700); err != nil {
		return err
	}
	m.aside = filepath.Join(m.target.Homes, ".import")
	if err := os.RemoveAll(m.aside); err != nil { // of an import that was killed
		return err
	}
	if err := os.Mkdir(m.aside, 0o700); err != nil {
		return err
	}
	m.load, err = postgres.NewLoad(ctx, m.target.DatabaseURL.Reveal(), m.head.Schema)
	return err
}

// json reads a member that is JSON.
func (m *importer) json(h *tar.Header, v any) error {
	if h.Size > maxJSON {
		return lyceum.Errorf(lyceum.Invalid, "the export is damaged: %s has %d bytes", h.Name, h.Size)
	}
	b, err := io.ReadAll(m.tar)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return lyceum.Wrap(lyceum.Invalid, err, "the export is damaged: %s cannot be read", h.Name)
	}
	return nil
}

// members reads what is between the head and the end.
func (m *importer) members(ctx context.Context) error {
	h, err := m.database(ctx)
	if err != nil {
		return err
	}
	if m.uids, err = m.load.Settle(ctx, m.target.FirstUID, m.target.UIDs); err != nil {
		return err
	}
	for ; m.end == nil; h, err = m.tar.Next() {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		if err := m.member(h); err != nil {
			return err
		}
		m.teller.maybe(&m.report)
	}
	if err == nil {
		return lyceum.Errorf(lyceum.Invalid, "the export is damaged: something comes after its end")
	}
	if !errors.Is(err, io.EOF) {
		return err
	}
	return m.leaveHome()
}

// database reads the rows, table by table, and returns the first member behind them.
func (m *importer) database(ctx context.Context) (*tar.Header, error) {
	h, err := m.tar.Next()
	for _, t := range m.head.Tables {
		if err != nil {
			return nil, err
		}
		parts := &partReader{tar: m.tar, table: t.Name, next: h}
		n, err := m.load.Copy(ctx, t, parts)
		if parts.err != nil {
			return nil, parts.err // why the rows ended
		}
		if err != nil {
			return nil, err
		}
		m.rows[t.Name] = n
		m.report.Rows += n
		h = parts.next
		m.teller.maybe(&m.report)
	}
	return h, err
}

// partReader reads the parts of a table as one stream.
type partReader struct {
	tar   *tar.Reader
	table string
	part  int
	in    bool        // a part is being read
	next  *tar.Header // the member that the archive is at
	err   error       // other than io.EOF
}

func (p *partReader) Read(b []byte) (int, error) {
	for {
		if p.in {
			n, err := p.tar.Read(b)
			if n > 0 || err == nil {
				return n, nil
			}
			if !errors.Is(err, io.EOF) {
				p.err = err
				return 0, err
			}
			p.in = false
			if p.next, err = p.tar.Next(); err != nil {
				p.err = err
				return 0, err
			}
		}
		m, err := parse(p.next.Name)
		if err != nil {
			p.err = err
			return 0, err
		}
		if m.table != p.table || m.part != p.part+1 || p.next.Typeflag != tar.TypeReg {
			return 0, io.EOF // another table's, or what comes behind them
		}
		p.part, p.in = m.part, true
	}
}

// member takes a file of a project, or the end.
func (m *importer) member(h *tar.Header) error {
	what, err := parse(h.Name)
	switch {
	case err != nil:
		return err
	case what.name == nameEnd:
		m.end = &end{}
		return m.json(h, m.end)
	case what.project == "":
		return lyceum.Errorf(lyceum.Invalid, "the export is damaged: %.200q is not where it belongs", h.Name)
	}
	if m.home == nil || m.home.project != what.project {
		if err := m.enterHome(what); err != nil {
			return err
		}
	}
	n, err := m.home.take(what.path, h, m.tar)
	m.report.Files++
	m.report.Bytes += n
	return err
}

func (m *importer) enterHome(what member) error {
	if err := m.leaveHome(); err != nil {
		return err
	}
	uid, ok := m.uids[what.project]
	if !ok || slices.Contains(m.done, what.project) || what.path != "." {
		return lyceum.Errorf(lyceum.Invalid, "the export is damaged: the files of project %s are not where they belong", what.project)
	}
	var err error
	m.home, err = newHomeReader(filepath.Join(m.aside, string(what.project)), what.project, uid)
	return err
}

func (m *importer) leaveHome() error {
	if m.home == nil {
		return nil
	}
	h := m.home
	m.home = nil
	m.done = append(m.done, h.project)
	m.report.Projects = len(m.done)
	return h.finish()
}

// finish checks that all came, and makes it the site.
func (m *importer) finish(ctx context.Context) error {
	if !maps.Equal(m.rows, m.end.Rows) || m.report.Files != m.end.Files || m.report.Bytes != m.end.Bytes {
		return lyceum.Errorf(lyceum.Invalid, "the export is damaged: it lacks something of what its end says was written")
	}
	var moved []lyceum.ProjectID
	for _, id := range m.done {
		if err := m.place(id); err != nil {
			return errors.Join(err, m.takeBack(moved))
		}
		moved = append(moved, id)
	}
	if err := m.load.Commit(ctx); err != nil {
		return errors.Join(err, m.takeBack(moved))
	}
	m.report.Projects = m.report.Of
	return nil
}

// place puts a home where it belongs. What is there belongs to nobody: the database
// knows no project.
func (m *importer) place(id lyceum.ProjectID) error {
	at := filepath.Join(m.target.Homes, string(id))
	if _, err := os.Lstat(at); !errors.Is(err, fs.ErrNotExist) {
		return lyceum.Errorf(lyceum.Conflict, "there are files of project %s in %s already: move them away first", id, m.target.Homes)
	}
	return os.Rename(filepath.Join(m.aside, string(id)), at)
}

func (m *importer) takeBack(moved []lyceum.ProjectID) error {
	var all error
	for _, id := range moved {
		all = errors.Join(all, os.Rename(filepath.Join(m.target.Homes, string(id)), filepath.Join(m.aside, string(id))))
	}
	return all
}

// close lets go of everything; what was not made the site is removed.
func (m *importer) close() error {
	var err error
	if m.load != nil {
		err = m.load.Close()
	}
	if m.home != nil {
		err = errors.Join(err, m.home.root.Close())
	}
	if m.aside != "" {
		err = errors.Join(err, os.RemoveAll(m.aside))
	}
	if err != nil {
		return fmt.Errorf("tidy up: %w", err)
	}
	return nil
}
