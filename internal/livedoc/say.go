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
	return s.say(ctx, path, text, func(d *document, text string) (uint64, error) { return d.become(text, by, originEdit) }, by)
}

// SayOver is Say by somebody who has changed base into text: what others have made of
// the document since it said base stays, as where two type at once. Where base cannot
// be such a document, it is Say.
func (s *Store) SayOver(ctx context.Context, path, base, text, by string) (done bool, err error) {
	return s.say(ctx, path, text, func(d *document, text string) (uint64, error) {
		if strings.Contains(base, "\r\n") && !strings.Contains(text, "\r\n") {
			base = strings.ReplaceAll(base, "\r\n", "\n")
		}
		return d.becomeOver(base, text, by, originEdit)
	}, by)
}

func (s *Store) say(ctx context.Context, path, text string, become func(d *document, text string) (uint64, error), by string) (done bool, err error) {
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
	n, err := become(sl.doc, text)
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
