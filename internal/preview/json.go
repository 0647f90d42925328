package preview

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
)

// maxKeys is the most columns that JSON Lines get; other keys are left out.
const maxKeys = 1000

// wholeKey is the column for lines that are no object.
const wholeKey = ""

// lookAtKeys makes columns of the keys of the first objects, in the order in which
// they appear.
func (t *Table) lookAtKeys() {
	seen := map[string]bool{}
	var rows [][]string
	lines := bytes.Split(t.layout.sample, []byte{'\n'})
	if t.layout.more && len(lines) > 1 {
		lines = lines[:len(lines)-1]
	}
	for _, line := range lines[:min(len(lines), sampleRows)] {
		fields, ok := fieldsOf(bytes.TrimSpace(line))
		if !ok {
			fields = []field{{key: wholeKey}}
		}
		for _, f := range fields {
			if !seen[f.key] && len(t.names) < maxKeys && (f.key != wholeKey || len(line) > 0) {
				seen[f.key] = true
				t.names = append(t.names, f.key)
			}
		}
	}
	if len(t.names) == 0 {
		t.names = []string{wholeKey}
	}
	t.columns = len(t.names)
	for _, line := range lines[:min(len(lines), sampleRows)] {
		var row []string
		t.jsonCells(bytes.TrimSpace(line), 0, t.columns, func(c []byte) { row = append(row, string(c)) })
		rows = append(rows, row)
	}
	t.number = numeric(rows, t.columns)
}

// jsonCells is cells for a line of JSON. Strings lose their quotes, everything else
// is as it is written, so that no number is rounded.
func (t *Table) jsonCells(line []byte, from, to int, each func(cell []byte)) (count int, broken bool) {
	fields, ok := fieldsOf(line)
	if !ok {
		broken = len(line) > 0 && !json.Valid(line)
		fields = []field{{wholeKey, line}}
		if !slices.Contains(t.names, wholeKey) {
			fields[0].key = t.names[0]
		}
	}
	for c := from; c < min(to, len(t.names)); c++ {
		i := slices.IndexFunc(fields, func(f field) bool { return f.key == t.names[c] })
		if i < 0 {
			each(nil)
			continue
		}
		each(plainValue(fields[i].value))
	}
	return len(t.names), broken
}

type field struct {
	key   string
	value []byte
}

// fieldsOf takes an object apart; not ok when the line is none.
func fieldsOf(line []byte) (fields []field, ok bool) {
	d := json.NewDecoder(bytes.NewReader(line))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, false
	}
	for d.More() && len(fields) < maxKeys {
		key, err := d.Token()
		name, isText := key.(string)
		if err != nil || !isText {
			return nil, false
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, false
		}
		fields = append(fields, field{name, value})
	}
	if len(fields) == maxKeys {
		return fields, true
	}
	if _, err := d.Token(); err != nil {
		return nil, false
	}
	_, err := d.Token()
	return fields, err == io.EOF
}

func plainValue(raw []byte) []byte {
	if len(raw) == 0 || raw[0] != '"' {
		return raw
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return raw
	}
	return []byte(s)
}
