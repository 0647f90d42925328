package lyceum

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

const pageFile = "../../docs/reference/permissions.md"

// meanings are the sentences of the page, one a verb.
var meanings = map[Verb]string{
	DoNothing:       "what needs no account: sign in, the health probes, the app's own files",
	UseSite:         "be signed in: see the site's settings that concern everybody",
	FindPeople:      "search people by name, to invite them",
	CreateProject:   "make a project and own it",
	AdministerSite:  "people, settings, what runs, the audit log",
	ReadOwn:         "one's own account and settings",
	WriteOwn:        "one's own name and settings",
	SecureOwn:       "one's own password, sessions and tokens",
	SeeProject:      "that a project exists: its name, state and members",
	ArrangeProject:  "one's own star and layout in it",
	LeaveProject:    "leave it (the last owner cannot)",
	ReadFiles:       "read files and documents, without dot-folders",
	ReadHidden:      "read dot-folders too",
	WriteFiles:      "write files and documents",
	UseTerminals:    "open, watch and end terminals",
	ReadEnv:         "the names of its environment variables",
	WriteEnv:        "set its environment variables",
	RunProject:      "start it, keep it running",
	StopProject:     "stop and restart it",
	DescribeProject: "its name, description and slug",
	ManageMembers:   "members, roles and invitations",
	DeleteProject:   "delete and restore it",
	CopyProject:     "copy all of it into a new project",
}

// TestPermissionsPage holds docs/reference/permissions.md to what Can says.
func TestPermissionsPage(t *testing.T) {
	t.Parallel()
	want := permissionsPage(t)
	if *update {
		if err := os.MkdirAll("../../docs/reference", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(pageFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(pageFile)
	if err != nil {
		t.Fatalf("%v; write it with go test ./internal/lyceum -update", err)
	}
	if string(got) != want {
		t.Errorf("%s is not what Can says; write it anew with go test ./internal/lyceum -update, and read the difference", pageFile)
	}
}

func permissionsPage(t *testing.T) string {
	var b strings.Builder
	b.WriteString(`# Permissions

Who may do what. This page is written by a test from ` + "`lyceum.Can`" + `, the one function that decides;
each route of the API names one of these verbs.

## People

*Out*: not signed in, or suspended. *In*: signed in, not a member of the project. An administrator manages
projects without reading what is in them, unless they are a member too.

`)
	pageTable(t, &b, Verbs(), []string{"out", "in", "view", "edit", "own", "adm"},
		[]string{"out", "in", "viewer", "editor", "owner", "administrator"})
	b.WriteString(`
## Deleted projects

In the grace time of a deleted project its members see it, may leave it, and its owners may restore it.

`)
	pageTable(t, &b, projectVerbs(), []string{"x.view", "x.edit", "x.own", "x.adm"}, []string{"viewer", "editor", "owner", "administrator"})
	b.WriteString(`
## Tokens

A token may do what its account may do, narrowed by its scope. The columns show the token of an owner, and that of an
administrator who is not a member. A token for one project reaches nothing else but ` + "`site.use` and `own.read`" + `.

`)
	pageTable(t, &b, Verbs(), []string{"t.read", "t.write", "t.admin", "t.adm"},
		[]string{"read", "write", "admin", "admin, of an administrator"})
	return b.String()
}

func projectVerbs() []Verb {
	return slices.DeleteFunc(Verbs(), func(v Verb) bool { return siteWide[v] })
}

func pageTable(t *testing.T, b *strings.Builder, verbs []Verb, keys, titles []string) {
	t.Helper()
	b.WriteString("| verb | what |")
	for _, s := range titles {
		b.WriteString(" " + s + " |")
	}
	b.WriteString("\n| --- | --- |" + strings.Repeat(" --- |", len(titles)) + "\n")
	for _, v := range verbs {
		if meanings[v] == "" {
			t.Errorf("the verb %s has no sentence", v)
		}
		b.WriteString("| `" + string(v) + "` | " + meanings[v] + " |")
		for _, key := range keys {
			mark := " |"
			if c := columns[key]; Can(c.actor, v, about(v, c)) {
				mark = " yes |"
			}
			b.WriteString(mark)
		}
		b.WriteString("\n")
	}
}
