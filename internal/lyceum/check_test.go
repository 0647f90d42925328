package lyceum

import (
	"strings"
	"testing"
)

// refused runs a check over what it accepts and what it refuses.
func refused(t *testing.T, check func(string) error, field string, good, bad []string) {
	t.Helper()
	for _, s := range good {
		if err := check(s); err != nil {
			t.Errorf("%.60q: got %v, want it accepted", s, err)
		}
	}
	for _, s := range bad {
		err := check(s)
		if !IsKind(err, Invalid) {
			t.Errorf("%.60q: got %v, want kind invalid", s, err)
			continue
		}
		if e, ok := err.(*Error); !ok || field != "" && e.Field != field {
			t.Errorf("%.60q: the error names the field %q, want %q", s, e.Field, field)
		}
	}
}

func TestCheckName(t *testing.T) {
	t.Parallel()
	refused(t, func(s string) error { return CheckName("name", s, 10) }, "name",
		[]string{"a", "Ada", "Žofie Č.", "李 明", "a  b", strings.Repeat("é", 10), "👩‍🔬"},
		[]string{"", " ", "\u00a0", " a", "a ", "a\n", "a\nb", "a\tb", "a\x00b", "a\x7fb", "a\u0085b", "\xff", "a\xc3",
			strings.Repeat("é", 11), "a\u202eb", "a\u2066b", "a\u2028b", "a\u2029b"})
}

func TestCheckText(t *testing.T) {
	t.Parallel()
	refused(t, func(s string) error { return CheckText("description", s, 10, true) }, "description",
		[]string{"", " a ", "a\nb\r\n\tc", "a\u2028b", strings.Repeat("é", 10)},
		[]string{"a\x00", "a\x1b[0m", "\xff", strings.Repeat("a", 11), "a\u202eb"})
	refused(t, func(s string) error { return CheckText("title", s, 10, false) }, "title",
		[]string{"", "a b"}, []string{"a\nb", "a\tb", "a\rb"})
}

func TestCheckEmail(t *testing.T) {
	t.Parallel()
	refused(t, CheckEmail, "email",
		[]string{"ada@example.org", "a@b", "ADA+x@Example.ORG", "žofie@example.org", "a@b@c", strings.Repeat("a", 242) + "@example.org"},
		[]string{"", "ada", "@", "@example.org", "ada@", "a b@example.org", "ada@example.org\n", "ada@example.org, grace@example.org",
			"<ada@example.org>", "a\x00@b", "a\xff@b", `a"@b`, strings.Repeat("a", 243) + "@example.org"})
}

func TestCheckSlug(t *testing.T) {
	t.Parallel()
	refused(t, CheckSlug, "slug",
		[]string{"a", "0", "a-b", "my-project-1", strings.Repeat("a", 40), "a--b"},
		[]string{"", "-", "-a", "a-", "A", "a_b", "a.b", "a/b", "é", "a\n", strings.Repeat("a", 41), string(NewID[ProjectID]())})
}

func TestCheckPassword(t *testing.T) {
	t.Parallel()
	refused(t, func(s string) error { return CheckPassword(Secret(s)) }, "password",
		[]string{"0123456789", strings.Repeat("é", 10), strings.Repeat("a", 1024), "with spaces and \x00"},
		[]string{"", "123456789", strings.Repeat("é", 9), strings.Repeat("a", 1025), strings.Repeat("é", 513)})
	if err := CheckPassword("swordfish"); err == nil || strings.Contains(err.Error(), "swordfish") {
		t.Errorf("got %v, want an error that does not repeat the password", err)
	}
}

func TestCheckEnvVar(t *testing.T) {
	t.Parallel()
	refused(t, func(s string) error { return CheckEnvVar(s, "x") }, "name",
		[]string{"A", "_", "a1_B", "PATH", "HOMES", strings.Repeat("A", 128)},
		[]string{"", "1A", "A B", "A=B", "A-B", "é", "A\n", "A\x00", "LYCEUM_PROJECT", "LYCEUM_", "HOME", "USER", "LD_PRELOAD", strings.Repeat("A", 129)})
	refused(t, func(s string) error { return CheckEnvVar("A", s) }, "value",
		[]string{"", "a\nb", "\xff", strings.Repeat("x", MaxEnvValue)},
		[]string{"\x00", "a\x00b", strings.Repeat("x", MaxEnvValue+1)})
}

func TestParsers(t *testing.T) {
	t.Parallel()
	id := func(s string) error { _, err := ParseID[ProjectID](s); return err }
	refused(t, id, "",
		[]string{"7f3a0c1e-5f0b-4c59-9b8e-0d5a3f6f2f11", string(NewID[ProjectID]())},
		[]string{"", "7F3A0C1E-5F0B-4C59-9B8E-0D5A3F6F2F11", "7f3a0c1e5f0b4c599b8e0d5a3f6f2f11", "../../etc/passwd",
			"7f3a0c1e-5f0b-4c59-9b8e-0d5a3f6f2f1", "7f3a0c1e-5f0b-4c59-9b8e-0d5a3f6f2f111", "7f3a0c1e-5f0b-4c59-9b8e-0d5a3f6f2f1g",
			"7f3a0c1e_5f0b-4c59-9b8e-0d5a3f6f2f11", "7f3a0c1e-5f0b-4c59-9b8e-0d5a3f6f2f1\n"})
	role := func(s string) error { _, err := ParseRole(s); return err }
	refused(t, role, "role", []string{"owner", "editor", "viewer"}, []string{"", "Owner", "admin", "owner "})
	scope := func(s string) error { _, err := ParseScope(s); return err }
	refused(t, scope, "scope", []string{"read", "write", "admin"}, []string{"", "READ", "all"})
}

func TestNewIDIsAUUID(t *testing.T) {
	t.Parallel()
	seen := map[AccountID]bool{}
	for range 1000 {
		id := NewID[AccountID]()
		if _, err := ParseID[AccountID](string(id)); err != nil || id[14] != '4' || !strings.ContainsRune("89ab", rune(id[19])) {
			t.Fatalf("got %q, %v, want a UUID of version 4", id, err)
		}
		if seen[id] {
			t.Fatal("one came twice")
		}
		seen[id] = true
	}
}

func TestRolesAreOrdered(t *testing.T) {
	t.Parallel()
	order := []Role{"", Viewer, Editor, Owner}
	for i, a := range order {
		for j, b := range order {
			if got, want := a.AtLeast(b), i >= j; got != want {
				t.Errorf("%q.AtLeast(%q): got %v, want %v", a, b, got, want)
			}
		}
	}
}
