package search

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

const (
	chunk       = 64 << 10 // bytes that are read at once
	excerptPre  = 40       // characters before a match that are told, about
	excerptMost = 250      // characters that are told in all, about
)

// errBinary is a file with a NUL: there are no matches in it.
var errBinary = errors.New("the file is binary")

// scan looks for the matches in one file, at most so many.
type scan struct {
	pattern *Pattern
	with    *Template
	most    int
	buf     []byte // may be used again for the next file

	text    bool // UTF-8 so far
	matches []Match
	more    bool
	line    int
}

// read looks through r. The error is errBinary, that of ctx, or that of r.
func (s *scan) read(ctx context.Context, r io.Reader) error {
	s.text = true
	limit := s.pattern.line()
	if s.buf == nil {
		s.buf = make([]byte, 0, chunk)
	}
	buf := s.buf[:0]
	s.line = 0
	first, long := true, false // long: the rest of a line that is longer than limit is left out
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		if len(buf) == cap(buf) {
			buf = append(make([]byte, 0, min(2*cap(buf), limit+chunk)), buf...)
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		if bytes.IndexByte(buf[len(buf):len(buf)+n], 0) >= 0 {
			return errBinary
		}
		buf = buf[:len(buf)+n]
		if first && (len(buf) >= 3 || err != nil) {
			buf, first = bytes.TrimPrefix(buf, []byte("\xef\xbb\xbf")), false
		}
		end := bytes.LastIndexByte(buf, '\n') + 1
		switch {
		case err != nil:
			end = len(buf)
		case end == 0 && len(buf) > limit && !long:
			// Its beginning is looked at now, the rest is passed over.
			s.check(buf)
			s.one(buf[:limit])
			s.more, long = true, true
			buf = buf[:0]
		case end == 0 && long:
			s.check(buf)
			buf = buf[:0]
		}
		if end > 0 {
			ready := buf[:end]
			if long {
				i := bytes.IndexByte(ready, '\n')
				if i < 0 {
					i = len(ready) - 1
				}
				s.check(ready[:i+1])
				ready, long = ready[i+1:], false
				s.line++
			}
			s.lines(ctx, ready)
			buf = append(buf[:0], buf[end:]...)
		}
		if errors.Is(err, io.EOF) || s.full() {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// full reports whether there is nothing more to find out.
func (s *scan) full() bool {
	if len(s.matches) < s.most {
		return false
	}
	s.more = true
	return true
}

func (s *scan) check(b []byte) { s.text = s.text && utf8.Valid(b) }

// lines looks at whole lines.
func (s *scan) lines(ctx context.Context, b []byte) {
	s.check(b)
	for len(b) > 0 && !s.full() && ctx.Err() == nil {
		at := s.pattern.sight(b)
		if at < 0 {
			s.line += bytes.Count(b, []byte{'\n'})
			return
		}
		start := bytes.LastIndexByte(b[:at], '\n') + 1
		s.line += bytes.Count(b[:start], []byte{'\n'})
		end := bytes.IndexByte(b[at:], '\n')
		if end < 0 {
			s.one(trimEnd(b[start:]))
			return
		}
		s.one(trimEnd(b[start : at+end+1]))
		s.line++
		b = b[at+end+1:]
	}
}

// trimEnd cuts the end of a line off.
func trimEnd(line []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(line, []byte{'\n'}), []byte{'\r'})
}

// one looks for the matches in a line.
func (s *scan) one(line []byte) {
	if len(line) > s.pattern.line() {
		line, s.more = line[:s.pattern.line()], true
	}
	found, more := s.pattern.find(line)
	s.more = s.more || more
	column, done := 0, 0
	for _, m := range found {
		if len(s.matches) >= s.most {
			s.more = true
			return
		}
		column += units(line[done:m[0]])
		done = m[0]
		text, at := excerpt(line, m[0], m[1])
		found := Match{Line: s.line + 1, Column: column + 1, Length: units(line[m[0]:m[1]]), Text: text, At: at}
		if s.with != nil {
			found.New = s.with.fill(line, m)
		}
		s.matches = append(s.matches, found)
	}
}

// units is how many UTF-16 units a text has, where each byte that is not UTF-8 is one.
func units(b []byte) int {
	n := 0
	for len(b) > 0 {
		if b[0] < utf8.RuneSelf {
			n++
			b = b[1:]
			continue
		}
		r, size := utf8.DecodeRune(b)
		n++
		if r > 0xffff {
			n++
		}
		b = b[size:]
	}
	return n
}

// excerpt is the part of a line that is shown for a match, and where in it, in
// UTF-16 units, the match begins.
func excerpt(line []byte, from, to int) (text string, at int) {
	start := from
	for n := 0; n < excerptPre && start > 0; n++ {
		_, size := utf8.DecodeLastRune(line[:start])
		start -= size
	}
	// A little more is better than "…" in the place of the first letters.
	if start < excerptPre/2 {
		start = 0
	}
	indent := len(line[start:from]) - len(bytes.TrimLeft(line[start:from], " \t"))
	start += indent
	end := start
	for n := 0; n < excerptMost && end < len(line); n++ {
		_, size := utf8.DecodeRune(line[end:])
		end += size
	}
	return valid(line[start:end]), units(line[start:from])
}

// valid is b with U+FFFD for each byte that is not UTF-8.
func valid(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	var out strings.Builder
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		out.WriteRune(r)
		b = b[size:]
	}
	return out.String()
}
