package lyceum

import (
	"fmt"
	"strings"
	"testing"
)

const (
	ada   AccountID = "11111111-1111-4111-8111-111111111111"
	grace AccountID = "22222222-2222-4222-8222-222222222222"
	here  ProjectID = "33333333-3333-4333-8333-333333333333"
	there ProjectID = "44444444-4444-4444-8444-444444444444"
)

// permissions is what the product promises: who (a column) may do what (a row).
// A dot is no. "own" verbs are asked about the actor's own account.
//
//	out      not signed in           sus      a suspended owner who is an administrator
//	in       signed in, no member    t.read   an owner's token of scope read (write, admin)
//	view     viewer                  t.adm    an administrator's token of scope admin, not a member
//	edit     editor                  t.only   an owner's token of scope write for another project
//	own      owner                   x.view   viewer of a deleted project (x.edit, x.own)
//	adm      administrator, no member  x.adm  administrator of the site, of a deleted project
const permissions = `
                    out in view edit own adm | sus t.read t.write t.admin t.adm t.only | x.view x.edit x.own x.adm
  public            yes yes yes yes yes yes  | yes yes    yes     yes     yes   yes    | yes    yes    yes   yes
  site.use          .   yes yes yes yes yes  | .   yes    yes     yes     yes   yes    | yes    yes    yes   yes
  people.find       .   yes yes yes yes yes  | .   yes    yes     yes     yes   .      | yes    yes    yes   yes
  project.create    .   yes yes yes yes yes  | .   .      yes     yes     yes   .      | yes    yes    yes   yes
  site.admin        .   .   .   .   .   yes  | .   .      .       .       yes   .      | .      .      .     yes
  own.read          .   yes yes yes yes yes  | .   yes    yes     yes     yes   yes    | yes    yes    yes   yes
  own.write         .   yes yes yes yes yes  | .   .      yes     yes     yes   .      | yes    yes    yes   yes
  own.secure        .   yes yes yes yes yes  | .   .      .       .       .     .      | yes    yes    yes   yes
  project.see       .   .   yes yes yes yes  | .   yes    yes     yes     yes   .      | yes    yes    yes   yes
  project.arrange   .   .   yes yes yes .    | .   .      yes     yes     .     .      | .      .      .     .
  project.leave     .   .   yes yes yes .    | .   .      yes     yes     .     .      | yes    yes    yes   .
  files.read        .   .   yes yes yes .    | .   yes    yes     yes     .     .      | .      .      .     .
  files.read-hidden .   .   .   yes yes .    | .   yes    yes     yes     .     .      | .      .      .     .
  files.write       .   .   .   yes yes .    | .   .      yes     yes     .     .      | .      .      .     .
  terminals.use     .   .   .   yes yes .    | .   .      yes     yes     .     .      | .      .      .     .
  env.read          .   .   .   yes yes .    | .   .      yes     yes     .     .      | .      .      .     .
  env.write         .   .   .   .   yes .    | .   .      yes     yes     .     .      | .      .      .     .
  project.run       .   .   .   yes yes .    | .   .      yes     yes     .     .      | .      .      .     .
  project.stop      .   .   .   yes yes yes  | .   .      yes     yes     yes   .      | .      .      .     .
  project.describe  .   .   .   .   yes yes  | .   .      yes     yes     yes   .      | .      .      .     .
  members.manage    .   .   .   .   yes yes  | .   .      yes     yes     yes   .      | .      .      .     .
  project.delete    .   .   .   .   yes yes  | .   .      yes     yes     yes   .      | .      .      yes   yes
  project.copy      .   .   .   yes yes .    | .   .      yes     yes     .     .      | .      .      .     .
`

// column is who asks, and about what, in one column of the table.
type column struct {
	actor  Actor
	object Object
}

