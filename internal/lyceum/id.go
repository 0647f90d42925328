package lyceum

import (
	"crypto/rand"
	"encoding/hex"
)

// Each kind of thing has its own identifier type: a UUID in lower case with
// hyphens, such as "7f3a0c1e-5f0b-4c59-9b8e-0d5a3f6f2f11". The zero value ""
// names nothing.
type (
	// AccountID identifies an Account.
	AccountID string
	// ProjectID identifies a Project. Folder, pod and process names derive
	// from it.
	ProjectID string
	// SessionID identifies a browser's Session. It is not the secret that the
	// cookie carries.
	SessionID string
	// TokenID identifies an API Token. It is not the token's secret.
	TokenID string
	// InvitationID identifies an Invitation. It is not the secret in its link.
	InvitationID string
)

// NewID returns a new random (version 4) UUID as the wanted identifier type.
func NewID[T ~string]() T {
	var b [16]byte
	if _, err := rand.Read(b[:]); err != nil {
		// crypto/rand.Read never returns an error since Go 1.24.
		panic("lyceum: no randomness: " + err.Error())
	}
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return T(formatUUID(b))
}

// ParseID checks that s is a UUID in lower case with hyphens and returns it as
// the wanted identifier type, or an error of kind Invalid.
func ParseID[T ~string](s string) (T, error) {
	if !isUUID(s) {
		return "", Errorf(Invalid, "this is not an identifier: %.40q", s)
	}
	return T(s), nil
}

func formatUUID(b [16]byte) string {
	var out [36]byte
	hex.Encode(out[0:8], b[0:4])
	out[8] = '-'
	hex.Encode(out[9:13], b[4:6])
	out[13] = '-'
	hex.Encode(out[14:18], b[6:8])
	out[18] = '-'
	hex.Encode(out[19:23], b[8:10])
	out[23] = '-'
	hex.Encode(out[24:36], b[10:16])
	return string(out[:])
}

func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
				return false
			}
		}
	}
	return true
}
