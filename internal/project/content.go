package project

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"path"
	"strings"
	"unicode/utf8"
)

// inert are the types by extension that a browser shows without running anything
// in them. Everything else is text or bytes: HTML and SVG are shown as their
// source, and PDF is left to the app's own viewer.
var inert = map[string]string{
	".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp",
	".avif": "image/avif", ".bmp": "image/bmp",
	".mp3": "audio/mpeg", ".wav": "audio/wav", ".ogg": "audio/ogg", ".oga": "audio/ogg", ".opus": "audio/ogg",
	".flac": "audio/flac", ".m4a": "audio/mp4", ".aac": "audio/aac",
	".mp4": "video/mp4", ".m4v": "video/mp4", ".webm": "video/webm", ".ogv": "video/ogg", ".mov": "video/quicktime",
	".json": "application/json", ".ipynb": "application/json",
}

const (
	textType  = "text/plain; charset=utf-8"
	bytesType = "application/octet-stream"
)

// sniffLength is how many bytes of a file are looked at.
const sniffLength = 4096

// contentType is the type to send f with. It leaves f at its beginning.
func contentType(name string, f io.ReadSeeker) (string, error) {
	if t := inert[strings.ToLower(path.Ext(name))]; t != "" {
		return t, nil
	}
	head := make([]byte, sniffLength)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return "", err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	return sniff(head[:n], n == sniffLength), nil
}

// sniff tells the type from the first bytes of a file; more says that there may
// be others.
func sniff(head []byte, more bool) string {
	if isText(head, more) {
		return textType
	}
	switch t := http.DetectContentType(head); t {
	case "image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp":
		return t
	}
	return bytesType
}

// isText reports whether the bytes are UTF-8 without a NUL. When there are more,
// the last character may be cut.
func isText(head []byte, more bool) bool {
	if bytes.IndexByte(head, 0) >= 0 {
		return false
	}
	if more {
		for i := 0; i < utf8.UTFMax && len(head) > 0; i++ {
			if r, size := utf8.DecodeLastRune(head); r != utf8.RuneError || size != 1 {
				break
			}
			head = head[:len(head)-1]
		}
	}
	return utf8.Valid(head)
}
