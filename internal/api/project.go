package api

import "time"

// Project is a project as one of its members sees it.
type Project struct {
	ID          string       `json:"id" format:"uuid"`
	Name        string       `json:"name"`
	Description string       `json:"description"`
	Slug        string       `json:"slug,omitempty"`
	Role        string       `json:"role,omitempty" enum:"owner,editor,viewer" doc:"the role of the one who asks; absent for an administrator who is no member"`
	Starred     bool         `json:"starred"`
	Created     time.Time    `json:"created"`
	LastEdited  time.Time    `json:"lastEdited"`
	Deleted     *time.Time   `json:"deleted,omitempty" doc:"when it was deleted; it can be restored until purged"`
	Purged      *time.Time   `json:"purged,omitempty" doc:"when a deleted project will be removed for good"`
	State       ProjectState `json:"state"`
	People      []Person     `json:"people" doc:"the first five members, owners first"`
	Members     int          `json:"members" doc:"how many members there are"`
	Can         []string     `json:"can" doc:"the verbs that the one who asks may do: files.write"`
}

// ProjectState is where a project is between stopped and running.
type ProjectState struct {
	Phase  string     `json:"phase" enum:"stopped,starting,running,stopping,failed"`
	Wanted string     `json:"wanted" enum:"stopped,running"`
	Step   string     `json:"step,omitempty" doc:"what it is doing now"`
	Reason string     `json:"reason,omitempty" doc:"why it failed or was stopped"`
	Since  time.Time  `json:"since"`
	IdleAt *time.Time `json:"idleAt,omitempty" doc:"it will be stopped then for want of use; set in the last minutes only"`
}

// NewProject is the request for a project.
type NewProject struct {
	Name        string        `json:"name" maxLength:"100"`
	Description string        `json:"description,omitempty" maxLength:"2000"`
	Source      ProjectSource `json:"source,omitempty"`
}

// ProjectSource says what a new project is filled from.
type ProjectSource struct {
	Kind    string `json:"kind,omitempty" enum:"empty,git,copy" default:"empty"`
	URL     string `json:"url,omitempty" maxLength:"2000" doc:"for git: an https, http, ssh or git address"`
	Project string `json:"project,omitempty" doc:"for copy: the project to copy"`
}

// ProjectChange names what to change; absent fields stay.
type ProjectChange struct {
	Name        *string `json:"name,omitempty" maxLength:"100"`
	Description *string `json:"description,omitempty" maxLength:"2000"`
	Slug        *string `json:"slug,omitempty" maxLength:"40" doc:"empty removes it"`
}

// EnvVar is an environment variable of a project. Its value is never sent back.
type EnvVar struct {
	Name    string    `json:"name"`
	Changed time.Time `json:"changed"`
}

// EnvValue is the request to set an environment variable. It is seen by the
// project from its next start.
type EnvValue struct {
	Value string `json:"value" maxLength:"32768"`
}

// Member is a person in a project.
type Member struct {
	Person Person    `json:"person"`
	Email  string    `json:"email,omitempty" doc:"for owners only"`
	Role   string    `json:"role" enum:"owner,editor,viewer"`
	Since  time.Time `json:"since"`
}

// RoleChange is the request to give a member a role.
type RoleChange struct {
	Role string `json:"role" enum:"owner,editor,viewer"`
}

// NewInvitation is the request to invite someone to a project: one account by
// its identifier or mail address, or whoever holds the link.
type NewInvitation struct {
	Role    string `json:"role" enum:"owner,editor,viewer"`
	Account string `json:"account,omitempty" doc:"the account to invite"`
	Email   string `json:"email,omitempty" maxLength:"254"`
	Days    int    `json:"days,omitempty" minimum:"1" maximum:"365" default:"7"`
	Uses    int    `json:"uses,omitempty" minimum:"1" maximum:"1000" default:"1" doc:"how many people may use the link"`
}

// Invitation is an open invitation, as owners see it.
type Invitation struct {
	ID      string    `json:"id" format:"uuid"`
	Role    string    `json:"role,omitempty" enum:"owner,editor,viewer" doc:"absent for an invitation to the site"`
	Account *Person   `json:"account,omitempty"`
	Email   string    `json:"email,omitempty"`
	By      Person    `json:"by"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
	Uses    int       `json:"uses" doc:"how often it may still be used"`
	Link    string    `json:"link,omitempty" doc:"the address to send; only in the answer that made it"`
}

// InvitationOffer is what the invited see.
type InvitationOffer struct {
	ID        string    `json:"id" format:"uuid"`
	Project   string    `json:"project,omitempty" doc:"the project's name; absent for an invitation to the site"`
	ProjectID string    `json:"projectId,omitempty"`
	Role      string    `json:"role,omitempty" enum:"owner,editor,viewer"`
	By        Person    `json:"by"`
	Expires   time.Time `json:"expires"`
	Email     string    `json:"email,omitempty" doc:"the address it is meant for"`
}

// NewSiteInvitation is the request to invite someone to the site.
type NewSiteInvitation struct {
	Email string `json:"email,omitempty" maxLength:"254"`
	Days  int    `json:"days,omitempty" minimum:"1" maximum:"365" default:"7"`
	Uses  int    `json:"uses,omitempty" minimum:"1" maximum:"1000" default:"1"`
}

// AdminProject is a project as an administrator sees it: no content.
type AdminProject struct {
	ID          string       `json:"id" format:"uuid"`
	Name        string       `json:"name"`
	Owners      []Person     `json:"owners"`
	Members     int          `json:"members"`
	Created     time.Time    `json:"created"`
	LastEdited  time.Time    `json:"lastEdited"`
	Deleted     *time.Time   `json:"deleted,omitempty"`
	State       ProjectState `json:"state"`
	MemoryBytes int64        `json:"memoryBytes,omitempty" doc:"of all its processes, when it runs"`
	Processes   int          `json:"processes,omitempty"`
	CPUPercent  *float64     `json:"cpuPercent,omitempty" doc:"of what it may use"`
	DiskBytes   int64        `json:"diskBytes,omitempty" doc:"of its home, when it was measured"`
	Limits      Limits       `json:"limits" doc:"what it may use"`
	Warnings    []string     `json:"warnings,omitempty" doc:"what it lacks: its disk is nearly full"`
}
