package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"

	"lyceum/internal/lyceum"
)

// The cost of a password's hash: argon2id with 19 MiB, two passes and one lane,
// about 40 ms of one core (OWASP password storage cheat sheet, 2026).
const (
	hashMemory  = 19 << 10 // KiB
	hashTime    = 2
	hashLanes   = 1
	saltLength  = 16
	keyLength   = 32
	maxMemory   = 256 << 10 // KiB; a stored hash that asks for more is not followed
	maxTime     = 16
	queueFactor = 16 // how many may wait for each one that runs
)

// Passwords hashes and compares passwords, a bounded number at once so that
// sign-ins cannot use up the memory or all cores. It is safe for concurrent use.
type Passwords struct {
	running chan struct{} // a slot for each hash being made
	waiting chan struct{} // a slot for each caller, running ones included
	dummy   string        // compared with when there is no account, so that time does not tell
}

// NewPasswords returns a Passwords that makes as many hashes at once as the
// program has cores, and lets sixteen times as many wait.
func NewPasswords() *Passwords {
	n := runtime.GOMAXPROCS(0)
	p := &Passwords{running: make(chan struct{}, n), waiting: make(chan struct{}, n*(1+queueFactor))}
	p.dummy = makeHash(lyceum.NewSecret())
	return p
}

// Hash returns what is stored of a password, in the PHC string format:
// "$argon2id$v=19$m=19456,t=2,p=1$<salt>$<key>". It waits for its turn; Exhausted
// when too many wait already.
func (p *Passwords) Hash(ctx context.Context, password lyceum.Secret) (string, error) {
	release, err := p.enter(ctx)
	if err != nil {
		return "", err
	}
	defer release()
	return makeHash(password), nil
}

// Check reports whether password is the one that stored was made of. With stored
// "" (no such account) it takes as long and says no. stale is true when the
// hash was made with other costs than today's and should be made anew.
func (p *Passwords) Check(ctx context.Context, stored string, password lyceum.Secret) (ok, stale bool, err error) {
	release, err := p.enter(ctx)
	if err != nil {
		return false, false, err
	}
	defer release()
	h, valid := parseHash(stored)
	if !valid {
		h, _ = parseHash(p.dummy)
	}
	if len(password.Reveal()) > lyceum.MaxPasswordLength {
		password, valid = "", false
	}
	same := subtle.ConstantTimeCompare(h.derive(password), h.key) == 1
	return same && valid, same && valid && !h.current(), nil
}

func (p *Passwords) enter(ctx context.Context) (release func(), err error) {
	busy := &lyceum.Error{Kind: lyceum.Exhausted, Message: "too many people sign in at this moment; try again in a few seconds", Retry: 3 * time.Second}
	select {
	case p.waiting <- struct{}{}:
	default:
		return nil, busy
	}
	select {
	case p.running <- struct{}{}:
		return func() { <-p.running; <-p.waiting }, nil
	case <-ctx.Done():
		<-p.waiting
		busy.Err = ctx.Err()
		return nil, busy
	}
}

// hash is a stored hash, taken apart.
type hash struct {
	memory, time uint32
	lanes        uint8
	salt, key    []byte
}

func (h hash) derive(password lyceum.Secret) []byte {
	return argon2.IDKey([]byte(password.Reveal()), h.salt, h.time, h.memory, h.lanes, uint32(len(h.key)))
}

func (h hash) current() bool {
	return h.memory == hashMemory && h.time == hashTime && h.lanes == hashLanes && len(h.key) == keyLength && len(h.salt) == saltLength
}

func makeHash(password lyceum.Secret) string {
	h := hash{memory: hashMemory, time: hashTime, lanes: hashLanes, salt: make([]byte, saltLength), key: make([]byte, keyLength)}
	_, _ = rand.Read(h.salt) // never fails since Go 1.24
	h.key = h.derive(password)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, h.memory, h.time, h.lanes,
		base64.RawStdEncoding.EncodeToString(h.salt), base64.RawStdEncoding.EncodeToString(h.key))
}

// parseHash reads a PHC string of argon2id, strictly: what it accepts it would
// also write.
func parseHash(s string) (hash, bool) {
	var h hash
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return h, false
	}
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &h.memory, &h.time, &h.lanes); n != 3 || err != nil ||
		parts[3] != fmt.Sprintf("m=%d,t=%d,p=%d", h.memory, h.time, h.lanes) {
		return h, false
	}
	if h.lanes < 1 || h.time < 1 || h.time > maxTime || h.memory < 8*uint32(h.lanes) || h.memory > maxMemory {
		return h, false
	}
	var err1, err2 error
	h.salt, err1 = base64.RawStdEncoding.Strict().DecodeString(parts[4])
	h.key, err2 = base64.RawStdEncoding.Strict().DecodeString(parts[5])
	ok := err1 == nil && err2 == nil && len(h.salt) >= 8 && len(h.salt) <= 64 && len(h.key) >= 16 && len(h.key) <= 64
	return h, ok
}
