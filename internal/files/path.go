package files

import (
	"encoding/hex"
	"strings"
	"unicode/utf8"

	"lyceum/internal/lyceum"
)

const (
	maxName = 255  // bytes in a name, the limit of Linux file systems
	maxPath = 4095 // bytes in a path, PATH_MAX without its NUL
	opaque  = "~x"
)

// Encode turns a path as it is on disk (raw bytes, "/" between segments,
// relative to the home) into a path as this package and its callers write it.
func Encode(raw string) string {
	if utf8.ValidString(raw) && !strings.Contains(raw, opaque) {
		return raw // by far the most
	}
	segs := strings.Split(raw, "/")
	for i, s := range segs {
		segs[i] = EncodeName(s)
	}
	return strings.Join(segs, "/")
}

// EncodeName turns one name as it is on disk into a path segment.
func EncodeName(raw string) string {
	if IsOpaque(raw) || !utf8.ValidString(raw) {
		return opaque + hex.EncodeToString([]byte(raw))
	}
	return raw
}

// IsOpaque reports whether a path segment is the identifier of a name that is not
// shown as it is: "~x" and an even number, not zero, of lower-case hexadecimal digits.
func IsOpaque(segment string) bool {
	digits, ok := strings.CutPrefix(segment, opaque)
	if !ok || digits == "" || len(digits)%2 != 0 {
		return false
	}
	for i := range len(digits) {
		if c := digits[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// Decode checks a path and returns it as it is on disk. "" is the home. The error
// is of kind Invalid.
func Decode(path string) (raw string, err error) {
	if path == "" {
		return "", nil
	}
	segs := strings.Split(path, "/")
	for i, s := range segs {
		if segs[i], err = DecodeName(s); err != nil {
			return "", err
		}
	}
	raw = strings.Join(segs, "/")
	if len(raw) > maxPath {
		return "", lyceum.Invalidf("path", "the path is longer than %d bytes", maxPath)
	}
	return raw, nil
}

// DecodeName checks one path segment and returns the name as it is on disk. The
// error is of kind Invalid.
func DecodeName(segment string) (raw string, err error) {
	raw = segment
	if IsOpaque(segment) {
		b, err := hex.DecodeString(segment[len(opaque):])
		if err != nil {
			return "", lyceum.Invalidf("path", "not a name: %.60q", segment)
		}
		if raw = string(b); EncodeName(raw) != segment {
			// One name, one path: otherwise two tabs could hold one file.
			return "", lyceum.Invalidf("path", "names like %.60q are reserved", segment)
		}
	} else if !utf8.ValidString(segment) {
		return "", lyceum.Invalidf("path", "the name is not UTF-8: %.60q", segment)
	}
	switch {
	case raw == "":
		return "", lyceum.Invalidf("path", "a name is empty")
	case raw == "." || raw == "..":
		return "", lyceum.Invalidf("path", "%q is not a name", raw)
	case len(raw) > maxName:
		return "", lyceum.Invalidf("path", "the name is longer than %d bytes: %.40q…", maxName, raw)
	case strings.ContainsRune(raw, 0):
		return "", lyceum.Invalidf("path", "a name cannot contain a NUL character")
	case strings.Contains(raw, "/"):
		return "", lyceum.Invalidf("path", "a name cannot contain a slash")
	}
	return raw, nil
}

// checkNew refuses names that may exist but that nobody should create here:
// control characters (a newline breaks every script) and bytes that are not UTF-8.
func checkNew(raw string) error {
	if !utf8.ValidString(raw) {
		return lyceum.Invalidf("path", "a new name must be UTF-8")
	}
	for _, r := range raw {
		if r < 0x20 || r >= 0x7f && r < 0xa0 {
			return lyceum.Invalidf("path", "a new name cannot contain control characters such as a newline: %.60q", raw)
		}
	}
	if IsOpaque(raw) {
		return lyceum.Invalidf("path", "names like %.60q are reserved", raw)
	}
	return nil
}

// Hidden reports whether any segment of path is the name of something hidden: it
// begins with a dot. A path that cannot be decoded counts as hidden.
//
// A symlink may lead to something hidden: ask for the path that Resolve returns too.
func Hidden(path string) bool {
	raw, err := Decode(path)
	return err != nil || strings.HasPrefix(raw, ".") || strings.Contains(raw, "/.")
}

// Join puts a segment after a folder's path.
func Join(dir, segment string) string {
	if dir == "" {
		return segment
	}
	return dir + "/" + segment
}

// Split cuts a path into the folder that holds it and its last segment.
func Split(path string) (dir, segment string) { return splitLast(path) }

func splitLast(p string) (dir, name string) {
	i := strings.LastIndexByte(p, '/')
	if i < 0 {
		return "", p
	}
	return p[:i], p[i+1:]
}

// rootName is raw as os.Root wants it.
func rootName(raw string) string {
	if raw == "" {
		return "."
	}
	return raw
}
