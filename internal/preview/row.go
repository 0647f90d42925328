package preview

import (
	"bytes"
	"io"
	"math"
	"sync/atomic"

	"lyceum/internal/lyceum"
)

const (
	chunk = 256 << 10 // bytes that are read at once
	// maxQuoted is how many bytes a quoted cell may go on behind its first line.
	// What goes on longer was not meant as a quote.
	maxQuoted = 1 << 20
	// maxBroken is how often that may happen before the file is read without
	// cells of several lines: each time up to maxQuoted bytes are read in vain.
	maxBroken = 64
)

// window is the part of a file that is in memory.
type window struct {
	r     io.ReaderAt
	size  int64
	buf   []byte
	start int64
	n     int
	err   error // why the file could not be read; at is empty from then on
}

func newWindow(r io.ReaderAt, size int64) *window {
	return &window{r: r, size: size, buf: make([]byte, int(min(chunk, max(size, 1))))}
}

// at is what there is from pos on: at least one byte, unless the file ends there.
func (w *window) at(pos int64) []byte {
	if pos >= w.size || w.err != nil {
		return nil
	}
	if pos < w.start || pos >= w.start+int64(w.n) {
		n, err := w.r.ReadAt(w.buf[:min(int64(len(w.buf)), w.size-pos)], pos)
		if err != nil && err != io.EOF {
			w.err = lyceum.Wrap(lyceum.Unavailable, err, "the file cannot be read now")
			n = 0
		}
		w.start, w.n = pos, n
	}
	return w.buf[pos-w.start : w.n]
}

// rowReader finds where rows end. Its rule for quotes is RFC 4180, and for what
// breaks the rule: a quote inside of a cell that was not opened is a letter, a
// letter behind a closing quote too, and a quote that is never closed was none.
type rowReader struct {
	*window
	unit      int  // bytes of a character at least
	big       bool // UTF-16 with the high byte first
	end       byte // \n, or \r in files of old
	delimiter byte
	quotes    bool
	plainFrom *atomic.Int64 // from here on, quotes do not join lines
}

func noPlain() *atomic.Int64 {
	var a atomic.Int64
	a.Store(math.MaxInt64)
	return &a
}

// next returns where the row that begins at pos ends, its line break included, and
// whether a quote in it was not closed.
func (r *rowReader) next(pos int64) (end int64, broken bool) {
	quoting := r.quotes && pos < r.plainFrom.Load()
	if r.unit == 1 {
		b := r.at(pos)
		i := bytes.IndexByte(b, r.end)
		if i >= 0 && (!quoting || bytes.IndexByte(b[:i], '"') < 0) {
			return pos + int64(i) + 1, false
		}
		if !quoting {
			return r.lineEnd(pos), false
		}
	}
	return r.slow(pos, quoting)
}

// lineEnd looks for the line break only.
func (r *rowReader) lineEnd(pos int64) int64 {
	for {
		b := r.at(pos)
		if len(b) == 0 {
			return pos
		}
		if i := bytes.IndexByte(b, r.end); i >= 0 {
			return pos + int64(i) + 1
		}
		pos += int64(len(b))
	}
}

// States of slow.
const (
	cellStart = iota
	inCell
	inQuotes
	quoteInQuotes // closes, unless another follows
)

// slow reads a row a character at a time.
func (r *rowReader) slow(pos int64, quoting bool) (end int64, broken bool) {
	state, firstEnd := cellStart, int64(-1)
	for {
		b := r.at(pos)
		if len(b) < r.unit { // the end of the file
			pos += int64(len(b))
			if state == inQuotes && firstEnd >= 0 {
				return firstEnd, true
			}
			return pos, state == inQuotes
		}
		i := 0
		for ; i+r.unit <= len(b); i += r.unit {
			c := r.character(b[i:])
			switch {
			case state == inQuotes:
				if c == '"' {
					state = quoteInQuotes
				} else if c == r.end && firstEnd < 0 {
					firstEnd = pos + int64(i+r.unit)
				}
			case c == r.end:
				return pos + int64(i+r.unit), false
			case c == r.delimiter:
				state = cellStart
			case c == '"' && quoting && state != inCell:
				state = inQuotes
			default:
				state = inCell
			}
		}
		pos += int64(i)
		if state == inQuotes && firstEnd >= 0 && pos-firstEnd > maxQuoted {
			return firstEnd, true
		}
	}
}

// character is the one that b begins with, when it is ASCII; else 0xff.
func (r *rowReader) character(b []byte) byte {
	if r.unit == 1 {
		return b[0]
	}
	low, high := b[0], b[1]
	if r.big {
		low, high = high, low
	}
	if high != 0 {
		return 0xff
	}
	return low
}
