package lyceum

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Account is a person who can sign in. In the interface it is called a person.
type Account struct {
	ID        AccountID
	Email     string // as typed; unique without regard to case
	Name      string // 1 to 100 characters
	Colour    int    // index into the twelve people's colours, 0 to 11
	Admin     bool   // site administrator
	Suspended bool   // may not sign in; everything open was cut
	Created   time.Time
	LastSeen  time.Time // zero when never
}

// Limits of an account's fields, in characters.
const (
	MaxNameLength     = 100
	MaxEmailLength    = 254
	MinPasswordLength = 10
	MaxPasswordLength = 1024
)

// Colours is how many people's colours there are.
const Colours = 12

// CheckName returns an error that names field unless s is a printable name of 1
// to max characters without leading or trailing space.
func CheckName(field, s string, max int) error {
	switch {
	case strings.TrimSpace(s) == "":
		return Invalidf(field, "give a name")
	case !utf8.ValidString(s):
		return Invalidf(field, "the name is not valid UTF-8")
	case utf8.RuneCountInString(s) > max:
		return Invalidf(field, "use at most %d characters", max)
	case strings.TrimSpace(s) != s:
		return Invalidf(field, "leave out spaces at the beginning and the end")
	}
	return CheckText(field, s, max, false)
}

// CheckText returns an error that names field unless s is valid UTF-8 of at
// most max characters without control characters (lines allows line breaks and tabs).
func CheckText(field, s string, max int, lines bool) error {
	if !utf8.ValidString(s) {
		return Invalidf(field, "the text is not valid UTF-8")
	}
	if utf8.RuneCountInString(s) > max {
		return Invalidf(field, "use at most %d characters", max)
	}
	for _, r := range s {
		if lines && (r == '\n' || r == '\t' || r == '\r') {
			continue
		}
		// Bidirectional controls could make one name look like another.
		if unicode.IsControl(r) || !lines && (r == 0x2028 || r == 0x2029) || (r >= 0x202a && r <= 0x202e) || (r >= 0x2066 && r <= 0x2069) {
			return Invalidf(field, "control characters are not allowed")
		}
	}
	return nil
}

// CheckEmail returns an error unless s has the shape of a mail address. Only a
// mail sent to it can tell whether it is one.
func CheckEmail(s string) error {
	if len(s) > MaxEmailLength {
		return Invalidf("email", "use at most %d characters", MaxEmailLength)
	}
	at := strings.LastIndexByte(s, '@')
	if at < 1 || at == len(s)-1 || strings.ContainsAny(s, " \t\r\n<>,;\"\\") || !utf8.ValidString(s) || CheckText("email", s, MaxEmailLength, false) != nil {
		return Invalidf("email", "this is not a mail address")
	}
	return nil
}

// CheckPassword returns an error unless s can serve as a new password. Only the
// length is asked for: rules of composition make passwords worse (NIST SP
// 800-63B, section 5.1.1.2).
func CheckPassword(s Secret) error {
	switch n := utf8.RuneCountInString(s.Reveal()); {
	case n < MinPasswordLength:
		return Invalidf("password", "use at least %d characters", MinPasswordLength)
	case len(s.Reveal()) > MaxPasswordLength:
		return Invalidf("password", "use at most %d bytes", MaxPasswordLength)
	}
	return nil
}
