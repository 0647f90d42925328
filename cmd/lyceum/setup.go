package main

import (
	"context"
	"fmt"

	"lyceum/internal/auth"
	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
)

// setUp makes the first administrator whom the configuration names, or else a
// link for whoever started the server. A site that has one is left alone.
func (s *site) setUp(ctx context.Context) error {
	needed, err := s.database.db.SetupNeeded(ctx)
	if err != nil || !needed {
		return err
	}
	if s.cfg.SetupAdminEmail != "" {
		return s.firstAdmin(ctx)
	}
	secret := lyceum.NewSecret()
	stored, err := s.database.db.SetSetupLink(ctx, secret.Hash())
	if err != nil || !stored {
		return err
	}
	// Behind "#" it reaches no server and no log of one.
	s.setupLink = s.base.String() + "setup#" + secret.Reveal()
	return nil
}

// firstAdmin makes the administrator of the configuration.
func (s *site) firstAdmin(ctx context.Context) error {
	password, err := s.cfg.setupPassword()
	if err != nil {
		return err
	}
	if err := lyceum.CheckEmail(s.cfg.SetupAdminEmail); err != nil {
		return fmt.Errorf("--setup-admin-email: %w", err)
	}
	if err := lyceum.CheckPassword(password); err != nil {
		return fmt.Errorf("the first administrator's password: %w", err)
	}
	hash, err := auth.NewPasswords().Hash(ctx, password)
	if err != nil {
		return err
	}
	_, err = s.database.db.CreateFirstAdmin(ctx, postgres.Act{}, postgres.NewAccount{Email: s.cfg.SetupAdminEmail, Name: "Administrator", Password: hash})
	if lyceum.IsKind(err, lyceum.Conflict) {
		return nil // another hub was first
	}
	return err
}
