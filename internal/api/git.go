package api

import (
	"time"

	"lyceum/internal/lyceum"
)

// MaxGitText is the most bytes of a file that a diff or a conflict shows as text.
const MaxGitText = 2 << 20

// GitRepository is a folder that git keeps. All paths in these types lead from the
// project's home, as everywhere.
type GitRepository struct {
	Path string `json:"path" doc:"the top folder of its work tree; \"\" is the home"`
	Name string `json:"name"`
}

// GitOverview tells which repositories a project has.
type GitOverview struct {
	Installed    bool            `json:"installed" doc:"the project's environment has the program git"`
	Version      string          `json:"version,omitempty"`
	Repositories []GitRepository `json:"repositories" doc:"those at most three folders below the home, and the one of the path that was asked for"`
	More         bool            `json:"more,omitempty" doc:"not all of them are listed"`
}

// GitPerson is who wrote or committed something.
type GitPerson struct {
	Name  string `json:"name" maxLength:"200"`
	Email string `json:"email" maxLength:"254"`
}

// GitChange is a file that differs between the last commit, the index and the
// work tree.
type GitChange struct {
	Path      string `json:"path"`
	From      string `json:"from,omitempty" doc:"its path in the last commit, when it was renamed or copied"`
	Index     string `json:"index,omitempty" enum:"M,T,A,D,R,C" doc:"what is staged"`
	Worktree  string `json:"worktree,omitempty" enum:"M,T,A,D,R,C,U,I" doc:"what is not staged; U: git does not know the file, I: it is ignored"`
	Conflict  string `json:"conflict,omitempty" enum:"both-deleted,added-by-us,deleted-by-them,added-by-them,deleted-by-us,both-added,both-modified"`
	Folder    bool   `json:"folder,omitempty" doc:"a whole folder that git does not know"`
	Submodule bool   `json:"submodule,omitempty"`
}

// GitRemote is another copy of the repository.
type GitRemote struct {
	Name string `json:"name"`
	URL  string `json:"url" doc:"without a password that may be in it"`
	SSH  bool   `json:"ssh,omitempty" doc:"it is reached with the project's SSH key"`
}

// GitStatus is how a repository is now.
type GitStatus struct {
	Repo      string      `json:"repo"`
	Branch    string      `json:"branch,omitempty" doc:"empty when no branch is checked out"`
	Commit    string      `json:"commit,omitempty" doc:"the last commit; empty before the first"`
	Upstream  string      `json:"upstream,omitempty" doc:"what the branch follows: origin/main"`
	Gone      bool        `json:"gone,omitempty" doc:"upstream is not there (any more, or yet)"`
	Ahead     int         `json:"ahead" doc:"commits that upstream lacks, as far as is known here"`
	Behind    int         `json:"behind" doc:"commits of upstream that the branch lacks"`
	Operation string      `json:"operation,omitempty" enum:"merge,rebase,cherry-pick,revert,apply,bisect" doc:"what has been begun and waits to be continued"`
	Step      int         `json:"step,omitempty"`
	Steps     int         `json:"steps,omitempty"`
	Message   string      `json:"message,omitempty" doc:"the message that git proposes for the next commit"`
	Changes   []GitChange `json:"changes" doc:"at most 5000"`
	Total     int         `json:"total" doc:"all changes"`
	Stashes   int         `json:"stashes"`
	Remotes   []GitRemote `json:"remotes"`
	LockedAt  *time.Time  `json:"lockedAt,omitempty" doc:"since when index.lock is there, when it is older than ten seconds: a git that was killed leaves it"`
	Busy      string      `json:"busy,omitempty" doc:"the operation that runs now"`
}

// GitText is one version of a file.
type GitText struct {
	Exists   bool   `json:"exists"`
	ID       string `json:"id,omitempty" doc:"changes when the content does"`
	Size     int64  `json:"size"`
	Mode     string `json:"mode,omitempty" doc:"as git writes it: 100644, 100755, 120000 (symlink), 160000 (submodule)"`
	Text     string `json:"text,omitempty"`
	Binary   bool   `json:"binary,omitempty" doc:"it is no UTF-8 text; text is empty"`
	TooLarge bool   `json:"tooLarge,omitempty" doc:"more than 2 MB; text is empty"`
}

// GitDiff is a file before and after.
type GitDiff struct {
	Path  string     `json:"path"`
	From  string     `json:"from,omitempty" doc:"its path before"`
	Old   GitText    `json:"old"`
	New   GitText    `json:"new"`
	Hunks []GitLines `json:"hunks,omitempty" doc:"the runs of changed lines as git sees them, when one side is the index: what lines can be staged"`
}

