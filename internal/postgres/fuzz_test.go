package postgres

import (
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// FuzzCursor feeds what clients may send as a cursor.
func FuzzCursor(f *testing.F) {
	f.Add(makeCursor(projectKey{Starred: 1, ID: "7f3a0000-0000-4000-8000-000000000000"}))
	f.Fuzz(func(t *testing.T, s string) {
		var key projectKey
		more, err := readCursor(s, &key)
		if more && (err != nil || s == "") || !more && err == nil && s != "" {
			t.Errorf("readCursor(%q) = %v, %v", s, more, err)
		}
		if !more {
			return
		}
		var again projectKey
		if _, err := readCursor(makeCursor(key), &again); err != nil {
			t.Errorf("the key of %q cannot be packed again: %v", s, err)
		}
	})
}

// FuzzNotification feeds what anyone may send on the channel who may connect.
func FuzzNotification(f *testing.F) {
	f.Add(`{"k":"members","id":"a","a":"b"}`)
	f.Fuzz(func(t *testing.T, payload string) {
		n := parseNotification(&pgconn.Notification{Channel: channel, Payload: payload})
		if n != nil && (n.What == "" || n.What == Missed || n.What == Lost) {
			t.Errorf("%q passes as %+v", payload, n)
		}
		if parseNotification(&pgconn.Notification{Channel: "other", Payload: payload}) != nil {
			t.Error("another channel's notification passes")
		}
	})
}
