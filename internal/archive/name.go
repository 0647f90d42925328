package archive

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	maxName = 255  // bytes of one name, as Linux has it
	maxPath = 3000 // bytes of a path: below what the folder adds
)

// cleanPath turns a name in an archive into a path, or says why that is refused.
// Both are "" for a name of the archive's own root.
func cleanPath(name string, depth int) (path, refused string) {
	switch {
	case !utf8.ValidString(name):
		return "", "its name is not UTF-8"
	case strings.HasPrefix(name, "/"), len(name) > 1 && name[1] == ':' && isLetter(name[0]):
		return "", "its name is absolute"
	case len(name) > maxPath:
		return "", "its path is too long"
	}
	var segments []string
	for s := range strings.SplitSeq(name, "/") {
		switch {
		case s == "" || s == ".":
			continue
		case s == "..":
			return "", "its name leads out of the folder"
		case len(s) > maxName:
			return "", fmt.Sprintf("its name is longer than %d bytes", maxName)
		case hasControl(s):
			return "", "its name has control characters"
		}
		segments = append(segments, s)
	}
	if len(segments) > depth {
		return "", fmt.Sprintf("it lies in more than %d folders", depth)
	}
	return strings.Join(segments, "/"), ""
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func hasControl(s string) bool {
	for _, r := range s {
		if r < 0x20 || r >= 0x7f && r < 0xa0 {
			return true
		}
	}
	return false
}

// checkLink says why a symlink at path that says target is refused, or "". ".." may
// stand at its beginning only: what goes down by another link of the same archive
// and up again could end anywhere.
func checkLink(path, target string) string {
	switch {
	case target == "" || len(target) > maxPath || !utf8.ValidString(target) || hasControl(target):
		return "it is a link to nothing that could be"
	case strings.HasPrefix(target, "/"):
		return "it is a link that leads out of the folder"
	}
	up, down := 0, false
	for s := range strings.SplitSeq(target, "/") {
		switch s {
		case "", ".":
		case "..":
			if up++; down {
				return "it is a link that may lead out of the folder"
			}
		default:
			down = true
		}
	}
	if up > strings.Count(path, "/") {
		return "it is a link that leads out of the folder"
	}
	return ""
}

// shown is a name for people.
func shown(name string) string {
	if len(name) > 4096 {
		name = name[:4096]
	}
	return strings.ToValidUTF8(name, "�")
}
