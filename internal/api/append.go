package api

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"
)

// What is asked for most is encoded here, many times quicker than by encoding/json,
// and byte for byte as that does without the escaping of HTML. An AppendJSON appends
// the value to b; ok is false when it cannot, and encoding/json is to be asked.

// AppendJSON is for a page of projects.
func (p Page[T]) AppendJSON(b []byte) (out []byte, ok bool) {
	items, ok := any(p.Items).([]Project)
	if !ok || items == nil {
		return b, false
	}
	b = append(b, `{"items":[`...)
	for i := range items {
		if i > 0 {
			b = append(b, ',')
		}
		if b, ok = items[i].appendJSON(b); !ok {
			return b, false
		}
	}
	b = append(b, ']')
	b = appendSome(b, `,"next":`, p.Next)
	b = append(b, `,"total":`...)
	b = strconv.AppendInt(b, int64(p.Total), 10)
	return append(b, '}'), true
}

// AppendJSON encodes the project.
func (p Project) AppendJSON(b []byte) (out []byte, ok bool) { return p.appendJSON(b) }

func (p *Project) appendJSON(b []byte) (out []byte, ok bool) {
	b = appendString(append(b, `{"id":`...), p.ID)
	b = appendString(append(b, `,"name":`...), p.Name)
	b = appendString(append(b, `,"description":`...), p.Description)
	b = appendSome(b, `,"slug":`, p.Slug)
	b = appendSome(b, `,"role":`, p.Role)
	b = strconv.AppendBool(append(b, `,"starred":`...), p.Starred)
	good := true
	b = appendTime(append(b, `,"created":`...), p.Created, &good)
	b = appendTime(append(b, `,"lastEdited":`...), p.LastEdited, &good)
	b = appendMaybe(b, `,"deleted":`, p.Deleted, &good)
	b = appendMaybe(b, `,"purged":`, p.Purged, &good)
	b = p.State.appendJSON(append(b, `,"state":`...), &good)
	b = append(b, `,"people":`...)
	if p.People == nil || p.Can == nil {
		return b, false
	}
	b = append(b, '[')
	for i, person := range p.People {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(append(b, `{"id":`...), person.ID)
		b = appendString(append(b, `,"name":`...), person.Name)
		b = strconv.AppendInt(append(b, `,"colour":`...), int64(person.Colour), 10)
		b = append(b, '}')
	}
	b = strconv.AppendInt(append(b, `],"members":`...), int64(p.Members), 10)
	b = append(b, `,"can":[`...)
	for i, verb := range p.Can {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, verb)
	}
	return append(b, "]}"...), good
}

func (s *ProjectState) appendJSON(b []byte, ok *bool) []byte {
	b = appendString(append(b, `{"phase":`...), s.Phase)
	b = appendString(append(b, `,"wanted":`...), s.Wanted)
	b = appendSome(b, `,"step":`, s.Step)
	b = appendSome(b, `,"reason":`, s.Reason)
	b = appendTime(append(b, `,"since":`...), s.Since, ok)
	b = appendMaybe(b, `,"idleAt":`, s.IdleAt, ok)
	return append(b, '}')
}

// appendSome appends a field unless it is empty. name is with its comma and colon.
func appendSome(b []byte, name, s string) []byte {
	if s == "" {
		return b
	}
	return appendString(append(b, name...), s)
}

func appendMaybe(b []byte, name string, t *time.Time, ok *bool) []byte {
	if t == nil {
		return b
	}
	return appendTime(append(b, name...), *t, ok)
}

func appendTime(b []byte, t time.Time, ok *bool) []byte {
	b = append(b, '"')
	out, err := t.AppendText(b)
	if err != nil {
		*ok = false
		return b
	}
	return append(out, '"')
}

func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return appendUnusual(b, s)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// appendUnusual is for strings with something to escape, or outside ASCII.
func appendUnusual(b []byte, s string) []byte {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string always encodes
	return append(b, bytes.TrimSuffix(out.Bytes(), []byte{'\n'})...)
}
