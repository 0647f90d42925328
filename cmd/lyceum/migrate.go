package main

import (
	"context"
	"errors"
	"fmt"

	"lyceum/internal/postgres"
)

// migrateCmd brings the database to this version's tables. serve does so by
// itself; this is for those who do it apart, before they roll out.
type migrateCmd struct {
	databaseConfig
}

// Run migrates.
func (c *migrateCmd) Run(ctx context.Context, t *terminal) error {
	db, done, err := c.open(ctx)
	if err != nil {
		return err
	}
	db.Close()
	err = errors.Join(err, done())
	if err != nil {
		return err
	}
	number, err := postgres.Schema()
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "The database has schema %d.\n", number)
	return nil
}
