package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"lyceum/internal/lyceum"
)

// conflicts says, for each unique constraint, which input is taken and how to say it.
var conflicts = map[string]lyceum.Error{
	"accounts_email_key":   {Field: "email", Message: "there is an account with this address already"},
	"projects_slug_key":    {Field: "slug", Message: "another project has this address already"},
	"invitations_once_key": {Field: "account", Message: "this person is invited already"},
	"projects_pkey":        {Field: "id", Message: "there is a project with this identifier already"},
	"accounts_pkey":        {Field: "id", Message: "there is an account with this identifier already"},
}

// missing says, for the end of a foreign key's name, what is not there.
var missing = map[string]string{
	"account_fkey": "there is no such person",
	"project_fkey": "there is no such project",
}

// mapError gives err a kind; what says what was being done. An error that has a
// kind already is returned as it is; nil stays nil.
func mapError(err error, what string) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*lyceum.Error](err); ok {
		return err
	}
	cause := fmt.Errorf("%s: %w", what, err)
	if errors.Is(err, pgx.ErrNoRows) {
		return lyceum.Wrap(lyceum.NotFound, cause, "there is no such thing")
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return mapPgError(pg, cause)
	}
	if unreachable(err) {
		return lyceum.Wrap(lyceum.Unavailable, cause, "the database cannot be reached; try again in a moment")
	}
	return lyceum.Wrap(lyceum.Internal, cause, "something went wrong")
}

// mapPgError gives a kind to what PostgreSQL answered. Codes: PostgreSQL 17
// documentation, appendix A.
func mapPgError(pg *pgconn.PgError, cause error) error {
	switch pg.Code {
	case "23505": // unique_violation
		e, ok := conflicts[pg.ConstraintName]
		if !ok {
			e.Message = "it is there already"
		}
		e.Kind, e.Err = lyceum.Conflict, cause
		return &e
	case "23503": // foreign_key_violation
		for end, text := range missing {
			if strings.HasSuffix(pg.ConstraintName, end) {
				return lyceum.Wrap(lyceum.NotFound, cause, "%s", text)
			}
		}
		return lyceum.Wrap(lyceum.NotFound, cause, "it belongs to something that is not there")
	case "22021", "22P05": // character_not_in_repertoire, untranslatable_character
		return lyceum.Wrap(lyceum.Invalid, cause, "the text has characters that cannot be stored")
	case "22P02", "23514", "22003", "22001": // text representation, check, out of range, too long
		return lyceum.Wrap(lyceum.Invalid, cause, "the value cannot be stored")
	case "40001", "40P01", "55P03", "57014": // serialisation, deadlock, lock not available, cancelled
		return lyceum.Wrap(lyceum.Unavailable, cause, "the database is busy; try again in a moment")
	case "53100": // disk_full
		return lyceum.Wrap(lyceum.Unavailable, cause, "the database's disk is full; tell an administrator")
	case "25006": // read_only_sql_transaction
		return lyceum.Wrap(lyceum.Unavailable, cause, "the database is read-only now; try again later")
	}
	switch pg.Code[:min(2, len(pg.Code))] {
	case "08", "57", "53", "28", "3D": // connection, shutdown, resources, authorisation, no such database
		return lyceum.Wrap(lyceum.Unavailable, cause, "the database cannot be reached; try again in a moment")
	}
	return lyceum.Wrap(lyceum.Internal, cause, "something went wrong")
}

func unreachable(err error) bool {
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	return pgconn.SafeToRetry(err) || pgconn.Timeout(err) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) ||
		strings.Contains(err.Error(), "conn closed") || strings.Contains(err.Error(), "closed pool")
}

// notFound gives a missing row its words: other errors stay.
func notFound(err error, format string, args ...any) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return lyceum.Errorf(lyceum.NotFound, format, args...)
	}
	return err
}

func noProject(err error) error {
	return notFound(err, "there is no such project, or you are not a member of it")
}

func noAccount(err error) error { return notFound(err, "there is no such person") }
