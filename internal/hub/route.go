package hub

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"lyceum/internal/lyceum"
	"lyceum/internal/rest"
)

// prefix is where the API is, below the base path.
const prefix = "/api/v1"

// operation is one typed operation of the API: a row of the route table.
type operation struct {
	verb    lyceum.Verb // what Can must allow; its object follows from the path
	method  string
	path    string // below prefix
	id      string // its name in generated clients
	summary string
	add     func(*Hub, huma.API, huma.Operation)
}

// op makes a row. where is "METHOD /path".
func op[I, O any](verb lyceum.Verb, where, id, summary string, handle func(*Hub, context.Context, *I) (*O, error)) operation {
	method, path, _ := strings.Cut(where, " ")
	return operation{verb, method, path, id, summary, func(h *Hub, api huma.API, o huma.Operation) {
		rest.Register(api, o, func(ctx context.Context, in *I) (*O, error) { return handle(h, ctx, in) })
	}}
}

// operations is the route table of the API: every operation with its verb. A
// path below /projects/{id} has that project as its object, the own.* verbs have
// the account of the one who asks, all others the site.
func operations() []operation {
	return slices.Concat(
		siteOperations(), sessionOperations(), accountOperations(), projectOperations(),
		memberOperations(), adminOperations(), limitOperations(),
	)
}

func siteOperations() []operation {
	return []operation{
		op(lyceum.DoNothing, "GET /site", "getSite", "What anyone may know of the site, and who is signed in", (*Hub).getSite),
		op(lyceum.DoNothing, "POST /setup", "setUp", "Make the first administrator with the set-up link's secret, and sign in", (*Hub).setUp),
	}
}

func sessionOperations() []operation {
	return []operation{
		op(lyceum.DoNothing, "POST /sessions", "signIn", "Sign in: sets the session's cookie", (*Hub).signIn),
		op(lyceum.SecureOwn, "DELETE /sessions/current", "signOut", "Sign out: ends this session and its sockets", (*Hub).signOut),
		op(lyceum.ReadOwn, "GET /account/sessions", "listSessions", "The browsers that are signed in", (*Hub).listSessions),
		op(lyceum.SecureOwn, "DELETE /account/sessions/{sid}", "revokeSession", "Sign one browser out", (*Hub).revokeSession),
		op(lyceum.SecureOwn, "DELETE /account/sessions", "revokeOtherSessions", "Sign all other browsers out", (*Hub).revokeOtherSessions),
	}
}

func accountOperations() []operation {
	return []operation{
		op(lyceum.DoNothing, "POST /accounts", "signUp", "Make an account as the site's settings allow, and sign in", (*Hub).signUp),
		op(lyceum.ReadOwn, "GET /account", "getAccount", "One's own account", (*Hub).getAccount),
		op(lyceum.WriteOwn, "PATCH /account", "changeAccount", "Change one's own name, colour or preferences", (*Hub).changeAccount),
		op(lyceum.SecureOwn, "POST /account/password", "changePassword", "Change one's own password; other browsers are signed out", (*Hub).changePassword),
		op(lyceum.ReadOwn, "GET /account/tokens", "listTokens", "One's own API tokens", (*Hub).listTokens),
		op(lyceum.SecureOwn, "POST /account/tokens", "createToken", "Make an API token; its text is in this answer only", (*Hub).createToken),
		op(lyceum.SecureOwn, "DELETE /account/tokens/{tid}", "revokeToken", "Remove an API token; its sockets are cut", (*Hub).revokeToken),
		op(lyceum.ReadOwn, "GET /account/invitations", "listOwnInvitations", "Invitations to projects that name oneself", (*Hub).listOwnInvitations),
		op(lyceum.WriteOwn, "POST /account/invitations/{iid}/accept", "acceptOwnInvitation", "Join the project", (*Hub).acceptOwnInvitation),
		op(lyceum.WriteOwn, "POST /account/invitations/{iid}/decline", "declineOwnInvitation", "Decline the invitation", (*Hub).declineOwnInvitation),
		op(lyceum.FindPeople, "GET /people", "findPeople", "Up to ten people by part of their name or their whole mail address", (*Hub).findPeople),
		op(lyceum.DoNothing, "GET /invitations/{secret}", "getInvitation", "What an invitation's link offers", (*Hub).getInvitation),
		op(lyceum.WriteOwn, "POST /invitations/{secret}/accept", "acceptInvitation", "Join the project that the link invites to", (*Hub).acceptInvitation),
	}
}

