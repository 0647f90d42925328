package supervisor

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"lyceum/internal/lyceum"
)

// checkName refuses a name that does not fit on a tab. "" is for a default.
func checkName(name string) error {
	switch {
	case !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }):
		return lyceum.Invalidf("name", "a terminal's name has printable characters only")
	case utf8.RuneCountInString(name) > maxName:
		return lyceum.Invalidf("name", "a terminal's name has at most %d characters", maxName)
	}
	return nil
}

// shell is the shell that the project asks for, or one that there is.
func shell() string {
	for _, path := range []string{os.Getenv("SHELL"), "/bin/bash"} {
		if fi, err := os.Stat(path); filepath.IsAbs(path) && err == nil && fi.Mode().IsRegular() && fi.Mode()&0o111 != 0 {
			return path
		}
	}
	return "/bin/sh"
}

// environment is the project's own, and what belongs to a terminal.
func environment(id, dir string) []string {
	env := append(os.Environ(), "TERM=xterm-256color", "COLORTERM=truecolor", "LYCEUM_TERMINAL="+id, "PWD="+dir)
	if os.Getenv("LANG") == "" {
		env = append(env, "LANG=C.UTF-8")
	}
	return unique(env)
}

// unique keeps the last value of each variable: a shell would see the first.
func unique(env []string) []string {
	seen := map[string]bool{}
	out := make([]string, 0, len(env))
	for _, e := range slices.Backward(env) {
		name, _, _ := strings.Cut(e, "=")
		if !seen[name] {
			seen[name] = true
			out = append(out, e)
		}
	}
	slices.Reverse(out)
	return out
}