// GitCommit is a commit.
type GitCommit struct {
	ID        string      `json:"id"`
	Parents   []string    `json:"parents"`
	Author    GitPerson   `json:"author"`
	Authored  time.Time   `json:"authored"`
	Committer GitPerson   `json:"committer"`
	Committed time.Time   `json:"committed"`
	Subject   string      `json:"subject"`
	Body      string      `json:"body,omitempty" doc:"at most 16 kB"`
	Refs      []string    `json:"refs,omitempty" doc:"branches and tags that point to it"`
	Changes   []GitChange `json:"changes,omitempty" doc:"only when one commit is asked for: against its first parent; at most 5000"`
}

// GitLog is one page of commits, newest first.
type GitLog struct {
	Items []GitCommit `json:"items"`
	Next  string      `json:"next,omitempty" doc:"give it as after to get the next page"`
}

// GitBranch is a branch, of the repository itself or as last seen of a remote.
type GitBranch struct {
	Name      string    `json:"name"`
	Remote    bool      `json:"remote,omitempty"`
	Current   bool      `json:"current,omitempty"`
	Commit    string    `json:"commit"`
	Subject   string    `json:"subject"`
	Committed time.Time `json:"committed"`
	Upstream  string    `json:"upstream,omitempty"`
	Ahead     int       `json:"ahead,omitempty"`
	Behind    int       `json:"behind,omitempty"`
}

// GitStash is a set of changes that was put aside.
type GitStash struct {
	ID      string    `json:"id" doc:"its commit"`
	Message string    `json:"message"`
	Made    time.Time `json:"made"`
}

// GitRefs are the names in a repository.
type GitRefs struct {
	Branches []GitBranch `json:"branches" doc:"last used first; at most 1000"`
	Stashes  []GitStash  `json:"stashes"`
	Remotes  []GitRemote `json:"remotes"`
}

// GitConflict is a file that both sides changed.
type GitConflict struct {
	Path       string  `json:"path"`
	Base       GitText `json:"base" doc:"what both began with"`
	Ours       GitText `json:"ours"`
	Theirs     GitText `json:"theirs"`
	Result     GitText `json:"result" doc:"the file in the work tree"`
	OursName   string  `json:"oursName"`
	TheirsName string  `json:"theirsName"`
}

// GitLines selects lines of a diff: those removed from Old and added in New.
// Lines count from 1; a range is [from, to).
type GitLines struct {
	OldFrom int `json:"oldFrom"`
	OldTo   int `json:"oldTo"`
	NewFrom int `json:"newFrom"`
	NewTo   int `json:"newTo"`
}

// GitStage is the request to move changes between work tree and index.
type GitStage struct {
	Repo   string     `json:"repo"`
	Action string     `json:"action" enum:"stage,unstage,discard,restore" doc:"discard puts files back as they are in the index; what is taken away is kept for 30 days under the answer's undo, with which restore brings it back"`
	Paths  []string   `json:"paths,omitempty" doc:"files and folders; empty with all"`
	All    bool       `json:"all,omitempty"`
	Lines  []GitLines `json:"lines,omitempty" doc:"only these lines, of the one file in paths"`
	OldID  string     `json:"oldId,omitempty" doc:"with lines: id of the diff's old side, against a change in between"`
	NewID  string     `json:"newId,omitempty"`
	Undo   string     `json:"undo,omitempty" doc:"for restore"`
}

// GitDone is the answer to what changes a repository.
type GitDone struct {
	Status  GitStatus  `json:"status"`
	Undo    string     `json:"undo,omitempty" doc:"for discard: what to give to restore"`
	Commit  *GitCommit `json:"commit,omitempty"`
	Message string     `json:"message,omitempty" doc:"what git said, when a person should know"`
}

// GitNewCommit is the request to commit what is staged.
type GitNewCommit struct {
	Repo    string    `json:"repo"`
	Message string    `json:"message" maxLength:"100000"`
	Author  GitPerson `json:"author"`
	Amend   bool      `json:"amend,omitempty" doc:"replace the last commit, which keeps its author"`
	SignOff bool      `json:"signOff,omitempty" doc:"add a Signed-off-by line"`
	All     bool      `json:"all,omitempty" doc:"stage every change of files that git knows first"`
}

// GitBranchChange is the request to do something with a branch.
type GitBranchChange struct {
	Repo   string    `json:"repo"`
	Action string    `json:"action" enum:"create,switch,delete,rename,merge"`
	Name   string    `json:"name"`
	From   string    `json:"from,omitempty" doc:"for create: where it begins; for rename: the old name"`
	Force  bool      `json:"force,omitempty" doc:"for delete: also when it is merged nowhere"`
	Author GitPerson `json:"author,omitzero" doc:"for merge"`
}

