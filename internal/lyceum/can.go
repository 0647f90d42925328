package lyceum

// Verb is something that a request wants to do. Every route names one.
type Verb string

// The verbs. Site-wide ones first, then those on one's own account, then those on a project.
const (
	// DoNothing is the verb of routes that anyone may call, signed in or not.
	// Each such route is in one list with a test.
	DoNothing Verb = "public"

	UseSite        Verb = "site.use"       // be signed in at all
	FindPeople     Verb = "people.find"    // search people by name, to invite them
	CreateProject  Verb = "project.create" // own a new project
	AdministerSite Verb = "site.admin"     // people, settings, what runs, audit

	ReadOwn   Verb = "own.read"   // one's own account, settings
	WriteOwn  Verb = "own.write"  // one's own name, settings
	SecureOwn Verb = "own.secure" // one's own password, sessions, tokens: never by token

	SeeProject      Verb = "project.see"     // that it exists: name, state, members
	ArrangeProject  Verb = "project.arrange" // one's own star and layout in it
	LeaveProject    Verb = "project.leave"
	ReadFiles       Verb = "files.read" // files and documents, no dot-folders for viewers
	ReadHidden      Verb = "files.read-hidden"
	WriteFiles      Verb = "files.write"
	UseTerminals    Verb = "terminals.use"
	ReadEnv         Verb = "env.read" // names of the environment variables
	WriteEnv        Verb = "env.write"
	RunProject      Verb = "project.run"      // start, keep running
	StopProject     Verb = "project.stop"     // stop, restart
	DescribeProject Verb = "project.describe" // name, description, slug
	ManageMembers   Verb = "members.manage"
	DeleteProject   Verb = "project.delete" // and restore
	CopyProject     Verb = "project.copy"   // read all of it, to make a copy
)

// Actor is who asks. The zero value is someone who is not signed in.
type Actor struct {
	Account   AccountID
	Admin     bool
	Suspended bool
	Session   SessionID // the browser's session, or "" for a token
	Token     TokenID   // the API token, or ""
	Scope     Scope     // of the token; "" for a session, which may do all
	Only      ProjectID // the one project that the token reaches; "" for all
}

// Object is what the verb is done to. The zero value is the site.
type Object struct {
	Account AccountID // for the own.* verbs: whose
	Project ProjectID // for verbs on a project
	Role    Role      // the actor's role in it; "" when not a member
	Deleted bool      // the project is in its grace time
}

func (o Object) restored() Object { o.Deleted = false; return o }

// Can says whether the actor may do the verb to the object. It is the only
// place where permissions are decided; it is pure, and its table is in
// docs/reference/permissions.md.
func Can(a Actor, v Verb, o Object) bool {
	if v == DoNothing {
		return true
	}
	if a.Account == "" || a.Suspended || !scopeAllows(a, v, o) {
		return false
	}
	switch v {
	case UseSite, FindPeople, CreateProject:
		return true
	case AdministerSite:
		return a.Admin
	case ReadOwn, WriteOwn, SecureOwn:
		return o.Account == a.Account
	}
	if o.Project == "" || o.Deleted && !deletedVerbs[v] {
		return false
	}
	if need, ok := memberVerbs[v]; ok && o.Role != "" && o.Role.AtLeast(need) {
		return true
	}
	// A site administrator manages a project without reading its content.
	return a.Admin && adminVerbs[v]
}

// memberVerbs gives the least role that may do each verb on a project.
var memberVerbs = map[Verb]Role{
	SeeProject:      Viewer,
	ArrangeProject:  Viewer,
	LeaveProject:    Viewer,
	ReadFiles:       Viewer,
	RunProject:      Editor,
	StopProject:     Editor,
	ReadHidden:      Editor,
	WriteFiles:      Editor,
	UseTerminals:    Editor,
	ReadEnv:         Editor,
	CopyProject:     Editor,
	DescribeProject: Owner,
	WriteEnv:        Owner,
	ManageMembers:   Owner,
	DeleteProject:   Owner,
}

// deletedVerbs can be done to a deleted project in its grace time.
var deletedVerbs = map[Verb]bool{SeeProject: true, DeleteProject: true, LeaveProject: true}

// adminVerbs are what a site administrator may do to any project.
var adminVerbs = map[Verb]bool{
	SeeProject: true, StopProject: true, DescribeProject: true, ManageMembers: true, DeleteProject: true,
}

// readVerbs are what a token of scope read may do.
var readVerbs = map[Verb]bool{
	UseSite: true, FindPeople: true, ReadOwn: true, SeeProject: true, ReadFiles: true, ReadHidden: true,
}

// scopeAllows narrows what a token may do; a session (no scope) is not narrowed.
func scopeAllows(a Actor, v Verb, o Object) bool {
	if a.Token == "" {
		return true
	}
	if a.Only != "" && o.Project != a.Only && v != UseSite && v != ReadOwn {
		return false
	}
	// What only an administrator could do is left to the scope admin.
	asMember := o.Role != "" || o.Project == ""
	switch a.Scope {
	case ScopeRead:
		return readVerbs[v] && asMember
	case ScopeWrite:
		return v != AdministerSite && v != SecureOwn && asMember
	case ScopeAdmin:
		return v != SecureOwn
	}
	return false
}

// Sees reports whether the actor may know that the object exists: where it is
// false, a request is answered NotFound and never Forbidden.
func Sees(a Actor, o Object) bool {
	if o.Project == "" {
		return true
	}
	return Can(a, SeeProject, o)
}

// Check returns nil when Can allows, and otherwise the error to answer with:
// Unauthenticated, NotFound (when the actor may not know of it) or Forbidden.
func Check(a Actor, v Verb, o Object) error {
	switch {
	case Can(a, v, o):
		return nil
	case a.Account == "" || a.Suspended:
		return Errorf(Unauthenticated, "sign in first")
	case !Sees(a, o):
		return Errorf(NotFound, "there is no such project, or you are not a member of it")
	case o.Deleted && Can(a, v, o.restored()):
		return Errorf(Conflict, "this project is deleted; restore it first")
	case a.Token != "":
		return Errorf(Forbidden, "the token does not allow %s", v)
	}
	return Errorf(Forbidden, "your role does not allow %s", v)
}

// Verbs lists every verb, for tables in tests and documents.
func Verbs() []Verb {
	return []Verb{
		DoNothing, UseSite, FindPeople, CreateProject, AdministerSite, ReadOwn, WriteOwn, SecureOwn,
		SeeProject, ArrangeProject, LeaveProject, ReadFiles, ReadHidden, WriteFiles, UseTerminals, ReadEnv, WriteEnv,
		RunProject, StopProject, DescribeProject, ManageMembers, DeleteProject, CopyProject,
	}
}
