package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"lyceum/internal/lyceum"
)

// ReadJSON reads the body of a plain handler's request into v: one JSON value of
// at most MaxBody bytes. Unknown fields, another shape, and anything after the
// value are errors of kind Invalid; a longer body is TooLarge.
func ReadJSON(w http.ResponseWriter, r *http.Request, v any) error {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, MaxBody))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return jsonError(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		if err == nil {
			err = errors.New("there is more after it")
		}
		return jsonError(err)
	}
	return nil
}

func jsonError(err error) error {
	if big, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return lyceum.Wrap(lyceum.TooLarge, err, "the body is larger than %d bytes", big.Limit)
	}
	if t, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return lyceum.Invalidf(t.Field, "the body has a %s where a %s belongs", t.Value, t.Type)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return lyceum.Wrap(lyceum.Invalid, err, "the body ended early")
	}
	return lyceum.Wrap(lyceum.Invalid, err, "the body is not the JSON that is expected: %.200s", strings.TrimPrefix(err.Error(), "json: "))
}

// WriteJSON answers with v, which must be of a kind that always encodes.
func WriteJSON(w http.ResponseWriter, v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(b.Bytes()) // the client may be gone; there is nobody to tell
	return nil
}