var columns = map[string]column{
	"out":     {Actor{}, Object{Project: here}},
	"in":      {Actor{Account: ada}, Object{Project: here}},
	"view":    {Actor{Account: ada}, Object{Project: here, Role: Viewer}},
	"edit":    {Actor{Account: ada}, Object{Project: here, Role: Editor}},
	"own":     {Actor{Account: ada}, Object{Project: here, Role: Owner}},
	"adm":     {Actor{Account: ada, Admin: true}, Object{Project: here}},
	"sus":     {Actor{Account: ada, Admin: true, Suspended: true}, Object{Project: here, Role: Owner}},
	"t.read":  {Actor{Account: ada, Token: "t", Scope: ScopeRead}, Object{Project: here, Role: Owner}},
	"t.write": {Actor{Account: ada, Token: "t", Scope: ScopeWrite}, Object{Project: here, Role: Owner}},
	"t.admin": {Actor{Account: ada, Token: "t", Scope: ScopeAdmin}, Object{Project: here, Role: Owner}},
	"t.adm":   {Actor{Account: ada, Admin: true, Token: "t", Scope: ScopeAdmin}, Object{Project: here}},
	"t.only":  {Actor{Account: ada, Token: "t", Scope: ScopeWrite, Only: there}, Object{Project: here, Role: Owner}},
	"x.view":  {Actor{Account: ada}, Object{Project: here, Role: Viewer, Deleted: true}},
	"x.edit":  {Actor{Account: ada}, Object{Project: here, Role: Editor, Deleted: true}},
	"x.own":   {Actor{Account: ada}, Object{Project: here, Role: Owner, Deleted: true}},
	"x.adm":   {Actor{Account: ada, Admin: true}, Object{Project: here, Deleted: true}},
}

// siteWide are the verbs that are not about a project.
var siteWide = map[Verb]bool{
	DoNothing: true, UseSite: true, FindPeople: true, CreateProject: true, AdministerSite: true,
	ReadOwn: true, WriteOwn: true, SecureOwn: true,
}

// about is the object that a verb is asked about: site-wide verbs are about the
// site or the actor's account, whoever is a member of what.
func about(v Verb, c column) Object {
	switch v {
	case ReadOwn, WriteOwn, SecureOwn:
		return Object{Account: c.actor.Account}
	}
	if siteWide[v] {
		return Object{}
	}
	return c.object
}

func TestPermissionsAreThoseOfTheTable(t *testing.T) {
	t.Parallel()
	lines := strings.Split(strings.Trim(permissions, "\n"), "\n")
	names := cells(lines[0])
	if len(names) != len(columns) {
		t.Errorf("the table has %d columns, want %d", len(names), len(columns))
	}
	told := map[Verb]bool{}
	for _, line := range lines[1:] {
		row := cells(line)
		v := Verb(row[0])
		told[v] = true
		if len(row) != len(names)+1 {
			t.Fatalf("row %s has %d cells, want %d", v, len(row)-1, len(names))
		}
		for i, name := range names {
			c, ok := columns[name]
			if !ok {
				t.Fatalf("there is no column %s", name)
			}
			if got, want := Can(c.actor, v, about(v, c)), row[i+1] == "yes"; got != want {
				t.Errorf("may %s do %s: got %v, want %v", name, v, got, want)
			}
		}
	}
	for _, v := range Verbs() {
		if !told[v] {
			t.Errorf("the verb %s is not in the table", v)
		}
	}
	if len(told) != len(Verbs()) {
		t.Errorf("the table has %d verbs, Verbs has %d", len(told), len(Verbs()))
	}
}

func cells(line string) []string {
	return strings.Fields(strings.ReplaceAll(line, "|", " "))
}

// every calls f with every combination of what a decision depends on.
func every(f func(a Actor, v Verb, o Object)) {
	for _, account := range []AccountID{"", ada} {
		for _, admin := range []bool{false, true} {
			for _, suspended := range []bool{false, true} {
				for _, scope := range []Scope{"session", "", ScopeRead, ScopeWrite, ScopeAdmin, "made-up"} {
					for _, only := range []ProjectID{"", here, there} {
						a := Actor{Account: account, Admin: admin, Suspended: suspended}
						if scope != "session" {
							a.Token, a.Scope, a.Only = "t", scope, only
						} else if only != "" {
							continue
						}
						everyObject(func(v Verb, o Object) { f(a, v, o) })
					}
				}
			}
		}
	}
}

func everyObject(f func(v Verb, o Object)) {
	for _, v := range append(Verbs(), "", "made.up") {
		for _, whose := range []AccountID{"", ada, grace} {
			f(v, Object{Account: whose})
		}
		for _, role := range []Role{"", Viewer, Editor, Owner, "made-up"} {
			for _, deleted := range []bool{false, true} {
				f(v, Object{Project: here, Role: role, Deleted: deleted})
			}
		}
	}
}

