package project

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/files"
)

// listingPiece is about how much of a listing is sent at once, in bytes: the hub
// passes the first entries on while the last are written.
const listingPiece = 64 << 10

// writeListing answers with api.Listing as encoding/json would write it, which takes
// longer for 10,000 entries than the system takes to find them.
func writeListing(w http.ResponseWriter, path string, l files.Listing) error {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	b := appendString(append(make([]byte, 0, listingPiece+4096), `{"path":`...), path)
	b = append(b, `,"items":[`...)
	for i, e := range l.Entries {
		if i > 0 {
			b = append(b, ',')
		}
		if b = appendEntry(b, entryOf(e)); len(b) >= listingPiece {
			if _, err := w.Write(b); err != nil {
				return nil // the client is gone; there is nobody to tell
			}
			b = b[:0]
		}
	}
	b = append(b, ']')
	if l.Next != "" {
		b = appendString(append(b, `,"next":`...), l.Next)
	}
	b = strconv.AppendInt(append(b, `,"total":`...), int64(l.Total), 10)
	_, _ = w.Write(append(b, "}\n"...)) // as above
	return nil
}

func appendEntry(b []byte, e api.Entry) []byte {
	b = appendString(append(b, `{"name":`...), e.Name)
	b = appendString(append(b, `,"path":`...), e.Path)
	b = appendString(append(b, `,"kind":`...), e.Kind)
	b = strconv.AppendInt(append(b, `,"size":`...), e.Size, 10)
	b = appendTime(append(b, `,"modified":`...), e.Modified)
	b = strconv.AppendUint(append(b, `,"mode":`...), uint64(e.Mode), 10)
	if e.Target != "" {
		b = appendString(append(b, `,"target":`...), e.Target)
	}
	if e.TargetKind != "" {
		b = appendString(append(b, `,"targetKind":`...), e.TargetKind)
	}
	if e.Hidden {
		b = append(b, `,"hidden":true`...)
	}
	if e.Opaque {
		b = append(b, `,"opaque":true`...)
	}
	if e.Version != "" {
		b = appendString(append(b, `,"version":`...), e.Version)
	}
	return append(b, '}')
}

// appendTime writes a time of RFC 3339, which has years of four digits: what lies
// beyond, which some file systems keep, is brought to the nearest.
func appendTime(b []byte, t time.Time) []byte {
	switch y := t.Year(); {
	case y < 0:
		t = time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)
	case y > 9999:
		t = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	}
	return append(t.AppendFormat(append(b, '"'), time.RFC3339Nano), '"')
}

func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x80 {
			return appendOddString(b, s)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

func appendOddString(b []byte, s string) []byte {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string always encodes, and a Buffer takes it
	return append(b, bytes.TrimSuffix(text.Bytes(), []byte("\n"))...)
}
