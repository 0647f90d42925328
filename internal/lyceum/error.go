package lyceum

import (
	"errors"
	"fmt"
	"time"
)

// Kind is the small set of ways in which a request can fail. Callers branch on
// it, never on text. The zero value is Internal.
type Kind int

// The kinds of error, with the HTTP status that the rest room gives each.
const (
	Internal        Kind = iota // 500: our fault; users see a request ID only
	Invalid                     // 400/422: the request is wrong and will stay wrong
	Unauthenticated             // 401: who asks is not known
	Forbidden                   // 403: known, and not allowed
	NotFound                    // 404: missing, or hidden from the one who asks
	Conflict                    // 409: the state is not what the request assumed
	TooLarge                    // 413: more bytes than the stated limit
	Exhausted                   // 429/507: a rate, a quota or a disk is used up
	Unavailable                 // 503: try again later
)

var kindNames = [...]string{"internal", "invalid", "unauthenticated", "forbidden", "not-found", "conflict", "too-large", "exhausted", "unavailable"}

// String is the kind's name in the API: the "code" of an error document.
func (k Kind) String() string {
	if k < 0 || int(k) >= len(kindNames) {
		return "internal"
	}
	return kindNames[k]
}

// Error is an error with a kind. Message is written for a user: a sentence
// part in lower case that says what happened and what to do next. Err is for the
// operator and is never shown to a user.
type Error struct {
	Kind    Kind
	Message string
	Field   string        // the input that is at fault, as in the JSON: "email"; else ""
	Retry   time.Duration // for Exhausted and Unavailable: when to try again; 0 when not known
	Err     error         // cause, for logs; may be nil
}

// Error is the text for logs: the message and its cause.
func (e *Error) Error() string {
	if e.Err == nil {
		return e.Message
	}
	return e.Message + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an Error whose message, written for a user, is formatted. A %w
// verb keeps its operand as the cause and prints it, so give it only errors
// whose text users may see.
func Errorf(k Kind, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Kind: k, Message: err.Error(), Err: errors.Unwrap(err)}
}

// Invalidf makes an Error of kind Invalid that names the field at fault.
func Invalidf(field, format string, args ...any) *Error {
	e := Errorf(Invalid, format, args...)
	e.Field = field
	return e
}

// Wrap makes an Error of kind k with a message for users and a cause for logs.
func Wrap(k Kind, err error, format string, args ...any) *Error {
	return &Error{Kind: k, Message: fmt.Sprintf(format, args...), Err: err}
}

// KindOf returns the kind of the first Error in err's chain, or Internal.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// IsKind reports whether err is of kind k.
func IsKind(err error, k Kind) bool { return err != nil && KindOf(err) == k }