// TestRulesHoldEverywhere walks all combinations and holds each
// against the rules that the table follows.
func TestRulesHoldEverywhere(t *testing.T) {
	t.Parallel()
	content := map[Verb]bool{
		ReadFiles: true, ReadHidden: true, WriteFiles: true, UseTerminals: true, ReadEnv: true,
		WriteEnv: true, CopyProject: true, RunProject: true, ArrangeProject: true, LeaveProject: true,
	}
	count := 0
	every(func(a Actor, v Verb, o Object) {
		count++
		can := Can(a, v, o)
		say := func(rule string) { t.Errorf("%s: %+v, %s, %+v: got %v", rule, a, v, o, can) }
		session := Actor{Account: a.Account, Admin: a.Admin}
		switch {
		case v == DoNothing:
			if !can {
				say("everybody may do nothing")
			}
			return
		case !can:
		case a.Account == "":
			say("who is not signed in may do nothing else")
		case a.Suspended:
			say("who is suspended may do nothing else")
		case v == "" || v == "made.up":
			say("nobody may do what is not a verb")
		case a.Token != "" && v == SecureOwn:
			say("no token touches the sign-in")
		case a.Token != "" && (a.Scope == "" || a.Scope == "made-up"):
			say("a token of no known scope may do nothing")
		case a.Token != "" && !Can(session, v, o):
			say("a token may do no more than its account")
		case a.Only != "" && o.Project != a.Only && v != UseSite && v != ReadOwn:
			say("a token of one project reaches nothing else")
		case a.Token != "" && a.Scope == ScopeRead && !Can(with(a, ScopeWrite), v, o),
			a.Token != "" && a.Scope == ScopeWrite && !Can(with(a, ScopeAdmin), v, o):
			say("a larger scope allows no less")
		case content[v] && (o.Role == "" || o.Role == "made-up"):
			say("only members touch what is in a project, administrators neither")
		case o.Account != "" && o.Account != a.Account && (v == ReadOwn || v == WriteOwn || v == SecureOwn):
			say("nobody acts on another's account")
		case o.Project != "" && !siteWide[v] && !Sees(a, o):
			say("nobody acts on what he does not see")
		case o.Deleted && !Can(a, v, o.restored()):
			say("a deleted project allows no more")
		}
		if can && !siteWide[v] {
			for _, more := range []Role{Viewer, Editor, Owner} {
				if more.AtLeast(o.Role) && !Can(a, v, Object{Project: o.Project, Role: more, Deleted: o.Deleted}) {
					say(fmt.Sprintf("as %s one may do no less", more))
				}
			}
			if !Can(Actor{Account: a.Account, Admin: true, Token: a.Token, Scope: a.Scope, Only: a.Only}, v, o) {
				say("as administrator one may do no less")
			}
		}
	})
	if count < 20_000 {
		t.Errorf("walked %d combinations, want all", count)
	}
}

func with(a Actor, s Scope) Actor { a.Scope = s; return a }

func TestCheckSaysWhy(t *testing.T) {
	t.Parallel()
	every(func(a Actor, v Verb, o Object) {
		err := Check(a, v, o)
		if (err == nil) != Can(a, v, o) {
			t.Errorf("%+v, %s, %+v: Check says %v, Can %v", a, v, o, err, Can(a, v, o))
		}
		want := Forbidden
		switch {
		case err == nil:
			return
		case a.Account == "" || a.Suspended:
			want = Unauthenticated
		case o.Project != "" && !Can(a, SeeProject, o):
			want = NotFound
		case o.Deleted && Can(a, v, o.restored()):
			want = Conflict
		}
		if got := KindOf(err); got != want {
			t.Errorf("%+v, %s, %+v: got kind %v, want %v", a, v, o, got, want)
		}
	})
}

// TestStrangersLearnNothing: whoever may not see a project gets the very answer
// that he would get had it never existed, which has no role and is not deleted.
func TestStrangersLearnNothing(t *testing.T) {
	t.Parallel()
	every(func(a Actor, v Verb, o Object) {
		if o.Project == "" || siteWide[v] || Sees(a, o) {
			return
		}
		got, want := Check(a, v, o), Check(a, v, Object{Project: there})
		if a.Only == there {
			want = Check(a, v, Object{Project: here})
		}
		if got == nil || want == nil || got.Error() != want.Error() || KindOf(got) != KindOf(want) {
			t.Errorf("%+v, %s, %+v: got %v, for a missing project %v", a, v, o, got, want)
		}
	})
}
