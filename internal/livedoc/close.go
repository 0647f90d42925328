package livedoc

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"lyceum/internal/lyceum"
)

// The close codes that Serve ends a connection with.
const (
	CloseProtocol  = 4400 // the client sent what is no message
	CloseForbidden = 4403 // a viewer who may only read sent an edit, or the file may not be read
	CloseGone      = 4404 // there is no such file (any more)
	CloseEpoch     = 4409 // the client holds the state of another epoch: start anew
	CloseTooLarge  = 4413 // larger than api.MaxDocumentBytes, or this edit would make it so
	CloseNotText   = 4415 // binary, of an unknown encoding, or no file
	CloseSlow      = 4429 // took more than 30 s for one message
	CloseStopping  = 4503 // the project server stops, or cannot open the document now: come back
)

// CloseError is why a connection is ended. Code is the WebSocket's close code;
// Reason is for people, at most 120 bytes.
type CloseError struct {
	Code   int
	Reason string
}

// Error is the reason with its code.
func (e *CloseError) Error() string { return fmt.Sprintf("closed with %d: %s", e.Code, e.Reason) }

func closeErrorf(code int, format string, args ...any) *CloseError {
	return &CloseError{code, shorten(fmt.Sprintf(format, args...), 120)}
}

func protocolError(reason string) *CloseError { return &CloseError{CloseProtocol, reason} }

// shorten cuts s to n bytes at a character's border.
func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	s = s[:n-len("…")]
	for len(s) > 0 && !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s + "…"
}

// closeFor says with which code a file that cannot be opened refuses a viewer.
func closeFor(err error) error {
	e, ok := errors.AsType[*lyceum.Error](err)
	if !ok {
		return closeErrorf(CloseStopping, "the document cannot be opened now")
	}
	switch e.Kind {
	case lyceum.NotFound:
		return closeErrorf(CloseGone, "there is no such file")
	case lyceum.Forbidden:
		return closeErrorf(CloseForbidden, "%s", e.Message)
	case lyceum.TooLarge:
		return closeErrorf(CloseTooLarge, "the file is too large to be edited together")
	case lyceum.Invalid:
		return closeErrorf(CloseNotText, "%s", e.Message)
	case lyceum.Exhausted:
		return closeErrorf(CloseStopping, "%s", e.Message)
	}
	return closeErrorf(CloseStopping, "the document cannot be opened now")
}
