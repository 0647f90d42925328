package livedoc

import (
	"context"

	"lyceum/internal/lyceum"
)

// SetEncoding writes the file at path anew in UTF-8, the only encoding that can be
// wished for, without a byte order mark; it returns when that is done. The error is
// of kind Invalid for another one, Unavailable when the file cannot be written now.
func (s *Store) SetEncoding(ctx context.Context, path, encoding string) error {
	if encoding != "utf-8" {
		return lyceum.Invalidf("encoding", "a file can be written anew as utf-8 only")
	}
	sl, err := s.acquire(ctx, path)
	if err != nil {
		return asProblem(err)
	}
	defer s.release(sl)
	ctx, cancel := context.WithTimeout(ctx, flushTime)
	defer cancel()
	d := sl.doc
	d.locked(func() {
		d.recode = d.note.Synced.Encoding != ""
		d.saveNow = d.recode || d.dirtyLocked()
		d.problem, d.unencodable = "", nil
		d.showLocked()
		wake(d.fileWake)
	})
	return d.written(ctx)
}

// asProblem is a close code for those who did not come by a socket.
func asProblem(err error) error {
	e, ok := err.(*CloseError) //nolint:errorlint // acquire returns it as it is
	if !ok {
		return err
	}
	switch e.Code {
	case CloseGone:
		return lyceum.Wrap(lyceum.NotFound, err, "%s", e.Reason)
	case CloseForbidden:
		return lyceum.Wrap(lyceum.Forbidden, err, "%s", e.Reason)
	case CloseTooLarge:
		return lyceum.Wrap(lyceum.TooLarge, err, "%s", e.Reason)
	case CloseNotText:
		return lyceum.Wrap(lyceum.Invalid, err, "%s", e.Reason)
	}
	return lyceum.Wrap(lyceum.Unavailable, err, "%s", e.Reason)
}
