package process

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestWallsAreDocumented: the page says what TestAttempts tries.
func TestWallsAreDocumented(t *testing.T) {
	t.Parallel()
	const page = "../../../docs/reference/confinement.md"
	var b strings.Builder
	b.WriteString(`# What a project tries in vain

Made from the table of the tests (internal/compute/process): a project makes each attempt, in each way of confinement,
and must fail; the same program makes it without confinement, as the server's user, and must succeed. Where it cannot
succeed even then, the table says why, and the line proves less.

| attempt | user ids and bubblewrap | user ids | root, not confined | bubblewrap, as an ordinary user | that user, not confined |
| --- | --- | --- | --- | --- | --- |
`)
	for _, c := range wallCases(victim{}) {
		tell := func(kind string) string {
			if slices.Contains(c.open, kind) {
				return "**succeeds**"
			}
			return "refused"
		}
		off := func(why string) string {
			if why != "" {
				return "fails: " + why
			}
			return "succeeds"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", c.what, tell(kindUIDBwrap), tell(kindUID), off(c.only), tell(kindBwrap), off(cmp.Or(c.root, c.only)))
	}
	if os.Getenv("LYCEUM_WRITE_GOLDEN") != "" {
		if err := os.WriteFile(page, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil && os.Geteuid() != 0 {
		t.Skip("the source is not readable for the ordinary user of TestAsOrdinaryUser")
	}
	if err != nil || string(got) != b.String() {
		t.Errorf("%s differs from the table (%v): run this test with LYCEUM_WRITE_GOLDEN=1", page, err)
	}
}