// GitStashChange is the request to put changes aside or take them back.
type GitStashChange struct {
	Repo      string    `json:"repo"`
	Action    string    `json:"action" enum:"save,pop,apply,drop"`
	ID        string    `json:"id,omitempty" doc:"of the stash, except for save"`
	Message   string    `json:"message,omitempty" maxLength:"1000"`
	Untracked bool      `json:"untracked,omitempty" doc:"for save: files that git does not know too"`
	Author    GitPerson `json:"author,omitzero"`
}

// GitResolve is the request to go on after conflicts, or to give up.
type GitResolve struct {
	Repo   string    `json:"repo"`
	Action string    `json:"action" enum:"resolve,abort,continue,skip"`
	Paths  []string  `json:"paths,omitempty" doc:"for resolve"`
	Take   string    `json:"take,omitempty" enum:"ours,theirs" doc:"for resolve: one side as a whole; else the file as it is"`
	Force  bool      `json:"force,omitempty" doc:"for resolve: also when conflict markers are left in it"`
	Author GitPerson `json:"author,omitzero"`
}

// GitRemoteChange is the request to change a remote.
type GitRemoteChange struct {
	Repo   string `json:"repo"`
	Action string `json:"action" enum:"add,change,remove"`
	Name   string `json:"name"`
	URL    string `json:"url,omitempty"`
}

// GitFolder is the request to make a folder a repository, or to take away a lock
// that a killed git has left.
type GitFolder struct {
	Path   string `json:"path"`
	Action string `json:"action" enum:"init,unlock"`
}

// GitKey is the project's SSH key, which all its editors share.
type GitKey struct {
	Public string `json:"public,omitempty" doc:"the line for the other side; empty when there is no key"`
	Path   string `json:"path,omitempty"`
}

// GitCredential is what a remote asks for over https. It is used for the one
// request it comes with and kept nowhere.
type GitCredential struct {
	Username string        `json:"username" maxLength:"1000"`
	Password lyceum.Secret `json:"password" maxLength:"10000" doc:"a password or token"`
	URL      string        `json:"url,omitempty" doc:"whom it is for, as GitAsk says it: when the remote's address is another one now, nobody is given it"`
}

// GitTransfer is the request to talk to a remote. The answer is a stream of
// GitEvent, one JSON object a line; ending the request ends git.
type GitTransfer struct {
	Repo       string         `json:"repo" doc:"for clone: the folder to make"`
	Action     string         `json:"action" enum:"fetch,pull,push,clone"`
	Remote     string         `json:"remote,omitempty" doc:"what the branch follows, when empty"`
	Branch     string         `json:"branch,omitempty" doc:"the current one, when empty; for clone what to check out"`
	How        string         `json:"how,omitempty" enum:"ff,merge,rebase" doc:"for pull, when both sides have commits: ff refuses"`
	Force      bool           `json:"force,omitempty" doc:"for push: replace what is there, if it is what was seen last"`
	URL        string         `json:"url,omitempty" doc:"for clone"`
	Depth      int            `json:"depth,omitempty" minimum:"0" doc:"for clone: only so many commits; 0 for all"`
	Credential *GitCredential `json:"credential,omitempty"`
	Author     GitPerson      `json:"author,omitzero" doc:"for pull"`
}

// GitEvent is a line of the stream: progress any number of times, then one of the
// others as the last.
type GitEvent struct {
	Progress   *GitProgress `json:"progress,omitempty"`
	Done       *GitDone     `json:"done,omitempty"`
	Credential *GitAsk      `json:"credential,omitempty"`
	Problem    *Problem     `json:"problem,omitempty"`
	Diverged   bool         `json:"diverged,omitempty" doc:"with problem: both sides have commits; choose merge or rebase"`
	Rejected   bool         `json:"rejected,omitempty" doc:"with problem: the remote has commits that are not here; pull first"`
}

// GitProgress is how far git is.
type GitProgress struct {
	Phase   string `json:"phase" doc:"as git names it: Receiving objects"`
	Percent int    `json:"percent" doc:"-1 when not known"`
	Text    string `json:"text,omitempty" doc:"the whole line"`
}

// GitAsk tells that the remote wants to know who asks: send the request again with
// a credential.
type GitAsk struct {
	URL      string `json:"url" doc:"whom the credential is for: scheme, host and port"`
	Username string `json:"username,omitempty" doc:"when the remote's address says it"`
	Refused  bool   `json:"refused,omitempty" doc:"the credential that came was not accepted"`
	Plain    bool   `json:"plain,omitempty" doc:"the connection is not encrypted"`
}
