package transfer

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"io"
	"time"

	"github.com/klauspost/compress/zstd"

	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
)

// Source is the site that is exported.
type Source struct {
	DB      *postgres.DB
	Homes   string       // the folder of the projects' homes
	Version string       // of this program
	Tell    func(Report) // shows progress about once a second; may be nil
}

// Export writes the site to w: its database as it is now, then its files as they
// are when their turn comes. It reports also when it fails. What w holds after an
// error is of no use.
func Export(ctx context.Context, s Source, w io.Writer) (Report, error) {
	z, err := zstd.NewWriter(w)
	if err != nil {
		return Report{}, err
	}
	x := &exporter{source: s, tar: tar.NewWriter(z), teller: teller{tell: s.Tell}, end: end{Rows: map[string]int64{}}}
	err = x.all(ctx)
	if err == nil {
		err = x.tar.Close()
	}
	return x.report, errors.Join(err, z.Close())
}

// exporter writes one export.
type exporter struct {
	source Source
	tar    *tar.Writer
	teller teller
	report Report
	end    end
	buffer []byte
}

func (x *exporter) all(ctx context.Context) error {
	shot, err := x.source.DB.Snapshot(ctx)
	if err != nil {
		return err
	}
	x.report.Of = len(shot.Projects)
	err = x.database(ctx, shot)
	if err = errors.Join(err, shot.Close()); err != nil {
		return err
	}
	x.buffer = make([]byte, 256<<10)
	for _, id := range shot.Projects {
		if err := x.home(ctx, id); err != nil {
			return err
		}
		x.report.Projects++
	}
	x.end.Files, x.end.Bytes = x.report.Files, x.report.Bytes
	return x.json(nameEnd, x.end)
}

// database writes the head and the rows.
func (x *exporter) database(ctx context.Context, shot *postgres.Snapshot) error {
	h := head{Format: format, Version: x.source.Version, Schema: shot.Schema, At: time.Now().UTC(), Tables: shot.Tables, Projects: shot.Projects}
	if h.Projects == nil {
		h.Projects = []lyceum.ProjectID{}
	}
	if err := x.json(nameSite, h); err != nil {
		return err
	}
	for _, t := range shot.Tables {
		parts := &partWriter{tar: x.tar, table: t.Name, at: h.At}
		n, err := shot.Copy(ctx, t, parts)
		if err = errors.Join(err, parts.flush()); err != nil {
			return err
		}
		x.end.Rows[t.Name] = n
		x.report.Rows += n
		x.teller.maybe(&x.report)
	}
	return nil
}

func (x *exporter) json(name string, v any) error {
	b, err := json.MarshalIndent(v, "", "\t")
	if err != nil {
		return err
	}
	return writeMember(x.tar, header(name, tar.TypeReg, 0o600, int64(len(b)), time.Now()), b)
}

func writeMember(t *tar.Writer, h *tar.Header, b []byte) error {
	if err := t.WriteHeader(h); err != nil {
		return err
	}
	_, err := t.Write(b)
	return err
}

// partWriter writes the rows of a table as members of a bounded size: tar wants to
// know the size of each before it begins.
type partWriter struct {
	tar   *tar.Writer
	table string
	at    time.Time
	part  int
	b     []byte
}

func (p *partWriter) Write(b []byte) (int, error) {
	p.b = append(p.b, b...)
	if len(p.b) < maxPart/2 {
		return len(b), nil
	}
	return len(b), p.flush()
}

func (p *partWriter) flush() error {
	for len(p.b) > 0 {
		p.part++
		n := min(len(p.b), maxPart)
		name := dirDatabase + "/" + p.table + "/" + itoa(p.part)
		if err := writeMember(p.tar, header(name, tar.TypeReg, 0o600, int64(n), p.at), p.b[:n]); err != nil {
			return err
		}
		p.b = p.b[n:]
	}
	p.b = nil
	return nil
}
