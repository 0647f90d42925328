package postgres

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"lyceum/internal/lyceum"
)

// Page sizes of all lists.
const (
	defaultPage = 50
	maxPage     = 200
)

func pageSize(limit int) int {
	if limit <= 0 {
		return defaultPage
	}
	return min(limit, maxPage)
}

// makeCursor packs the sort key of a page's last row. Cursors are opaque to
// callers and carry no rights: they are only a place in an order.
func makeCursor(key any) string {
	text, err := json.Marshal(key)
	if err != nil {
		return "" // keys are structs of strings, booleans and times
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// readCursor unpacks a cursor into key and reports whether there was one.
func readCursor(cursor string, key any) (bool, error) {
	if cursor == "" {
		return false, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || json.Unmarshal(text, key) != nil {
		return false, lyceum.Invalidf("cursor", "this is not a cursor of this list")
	}
	return true, nil
}

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// contains makes the ILIKE pattern that finds text anywhere, "" for no search.
func contains(text string) string {
	text = strings.TrimSpace(text)
	if text == "" {
		return ""
	}
	return "%" + likeEscaper.Replace(text) + "%"
}
