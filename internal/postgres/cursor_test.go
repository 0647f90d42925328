package postgres_test

import (
	"encoding/base64"
	"testing"

	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
)

// TestForgedCursors is about cursors that no list of ours made.
func TestForgedCursors(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada := s.person("Ada")
	s.project(ada, "p")
	for _, text := range []string{
		``, `{`, `[]`, `7`, `"x"`, `{"Starred":"x"}`, `{"Starred":1099511627776}`, `{"Starred":-7}`, `{"ID":"x"}`, `{"ID":"\u0000"}`, `{"Name":"\u0000"}`,
		`{"Edited":"0000-01-01T00:00:00Z"}`, `{"Edited":"9999-12-31T23:59:59Z","ID":"x"}`, `{"Name":"a","ID":"'; DROP TABLE accounts"}`, `{"Edited":7}`,
	} {
		cursor := base64.RawURLEncoding.EncodeToString([]byte(text))
		for name, list := range map[string]func(cursor string) error{
			"ListProjects": func(c string) error {
				_, _, _, err := s.ListProjects(t.Context(), ada.ID, postgres.ProjectQuery{Cursor: c})
				return err
			},
			"ListAllProjects": func(c string) error {
				_, _, _, err := s.ListAllProjects(t.Context(), postgres.ProjectQuery{Cursor: c})
				return err
			},
			"ListAccounts": func(c string) error { _, _, _, err := s.ListAccounts(t.Context(), "", c, 0); return err },
			"ListAudit":    func(c string) error { _, _, err := s.ListAudit(t.Context(), postgres.AuditFilter{}, c, 0); return err },
		} {
			for _, c := range []string{cursor, text, cursor + "="} {
				if err := list(c); err != nil && !lyceum.IsKind(err, lyceum.Invalid) {
					t.Errorf("%s with %q: %v (%v), want Invalid", name, text, err, lyceum.KindOf(err))
				}
			}
		}
	}
}
