package preview

import (
	"bytes"
	"io"
	"path"
	"strings"

	"lyceum/internal/lyceum"
)

// Formats of tables.
const (
	CSV   = "csv"   // cells with a delimiter between them
	JSONL = "jsonl" // a JSON value on each line
	Lines = "lines" // text, a line a row
)

// sampleBytes is how much of a file is looked at to know how it is written.
const sampleBytes = 256 << 10

// sampleRows is how many of its rows are.
const sampleRows = 100

// Dialect is how a table is written. In what a caller asks for, the zero value of
// each field means that it is found out.
type Dialect struct {
	Format    string // CSV, JSONL or Lines
	Encoding  string // as the WHATWG Encoding Standard names it: "utf-8"
	Delimiter string // of CSV, one ASCII character
	Header    string // "yes": the first row names the columns; "no"
}

// layout is a dialect as it is read.
type layout struct {
	Dialect
	mark   int64 // bytes of the byte order mark
	end    byte  // the line break
	more   bool  // the file goes on behind the sample
	sample []byte
}

// lookAt finds out what want leaves open. name is the file's.
func lookAt(r io.ReaderAt, size int64, name string, want Dialect) (layout, error) {
	head := make([]byte, min(size, sampleBytes))
	n, err := r.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return layout{}, lyceum.Wrap(lyceum.Unavailable, err, "the file cannot be read now")
	}
	head = head[:n]
	l := layout{Dialect: want, more: size > int64(n), end: '\n'}
	found, mark := guessEncoding(head, l.more)
	if l.Encoding == "" {
		l.Encoding = found
	}
	if l.Encoding == found {
		l.mark = int64(mark)
	}
	if !knownEncoding(l.Encoding) {
		return layout{}, lyceum.Invalidf("encoding", "the encoding %q is not known", l.Encoding)
	}
	if want.Format != Lines && isBinary(found, head) {
		return layout{}, lyceum.Errorf(lyceum.Invalid, "this is not a table but binary data")
	}
	if l.Format == "" {
		l.Format = formatByName(name)
	}
	l.sample = toUTF8(l.Encoding, head[min(l.mark, int64(n)):])
	if bytes.IndexByte(l.sample, '\n') < 0 && bytes.IndexByte(l.sample, '\r') >= 0 {
		l.end = '\r'
	}
	return l, l.settle(name)
}

// settle finds the delimiter and the header.
func (l *layout) settle(name string) error {
	switch l.Format {
	case JSONL, Lines:
		l.Delimiter, l.Header = "", "no"
		return nil
	case CSV:
	default:
		return lyceum.Invalidf("format", "a table is read as csv, jsonl or lines")
	}
	if l.Delimiter == "" {
		l.Delimiter = guessDelimiter(l, strings.ToLower(path.Ext(name)))
	}
	if len(l.Delimiter) != 1 || l.Delimiter[0] >= 0x80 || strings.Contains("\"\r\n\x00", l.Delimiter) {
		return lyceum.Invalidf("delimiter", "a delimiter is one ASCII character, and no quote or line break")
	}
	switch l.Header {
	case "yes", "no":
	case "":
		l.Header = "no"
		if looksNamed(l.rows(l.Delimiter[0], 20)) {
			l.Header = "yes"
		}
	default:
		return lyceum.Invalidf("header", "header is yes or no")
	}
	return nil
}

func formatByName(name string) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".jsonl", ".ndjson":
		return JSONL
	case ".csv", ".tsv", ".tab", ".psv":
		return CSV
	}
	return Lines
}

// rows are the first rows of the sample.
func (l *layout) rows(delimiter byte, most int) [][]string {
	reader := rowReader{window: newWindow(bytes.NewReader(l.sample), int64(len(l.sample))), unit: 1, end: l.end, delimiter: delimiter, quotes: true, plainFrom: noPlain()}
	var rows [][]string
	for pos := int64(0); pos < int64(len(l.sample)) && len(rows) < most; {
		end, _ := reader.next(pos)
		if end == int64(len(l.sample)) && l.more && len(rows) > 1 {
			break // cut
		}
		var row []string
		splitCells(trimBreak(l.sample[pos:end]), delimiter, true, 0, 1000, func(c []byte) {
			s, _ := cutText(c, 200)
			row = append(row, s)
		})
		rows = append(rows, row)
		pos = end
	}
	return rows
}

func trimBreak(row []byte) []byte { return bytes.TrimRight(row, "\r\n") }

// guessDelimiter takes the one by which most rows have the same number of cells,
// and among those the one that makes the most cells.
func guessDelimiter(l *layout, ext string) string {
	best, score := ",", 0.0
	switch ext {
	case ".tsv", ".tab":
		best = "\t"
	case ".psv":
		best = "|"
	}
	usual := best
	for _, d := range []string{",", "\t", ";", "|"} {
		counts := map[int]int{}
		rows := l.rows(d[0], sampleRows)
		for _, r := range rows {
			counts[len(r)]++
		}
		for cells, n := range counts {
			if cells < 2 {
				continue
			}
			s := float64(n) / float64(len(rows)) * (1 + 0.01*float64(min(cells, 20)))
			if d == usual {
				s *= 1.2
			}
			if s > score {
				best, score = d, s
			}
		}
	}
	return best
}

// looksNamed reports whether the first row names the columns of the others.
func looksNamed(rows [][]string) bool {
	if len(rows) < 2 {
		return false
	}
	seen, named := map[string]bool{}, 0
	for _, c := range rows[0] {
		c = strings.TrimSpace(c)
		if isNumber(c) || c != "" && seen[c] || len(c) > 100 {
			return false
		}
		seen[c] = true
		if c != "" {
			named++
		}
	}
	return named > 0 && named*2 >= len(rows[0])
}
