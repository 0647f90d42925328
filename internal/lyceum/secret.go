package lyceum

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
)

// Secret is text that must not appear in logs, errors or JSON: a password, a
// token, a cookie. Printing it in any way gives "[secret]"; Reveal gives the
// text. Two ways are out of our hands: %p, which vet refuses, and printing a
// struct that has a Secret in a field that is not exported: fmt calls no methods
// of those.
type Secret string

const hidden = "[secret]"

// Reveal returns the text. Each call is a place to look at in a review.
func (s Secret) Reveal() string { return string(s) }

// String hides the text from fmt.
func (Secret) String() string { return hidden }

// Format hides the text from every verb of fmt, wrong ones such as %d too:
// fmt prints the plain value when a verb does not fit.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// GoString hides the text from %#v.
func (Secret) GoString() string { return hidden }

// LogValue hides the text from slog.
func (Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText hides the text from encoders.
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// UnmarshalText reads the text from a request or a setting.
func (s *Secret) UnmarshalText(b []byte) error { *s = Secret(b); return nil }

// NewSecret returns 256 random bits as 43 characters of URL-safe base64.
func NewSecret() Secret {
	var b [32]byte
	if _, err := rand.Read(b[:]); err != nil {
		panic("lyceum: no randomness: " + err.Error())
	}
	return Secret(base64.RawURLEncoding.EncodeToString(b[:]))
}

// Hash is what is stored of a random secret: its SHA-256. (Passwords are not
// random and are stored by the auth room as argon2id.)
func (s Secret) Hash() []byte {
	h := sha256.Sum256([]byte(s))
	return h[:]
}
