package postgres

import (
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"lyceum/internal/lyceum"
)

// sendIDs teaches a connection to send our identifiers as the 16 bytes of a uuid.
// By itself pgx knows no way for a type made of string: it searches for one anew,
// and in vain, with each value, and then sends text.
func sendIDs(conn *pgx.Conn) {
	m := conn.TypeMap()
	m.TryWrapEncodePlanFuncs = append([]pgtype.TryWrapEncodePlanFunc{wrapID}, m.TryWrapEncodePlanFuncs...)
}

func wrapID(value any) (pgtype.WrappedEncodePlanNextSetter, any, bool) {
	if _, ok := textOfID(value); !ok {
		return nil, nil, false
	}
	return &idPlan{}, uuidText(""), true
}

// idPlan encodes an identifier as next encodes a uuidText.
type idPlan struct{ next pgtype.EncodePlan }

// SetNext implements pgtype.WrappedEncodePlanNextSetter.
func (p *idPlan) SetNext(next pgtype.EncodePlan) { p.next = next }

// Encode implements pgtype.EncodePlan.
func (p *idPlan) Encode(value any, buf []byte) ([]byte, error) {
	text, _ := textOfID(value) // wrapID saw that it is one
	return p.next.Encode(uuidText(text), buf)
}

func textOfID(value any) (string, bool) {
	switch v := value.(type) {
	case lyceum.AccountID:
		return string(v), true
	case lyceum.ProjectID:
		return string(v), true
	case lyceum.SessionID:
		return string(v), true
	case lyceum.TokenID:
		return string(v), true
	case lyceum.InvitationID:
		return string(v), true
	}
	return "", false
}

// uuidText is a uuid as our identifiers have it. One that is none cannot be sent as
// bytes: pgx sends the text then, and PostgreSQL refuses it.
type uuidText string

// UUIDValue implements pgtype.UUIDValuer.
func (u uuidText) UUIDValue() (v pgtype.UUID, err error) {
	err = v.Scan(string(u))
	return v, err
}

// TextValue implements pgtype.TextValuer.
func (u uuidText) TextValue() (pgtype.Text, error) {
	return pgtype.Text{String: string(u), Valid: true}, nil
}
