package livedoc

import (
	"context"
	"errors"
	"strings"

	"lyceum/internal/lyceum"
)

// Say makes the document of the file at path say text (of a notebook its JSON), by one
// edit in the name of the account by, and returns when the file says it too. It is
// false, and nothing has changed, when there is no such file or it cannot be a live
// document: the caller may write the file then. Line ends are those of the file. The
// error is of kind Unavailable or TooLarge.
func (s *Store) Say(ctx context.Context, path, text, by string) (done bool, err error) {
	sl, err := s.acquire(ctx, path)
	if e, ok := errors.AsType[*CloseError](err); ok && (e.Code == CloseGone || e.Code == CloseNotText || e.Code == CloseTooLarge) {
		return false, nil
	}
	if err != nil {
		return false, asProblem(err)
	}
	h := &Handle{store: s, slot: sl}
	defer h.Close()
	sl.doc.mu.Lock()
	crlf := sl.doc.note.Synced.CRLF
	sl.doc.mu.Unlock()
	if crlf {
		text = strings.ReplaceAll(text, "\r\n", "\n")
	}
	n, err := sl.doc.become(text, by, originEdit)
	if lyceum.IsKind(err, lyceum.Invalid) || errors.Is(err, errModel) {
		return false, nil // a text that this document cannot have, as one with NUL
	}
	if err != nil || n == 0 {
		return err == nil, err
	}
	if s.cfg.Edited != nil {
		s.cfg.Edited(by)
	}
	if err := sl.doc.await(ctx, n); err != nil {
		return true, lyceum.Wrap(lyceum.Unavailable, err, "the file is changed, but cannot be written to the disk now")
	}
	return true, h.Written(ctx)
}
