// Package ticket is the signed statement that the hub sends with each request to
// a project: who asks, and with which role. The hub holds the private key; a
// project holds the public key only, because user code shares its uid and could
// steal whatever it holds (DECISIONS 8).
//
// On the wire a ticket is the header
//
//	Lyceum-Ticket: base64url(JSON) "." base64url(Ed25519 signature of the first part)
package ticket

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"lyceum/internal/lyceum"
)

// Header is the name of the request header that carries a ticket.
const Header = "Lyceum-Ticket"

// Life is how long a ticket is good for. It only has to outlive the way from
// the hub to the project.
const Life = 60 * time.Second

// maxLength bounds a header that is looked at, in bytes.
const maxLength = 4096

// Ticket says who asks. System is the hub itself (probes, the control stream);
// then Account and Role are empty.
type Ticket struct {
	Project  lyceum.ProjectID `json:"p"`
	Account  lyceum.AccountID `json:"a,omitempty"`
	Name     string           `json:"n,omitempty"`
	Colour   int              `json:"c,omitempty"`
	Role     lyceum.Role      `json:"r,omitempty"`
	Session  string           `json:"s,omitempty"`  // session or token id, to cut its sockets
	ReadOnly bool             `json:"ro,omitempty"` // asked with a read-only token
	System   bool             `json:"sys,omitempty"`
	Expires  int64            `json:"e"` // Unix seconds
}

// Can says whether the holder may do the verb in its project.
func (t Ticket) Can(v lyceum.Verb) bool {
	a := lyceum.Actor{Account: t.Account}
	if t.ReadOnly {
		a.Token, a.Scope = "ticket", lyceum.ScopeRead
	}
	return lyceum.Can(a, v, lyceum.Object{Project: t.Project, Role: t.Role})
}

// Signer makes tickets. It is safe for concurrent use.
type Signer struct{ key ed25519.PrivateKey }

// NewSigner returns a Signer with the site's private key.
func NewSigner(key ed25519.PrivateKey) *Signer { return &Signer{key} }

// Public returns the key that projects check with.
func (s *Signer) Public() ed25519.PublicKey { return s.key.Public().(ed25519.PublicKey) }

// Sign returns the header's value for t, good for Life from now.
func (s *Signer) Sign(t Ticket, now time.Time) string {
	t.Expires = now.Add(Life).Unix()
	// A Ticket holds only strings, numbers and booleans: it always encodes.
	b, _ := json.Marshal(t)
	body := base64.RawURLEncoding.EncodeToString(b)
	return body + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(s.key, []byte(body)))
}

// Verifier checks tickets for one project. It is safe for concurrent use.
type Verifier struct {
	key     ed25519.PublicKey
	project lyceum.ProjectID
}

// NewVerifier returns a Verifier that accepts tickets for project signed by
// key's other half. A key of the wrong length is an error of kind Invalid.
func NewVerifier(key ed25519.PublicKey, project lyceum.ProjectID) (*Verifier, error) {
	if len(key) != ed25519.PublicKeySize {
		return nil, lyceum.Errorf(lyceum.Invalid, "the public key has %d bytes, not %d", len(key), ed25519.PublicKeySize)
	}
	return &Verifier{key, project}, nil
}

// Verify returns the ticket in a header's value, or an error of kind
// Unauthenticated.
func (v *Verifier) Verify(header string, now time.Time) (Ticket, error) {
	refuse := func(why string) (Ticket, error) {
		return Ticket{}, lyceum.Errorf(lyceum.Unauthenticated, "no valid ticket: %s", why)
	}
	if header == "" || len(header) > maxLength {
		return refuse("none was sent")
	}
	body, sig, ok := strings.Cut(header, ".")
	if !ok {
		return refuse("it has no signature")
	}
	s, err := base64.RawURLEncoding.DecodeString(sig)
	if err != nil || !ed25519.Verify(v.key, []byte(body), s) {
		return refuse("its signature is wrong")
	}
	b, err := base64.RawURLEncoding.DecodeString(body)
	if err != nil {
		return refuse("it is not base64url")
	}
	var t Ticket
	if err := json.Unmarshal(b, &t); err != nil {
		return refuse("it is not JSON")
	}
	if t.Project != v.project {
		return refuse("it is for another project")
	}
	// The clocks of two machines may differ by as much as a ticket lives.
	if now.Unix() > t.Expires || t.Expires > now.Add(2*Life).Unix() {
		return refuse("it has expired")
	}
	return t, nil
}
