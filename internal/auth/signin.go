package auth

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
)

// Limits of sign-ins that fail, in one window. An account may be tried from
// many addresses by someone who means harm, so its own limit is high and does not
// hold for addresses from which it is signed in already: nobody can lock a person
// out of the browser or the network that they use.
const (
	signInWindow  = 15 * time.Minute
	triesPair     = 10  // one account from one address
	triesAddress  = 50  // any accounts from one address
	triesAccount  = 100 // one account from anywhere
	v6AddressBits = 64  // one client has at least this many bits of IPv6 (RFC 6177)
)

// Client is the browser that signs in.
type Client struct {
	Address netip.Addr
	Agent   string // User-Agent
	Request string // the request's identifier, for the audit log
}

func (c Client) act() postgres.Act {
	return postgres.Act{Address: addressText(c.Address), Request: c.Request}
}

// Entered is a browser that has just signed in.
type Entered struct {
	Account   lyceum.Account
	Session   lyceum.SessionID
	SetCookie string // the header's value
}

// wrong is the one answer to a sign-in that does not hold.
func wrong() error {
	return lyceum.Errorf(lyceum.Unauthenticated, "the mail address or the password is wrong")
}

// SignIn makes a session for whoever knows the password. Unauthenticated when it
// is wrong or there is no such account (which of them is not told, nor does
// the time that it takes), Exhausted after too many tries, Forbidden for a
// suspended account.
func (a *Auth) SignIn(ctx context.Context, c Client, email string, password lyceum.Secret) (Entered, error) {
	email = strings.TrimSpace(email)
	keys, err := a.countTry(ctx, c, email)
	if err != nil {
		return Entered{}, err
	}
	account, stored, err := a.db.AccountByEmail(ctx, email)
	if err != nil && !lyceum.IsKind(err, lyceum.NotFound) && !lyceum.IsKind(err, lyceum.Invalid) {
		return Entered{}, err
	}
	ok, stale, err := a.passwords.Check(ctx, stored, password)
	if err != nil {
		return Entered{}, err
	}
	if !ok {
		if account.ID != "" {
			if err := a.db.Record(ctx, c.act(), "session.refuse", "account", string(account.ID), nil); err != nil {
				return Entered{}, err
			}
		}
		return Entered{}, wrong()
	}
	if err := a.db.ForgiveSignIn(ctx, keys...); err != nil {
		return Entered{}, err
	}
	if stale {
		if better, err := a.passwords.Hash(ctx, password); err == nil {
			if err := a.db.ReplacePasswordHash(ctx, account.ID, stored, better); err != nil {
				return Entered{}, err
			}
		}
	}
	return a.enter(ctx, c, account)
}

// enter makes a session for an account that has shown who it is.
func (a *Auth) enter(ctx context.Context, c Client, account lyceum.Account) (Entered, error) {
	secret := lyceum.NewSecret()
	s, err := a.db.CreateSession(ctx, c.act(), postgres.NewSession{
		Account: account.ID, Hash: secret.Hash(), Expires: time.Now().Add(sessionIdle),
		Address: addressText(c.Address), Agent: agentText(c.Agent),
	})
	if err != nil {
		return Entered{}, err
	}
	return Entered{account, s.ID, a.cookie.set(secret)}, nil
}

// countTry counts a try before the password is looked at, so that many at once
// are all counted, and refuses it when there were too many.
func (a *Auth) countTry(ctx context.Context, c Client, email string) ([]string, error) {
	address, account := "address "+network(c.Address), "account "+strings.ToLower(email)
	keys := []string{account + " " + address, address, account}
	n, err := a.db.CountSignIn(ctx, signInWindow, keys...)
	if err != nil {
		return nil, err
	}
	for i, limit := range []int{triesPair, triesAddress, triesAccount} {
		if n[i].Count <= limit || (i == 2 && a.knows(ctx, email, c.Address)) {
			continue
		}
		return nil, &lyceum.Error{
			Kind: lyceum.Exhausted, Message: "too many sign-ins failed; try again in a while",
			Retry: max(time.Until(n[i].Until), time.Second),
		}
	}
	return keys, nil
}

// knows reports whether the account is signed in from this network already.
func (a *Auth) knows(ctx context.Context, email string, client netip.Addr) bool {
	account, _, err := a.db.AccountByEmail(ctx, email)
	if err != nil {
		return false
	}
	list, err := a.db.ListSessions(ctx, account.ID)
	if err != nil {
		return false
	}
	for _, s := range list {
		if from, err := netip.ParseAddr(s.Address); err == nil && network(from) == network(client) {
			return true
		}
	}
	return false
}

// network is the address that tries are counted by.
func network(a netip.Addr) string {
	if a.Is6() && !a.Is4In6() {
		if p, err := a.Prefix(v6AddressBits); err == nil {
			return p.String()
		}
	}
	return addressText(a.Unmap())
}

// SignOut ends the session of who asks and returns the header that clears its cookie.
func (a *Auth) SignOut(ctx context.Context, act postgres.Act) (string, error) {
	err := a.db.RevokeSession(ctx, act, act.Actor.Account, act.Actor.Session)
	if err != nil && !lyceum.IsKind(err, lyceum.NotFound) {
		return "", err
	}
	a.Forget(act.Actor.Account)
	return a.cookie.clear(), nil
}

// ClearCookie is the header that makes a browser forget its session.
func (a *Auth) ClearCookie() string { return a.cookie.clear() }

// ChangePassword replaces one's own password and ends all other sessions. A wrong
// present password is Invalid, and counts as a failed sign-in.
func (a *Auth) ChangePassword(ctx context.Context, act postgres.Act, c Client, account lyceum.Account, current, wanted lyceum.Secret) error {
	keys, err := a.countTry(ctx, c, account.Email)
	if err != nil {
		return err
	}
	stored, err := a.db.PasswordHash(ctx, account.ID)
	if err != nil {
		return err
	}
	ok, _, err := a.passwords.Check(ctx, stored, current)
	if err != nil {
		return err
	}
	if !ok {
		return lyceum.Invalidf("current", "this is not your present password")
	}
	if err := a.db.ForgiveSignIn(ctx, keys...); err != nil {
		return err
	}
	if err := lyceum.CheckPassword(wanted); err != nil {
		return lyceum.Invalidf("new", "%s", err)
	}
	return a.setPassword(ctx, act, account.ID, wanted, act.Actor.Session)
}

// ResetPassword gives an account a new password and ends all its sessions. It is
// for an administrator at the machine, who has forgotten theirs.
func (a *Auth) ResetPassword(ctx context.Context, email string, password lyceum.Secret) error {
	if err := lyceum.CheckPassword(password); err != nil {
		return err
	}
	account, _, err := a.db.AccountByEmail(ctx, email)
	if err != nil {
		return err
	}
	return a.setPassword(ctx, postgres.Act{}, account.ID, password, "")
}

func (a *Auth) setPassword(ctx context.Context, act postgres.Act, id lyceum.AccountID, password lyceum.Secret, keep lyceum.SessionID) error {
	hash, err := a.passwords.Hash(ctx, password)
	if err != nil {
		return err
	}
	defer a.Forget(id)
	return a.db.SetPassword(ctx, act, id, hash, keep)
}

// CreateToken makes an API token and returns its text, which is shown once.
func (a *Auth) CreateToken(ctx context.Context, act postgres.Act, t lyceum.Token) (lyceum.Token, lyceum.Secret, error) {
	secret := tokenPrefix + lyceum.NewSecret()
	made, err := a.db.CreateToken(ctx, act, t, secret.Hash())
	return made, secret, err
}