func projectOperations() []operation {
	return []operation{
		op(lyceum.UseSite, "GET /projects", "listProjects", "One's own projects: starred first, then the last edited", (*Hub).listProjects),
		op(lyceum.CreateProject, "POST /projects", "createProject", "Make a project, empty or filled from a git repository or another project", (*Hub).createProject),
		op(lyceum.SeeProject, "GET /projects/{id}", "getProject", "One project", (*Hub).getProject),
		op(lyceum.DescribeProject, "PATCH /projects/{id}", "changeProject", "Rename or describe it", (*Hub).changeProject),
		op(lyceum.DeleteProject, "DELETE /projects/{id}", "deleteProject", "Delete it; it can be restored in its grace time", (*Hub).deleteProject),
		op(lyceum.DeleteProject, "POST /projects/{id}/restore", "restoreProject", "Restore it in its grace time", (*Hub).restoreProject),
		op(lyceum.RunProject, "POST /projects/{id}/start", "startProject", "Ask for it to run; the event stream tells each step", (*Hub).startProject),
		op(lyceum.StopProject, "POST /projects/{id}/stop", "stopProject", "Ask for it to stop", (*Hub).stopProject),
		op(lyceum.StopProject, "POST /projects/{id}/restart", "restartProject", "Ask for it to stop and start", (*Hub).restartProject),
		op(lyceum.RunProject, "POST /projects/{id}/keep-running", "keepProjectRunning", "Count as use of it: the idle clock begins anew", (*Hub).keepProjectRunning),
		op(lyceum.ArrangeProject, "PUT /projects/{id}/star", "starProject", "Put it first in one's own list", (*Hub).starProject),
		op(lyceum.ArrangeProject, "DELETE /projects/{id}/star", "unstarProject", "Take the star away", (*Hub).unstarProject),
		op(lyceum.ArrangeProject, "GET /projects/{id}/layout", "getLayout", "One's own tabs and splits in it", (*Hub).getLayout),
		op(lyceum.ArrangeProject, "PUT /projects/{id}/layout", "putLayout", "Store one's own tabs and splits; the last one wins", (*Hub).putLayout),
		op(lyceum.ReadEnv, "GET /projects/{id}/env", "listEnv", "Names of its environment variables", (*Hub).listEnv),
		op(lyceum.WriteEnv, "PUT /projects/{id}/env/{name}", "setEnv", "Set an environment variable, from the next start on", (*Hub).setEnv),
		op(lyceum.WriteEnv, "DELETE /projects/{id}/env/{name}", "deleteEnv", "Remove an environment variable", (*Hub).deleteEnv),
	}
}

func memberOperations() []operation {
	return []operation{
		op(lyceum.SeeProject, "GET /projects/{id}/members", "listMembers", "Its members, owners first", (*Hub).listMembers),
		op(lyceum.ManageMembers, "PUT /projects/{id}/members/{aid}", "changeMember", "Give a member another role", (*Hub).changeMember),
		op(lyceum.ManageMembers, "DELETE /projects/{id}/members/{aid}", "removeMember", "Remove a member; their sockets are cut", (*Hub).removeMember),
		op(lyceum.LeaveProject, "POST /projects/{id}/leave", "leaveProject", "Leave it; the last owner cannot", (*Hub).leaveProject),
		op(lyceum.ManageMembers, "GET /projects/{id}/invitations", "listInvitations", "Open invitations to it", (*Hub).listInvitations),
		op(lyceum.ManageMembers, "POST /projects/{id}/invitations", "createInvitation", "Invite one person, or whoever holds the link in this answer", (*Hub).createInvitation),
		op(lyceum.ManageMembers, "DELETE /projects/{id}/invitations/{iid}", "revokeInvitation", "Take an invitation back", (*Hub).revokeInvitation),
	}
}

func adminOperations() []operation {
	return []operation{
		op(lyceum.AdministerSite, "GET /admin/accounts", "adminListAccounts", "All people", (*Hub).adminListAccounts),
		op(lyceum.AdministerSite, "PATCH /admin/accounts/{aid}", "adminChangeAccount", "Suspend, rename or make administrator", (*Hub).adminChangeAccount),
		op(lyceum.AdministerSite, "DELETE /admin/accounts/{aid}/sessions", "adminRevokeSessions", "Sign a person out everywhere", (*Hub).adminRevokeSessions),
		op(lyceum.AdministerSite, "GET /admin/projects", "adminListProjects", "All projects", (*Hub).adminListProjects),
		op(lyceum.AdministerSite, "GET /admin/settings", "adminGetSettings", "The site's settings", (*Hub).adminGetSettings),
		op(lyceum.AdministerSite, "PATCH /admin/settings", "adminChangeSettings", "Change the site's settings", (*Hub).adminChangeSettings),
		op(lyceum.AdministerSite, "GET /admin/invitations", "adminListInvitations", "Open invitations to the site", (*Hub).adminListInvitations),
		op(lyceum.AdministerSite, "POST /admin/invitations", "adminCreateInvitation", "Invite someone to the site by a link", (*Hub).adminCreateInvitation),
		op(lyceum.AdministerSite, "DELETE /admin/invitations/{iid}", "adminRevokeInvitation", "Take an invitation to the site back", (*Hub).adminRevokeInvitation),
		op(lyceum.AdministerSite, "GET /admin/audit", "adminListAudit", "What was done, the newest first", (*Hub).adminListAudit),
		op(lyceum.AdministerSite, "GET /admin/machine", "adminGetMachine", "What this machine is and cannot confine", (*Hub).adminGetMachine),
	}
}

// page is a route that is no typed operation: a stream, a page, project traffic.
type page struct {
	verb    lyceum.Verb // "" when the handler asks Can itself, with verbs from a table of its own
	pattern string
	handle  func(*Hub, http.ResponseWriter, *http.Request)
}

// pages are the other routes of the public listener.
func pages() []page {
	return []page{
		{lyceum.UseSite, "GET " + prefix + "/events", (*Hub).serveEvents},
		{lyceum.DoNothing, "GET " + prefix + "/openapi.json", (*Hub).serveOpenAPI},
		{lyceum.DoNothing, "GET " + prefix + "/docs", (*Hub).serveDocs},
		{lyceum.DoNothing, "/api/", (*Hub).serveNoOperation},
		{lyceum.DoNothing, "GET /healthz", (*Hub).serveHealth},
		{lyceum.DoNothing, "GET /readyz", (*Hub).serveReady},
		{"", "/p/{id}/{path...}", (*Hub).serveProject},
		{lyceum.DoNothing, "/metrics", (*Hub).serveNothing},
		{lyceum.DoNothing, "/", (*Hub).serveApp},
	}
}
