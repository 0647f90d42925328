package auth

import (
	"context"
	"math/rand/v2"

	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
)

// NewAccount is who wants an account.
type NewAccount struct {
	Email, Name string
	Password    lyceum.Secret
	Invitation  lyceum.Secret // "" for none
}

func (n NewAccount) check() error {
	if err := lyceum.CheckEmail(n.Email); err != nil {
		return err
	}
	if err := lyceum.CheckName("name", n.Name, lyceum.MaxNameLength); err != nil {
		return err
	}
	return lyceum.CheckPassword(n.Password)
}

// row hashes the password.
func (a *Auth) row(ctx context.Context, n NewAccount) (postgres.NewAccount, error) {
	hash, err := a.passwords.Hash(ctx, n.Password)
	row := postgres.NewAccount{Email: n.Email, Name: n.Name, Password: hash, Colour: rand.IntN(lyceum.Colours)}
	if n.Invitation != "" {
		row.Invitation = n.Invitation.Hash()
	}
	return row, err
}

// SignUp makes an account as the site's settings allow, and signs it in. While
// sign-up is closed only an invitation to the site holds, which administrators
// make; otherwise one to a project does too. Forbidden when it is not allowed,
// Conflict when the address is taken or this machine cannot keep two accounts apart.
func (a *Auth) SignUp(ctx context.Context, c Client, n NewAccount) (Entered, error) {
	if err := n.check(); err != nil {
		return Entered{}, err
	}
	if err := a.allowSignUp(ctx, n); err != nil {
		return Entered{}, err
	}
	row, err := a.row(ctx, n)
	if err != nil {
		return Entered{}, err
	}
	account, err := a.db.CreateAccount(ctx, c.act(), row)
	if err != nil {
		return Entered{}, err
	}
	return a.enter(ctx, c, account)
}

func (a *Auth) allowSignUp(ctx context.Context, n NewAccount) error {
	settings, err := a.db.Settings(ctx)
	if err != nil {
		return err
	}
	if n.Invitation != "" {
		offer, err := a.db.InvitationByHash(ctx, n.Invitation.Hash())
		if err != nil {
			return err
		}
		if offer.Project != "" && settings.SignUp == lyceum.SignUpClosed {
			return lyceum.Errorf(lyceum.Forbidden, "only people with an account can use this link; ask an administrator for an account")
		}
	} else if settings.SignUp != lyceum.SignUpOpen {
		return lyceum.Errorf(lyceum.Forbidden, "new accounts need an invitation on this site")
	}
	return a.roomForOne(ctx)
}

// roomForOne refuses a second account where it could reach the first one's files.
func (a *Auth) roomForOne(ctx context.Context) error {
	if !a.alone {
		return nil
	}
	accounts, _, _, err := a.db.Counts(ctx)
	if err != nil {
		return err
	}
	if accounts > 0 {
		return lyceum.Errorf(lyceum.Conflict, "this machine cannot keep two people's projects apart, so there can be one account only; an administrator finds the reason on the machine's page, or starts the server with --trust-everyone")
	}
	return nil
}

// CheckSignUp returns Conflict when the way of signing up cannot be chosen here:
// open sign-up where strangers could reach each other's files.
func (a *Auth) CheckSignUp(mode lyceum.SignUp) error {
	if mode == lyceum.SignUpOpen && !a.isolated {
		return &lyceum.Error{Kind: lyceum.Conflict, Field: "signUp", Message: "sign-up cannot be open on this machine: it cannot keep people's projects apart"}
	}
	return nil
}

// Setup makes the first administrator for whoever holds the set-up link, and
// signs them in.
func (a *Auth) Setup(ctx context.Context, c Client, link lyceum.Secret, n NewAccount, siteName string) (Entered, error) {
	if err := n.check(); err != nil {
		return Entered{}, err
	}
	if siteName != "" {
		if err := lyceum.CheckName("siteName", siteName, lyceum.MaxNameLength); err != nil {
			return Entered{}, err
		}
	}
	needed, err := a.db.SetupNeeded(ctx)
	if err != nil {
		return Entered{}, err
	}
	if !needed {
		return Entered{}, lyceum.Errorf(lyceum.Conflict, "the site is set up already: sign in")
	}
	row, err := a.row(ctx, n)
	if err != nil {
		return Entered{}, err
	}
	account, err := a.db.Setup(ctx, c.act(), link.Hash(), row, siteName)
	if err != nil {
		return Entered{}, err
	}
	return a.enter(ctx, c, account)
}

// PrepareSetup makes a new set-up link when there is no administrator yet, and
// returns its secret: to be printed once. "" when the site is set up.
func (a *Auth) PrepareSetup(ctx context.Context) (lyceum.Secret, error) {
	secret := lyceum.NewSecret()
	needed, err := a.db.SetSetupLink(ctx, secret.Hash())
	if err != nil || !needed {
		return "", err
	}
	return secret, nil
}

// CreateFirstAdmin makes the administrator that the configuration names, unless
// there is one already; made tells which.
func (a *Auth) CreateFirstAdmin(ctx context.Context, email string, password lyceum.Secret) (made bool, err error) {
	n := NewAccount{Email: email, Name: "Administrator", Password: password}
	if err := n.check(); err != nil {
		return false, err
	}
	if needed, err := a.db.SetupNeeded(ctx); err != nil || !needed {
		return false, err
	}
	row, err := a.row(ctx, n)
	if err != nil {
		return false, err
	}
	_, err = a.db.CreateFirstAdmin(ctx, postgres.Act{}, row)
	if lyceum.IsKind(err, lyceum.Conflict) {
		return false, nil
	}
	return err == nil, err
}
