package livedoc

import (
	"encoding/json"
	"reflect"
	"testing"
)

func TestNobodyShowsACursorUnderAnotherName(t *testing.T) {
	t.Parallel()
	ada := Viewer{Account: "a", Name: "Ada \"the first\"", Colour: 3}
	for _, c := range []struct{ name, in, want string }{
		{"another's name", `{"user":{"name":"Grace","color":"#00f"},"cursor":null}`, `{"user":{"name":"Ada \"the first\"","id":"a","colour":3,"color":"#00f"},"cursor":null}`},
		{"another's account", `{"user":{"id":"g","name":"Grace","colour":9}}`, `{"user":{"name":"Ada \"the first\"","id":"a","colour":3}}`},
		{"nobody", `{"cursor":{"anchor":1}}`, `{"cursor":{"anchor":1}}`},
		{"a user that is none", `{"user":"Grace"}`, `{"user":"Grace"}`},
		{"no object", `[1,2]`, `[1,2]`},
		{"no JSON", `{"user":`, `{"user":`},
		{"null", `null`, `null`},
	} {
		got := signed([]byte(c.in), ada)
		var g, w any
		if json.Unmarshal(got, &g) != nil || json.Unmarshal([]byte(c.want), &w) != nil {
			g, w = string(got), c.want
		}
		if !reflect.DeepEqual(g, w) {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
	own := []byte(`{"user": {"id":"a","name":"Ada \"the first\"","colour":3}}`)
	if got := signed(own, ada); string(got) != string(own) {
		t.Errorf("one's own state was written anew: %s", got)
	}
}
