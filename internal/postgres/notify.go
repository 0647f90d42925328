package postgres

import (
	"context"
	"encoding/json"

	"github.com/jackc/pgx/v5"

	"lyceum/internal/lyceum"
)

// channel is the one PostgreSQL channel that all notifications use.
const channel = "lyceum"

// What says what a Notification is about.
type What string

// What changed. ID is the identifier of the thing named.
const (
	ProjectChanged  What = "project"  // ID: project; Account: the only one concerned (a star), or "" for all members
	MembersChanged  What = "members"  // ID: project; Account: whose role changed (the creator's for a new project), or "" for all
	AccountChanged  What = "account"  // ID: account: its fields, its standing or its invitations
	SessionRevoked  What = "session"  // ID: session; Account: whose
	TokenRevoked    What = "token"    // ID: API token; Account: whose
	SettingsChanged What = "settings" // no ID
	WorkToDo        What = "work"     // ID: project that lifecycle shall look at
	ListChanged     What = "list"     // ID: project; Account: "". Only its place in lists is another, which nobody is told of at once

	// Missed is never sent; Listen tells it after each time in which
	// notifications may have been lost: read again what you keep.
	Missed What = "missed"
	// Lost is never sent either; Listen tells it when its connection broke: until
	// the next Missed nothing is heard, so keep nothing that may not be old.
	Lost What = "lost"
)

// Notification tells that something in the database changed. On the wire it is
// {"k":"members","id":"…","a":"…"}.
type Notification struct {
	What    What             `json:"k"`
	ID      string           `json:"id,omitempty"`
	Account lyceum.AccountID `json:"a,omitempty"`

	round *round // it is none but a question that is answered when its turn comes: see Abreast
}

// Project is the ID as a project's, for ProjectChanged, MembersChanged and WorkToDo.
func (n Notification) Project() lyceum.ProjectID { return lyceum.ProjectID(n.ID) }

const notifySQL = `SELECT pg_notify($1, $2)`

// notify tells all listeners once tx is committed. PostgreSQL joins equal
// notifications of one transaction.
func notify(ctx context.Context, tx pgx.Tx, ns ...Notification) error {
	for _, n := range ns {
		text, err := json.Marshal(n)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, notifySQL, channel, string(text)); err != nil {
			return err
		}
	}
	return nil
}

func projectChanged(id lyceum.ProjectID) Notification {
	return Notification{What: ProjectChanged, ID: string(id)}
}

func workToDo(id lyceum.ProjectID) Notification {
	return Notification{What: WorkToDo, ID: string(id)}
}

func membersChanged(id lyceum.ProjectID, who lyceum.AccountID) Notification {
	return Notification{What: MembersChanged, ID: string(id), Account: who}
}

func accountChanged(id lyceum.AccountID) Notification {
	return Notification{What: AccountChanged, ID: string(id)}
}
