package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"lyceum/internal/auth"
	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
)

// adminCmd administers the site from its machine.
type adminCmd struct {
	ResetPassword resetPasswordCmd `cmd:"" help:"Give a person a new password; their browsers are signed out."`
}

// resetPasswordCmd is for the one who forgot.
type resetPasswordCmd struct {
	databaseConfig
	Email        string `arg:"" help:"The person's mail address."`
	PasswordFile string `type:"path" placeholder:"FILE" help:"File with the new password; -: the first line of standard input. Default: a random one is made and printed."`
}

// Run sets the password.
func (c *resetPasswordCmd) Run(ctx context.Context, t *terminal) error {
	password, made, err := c.password()
	if err != nil {
		return err
	}
	if err := lyceum.CheckPassword(password); err != nil {
		return err
	}
	db, done, err := c.open(ctx)
	if err != nil {
		return err
	}
	return errors.Join(c.reset(ctx, t, db, password, made), done())
}

func (c *resetPasswordCmd) reset(ctx context.Context, t *terminal, db *postgres.DB, password lyceum.Secret, made bool) error {
	account, _, err := db.AccountByEmail(ctx, c.Email)
	if err != nil {
		return err
	}
	hash, err := auth.NewPasswords().Hash(ctx, password)
	if err != nil {
		return err
	}
	if err := db.SetPassword(ctx, postgres.Act{}, account.ID, hash, ""); err != nil {
		return err
	}
	fmt.Fprintf(t.out, "The password of %s is changed, and their browsers are signed out.\n", account.Email)
	if made {
		fmt.Fprintf(t.out, "The new password: %s\n", password.Reveal())
	}
	return nil
}

// password reads the new password, or makes one when nobody gave any.
func (c *resetPasswordCmd) password() (_ lyceum.Secret, made bool, _ error) {
	switch {
	case c.PasswordFile != "" && c.PasswordFile != "-":
		b, err := os.ReadFile(c.PasswordFile)
		return lyceum.Secret(strings.TrimRight(string(b), "\r\n")), false, err
	case c.PasswordFile == "-":
		line, err := bufio.NewReader(os.Stdin).ReadString('\n')
		if errors.Is(err, io.EOF) {
			err = nil
		}
		return lyceum.Secret(strings.TrimRight(line, "\r\n")), false, err
	}
	return lyceum.NewSecret()[:20], true, nil
}
