package livedoc

import (
	"encoding/json"
	"maps"
)

// signed returns an awareness state in which the "user", if it says one, is the
// one of the ticket: nobody shows a cursor under another's name. What else the
// user has (the colours of y-codemirror) and all other fields stay. A state that
// is no object, or whose user is none, says nobody and stays as it is.
//
//	{"user":{"name":"Ada","color":"#00f"},"cursor":null}
func signed(state []byte, v Viewer) []byte {
	fields, ok := objectOf(state)
	if !ok {
		return state
	}
	user, ok := objectOf(fields["user"])
	if !ok {
		return state
	}
	was := maps.Clone(user)
	set := func(name string, value any) {
		// Strings and numbers always encode.
		user[name], _ = json.Marshal(value)
	}
	set("name", v.Name)
	set("id", v.Account)
	set("colour", v.Colour)
	if maps.EqualFunc(was, user, func(a, b json.RawMessage) bool { return string(a) == string(b) }) {
		return state
	}
	fields["user"], _ = json.Marshal(user)
	out, err := json.Marshal(fields)
	if err != nil {
		return state // it was read from JSON: it can be written
	}
	return out
}

func objectOf(text json.RawMessage) (map[string]json.RawMessage, bool) {
	var o map[string]json.RawMessage
	err := json.Unmarshal(text, &o)
	return o, err == nil && o != nil
}
