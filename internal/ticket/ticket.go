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
	"sync"
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

// A page asks a project for many things within a moment, and a signature costs
// more than the rest of a request's way. So one ticket serves for the requests of
// reuse, and who checks tickets remembers those that held; each keeps at most
// remembered of them and then begins anew.
const (
	reuse      = 10 * time.Second
	remembered = 4096
)

// Signer makes tickets. It is safe for concurrent use.
type Signer struct {
	key ed25519.PrivateKey

	mu   sync.Mutex
	made map[Ticket]madeTicket // without Expires
}

type madeTicket struct {
	text string
	at   time.Time
}

// NewSigner returns a Signer with the site's private key.
func NewSigner(key ed25519.PrivateKey) *Signer {
	return &Signer{key: key, made: map[Ticket]madeTicket{}}
}

// Public returns the key that projects check with.
func (s *Signer) Public() ed25519.PublicKey { return s.key.Public().(ed25519.PublicKey) }

// Sign returns the header's value for t, good for 50 s from now at least and for
// Life at most.
func (s *Signer) Sign(t Ticket, now time.Time) string {
	t.Expires = 0
	s.mu.Lock()
	m, ok := s.made[t]
	s.mu.Unlock()
	if age := now.Sub(m.at); ok && age >= 0 && age < reuse {
		return m.text
	}
	text := s.sign(t, now)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.made) >= remembered {
		clear(s.made)
	}
	s.made[t] = madeTicket{text, now}
	return text
}

func (s *Signer) sign(t Ticket, now time.Time) string {
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

	mu   sync.Mutex
	held map[string]Ticket // by the header's value: signed and for this project
}

// NewVerifier returns a Verifier that accepts tickets for project signed by
// key's other half. A key of the wrong length is an error of kind Invalid.
func NewVerifier(key ed25519.PublicKey, project lyceum.ProjectID) (*Verifier, error) {
	if len(key) != ed25519.PublicKeySize {
		return nil, lyceum.Errorf(lyceum.Invalid, "the public key has %d bytes, not %d", len(key), ed25519.PublicKeySize)
	}
	return &Verifier{key: key, project: project, held: map[string]Ticket{}}, nil
}

// Verify returns the ticket in a header's value, or an error of kind
// Unauthenticated.
func (v *Verifier) Verify(header string, now time.Time) (Ticket, error) {
	v.mu.Lock()
	t, ok := v.held[header]
	v.mu.Unlock()
	if !ok {
		var err error
		if t, err = v.read(header); err != nil {
			return Ticket{}, err
		}
	}
	// The clocks of two machines may differ by as much as a ticket lives.
	if now.Unix() > t.Expires || t.Expires > now.Add(2*Life).Unix() {
		return Ticket{}, refusal("it has expired")
	}
	if !ok {
		v.mu.Lock()
		defer v.mu.Unlock()
		if len(v.held) >= remembered/16 { // a project has few people
			clear(v.held)
		}
		v.held[strings.Clone(header)] = t
	}
	return t, nil
}

func refusal(why string) error {
	return lyceum.Errorf(lyceum.Unauthenticated, "no valid ticket: %s", why)
}

// read checks all of a ticket but its time.
func (v *Verifier) read(header string) (Ticket, error) {
	if header == "" || len(header) > maxLength {
		return Ticket{}, refusal("none was sent")
	}
	body, sig, ok := strings.Cut(header, ".")
	if !ok {
		return Ticket{}, refusal("it has no signature")
	}
	s, err := base64.RawURLEncoding.DecodeString(sig)
	if err != nil || !ed25519.Verify(v.key, []byte(body), s) {
		return Ticket{}, refusal("its signature is wrong")
	}
	b, err := base64.RawURLEncoding.DecodeString(body)
	if err != nil {
		return Ticket{}, refusal("it is not base64url")
	}
	var t Ticket
	if err := json.Unmarshal(b, &t); err != nil {
		return Ticket{}, refusal("it is not JSON")
	}
	if t.Project != v.project {
		return Ticket{}, refusal("it is for another project")
	}
	return t, nil
}
