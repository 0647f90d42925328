package search

import (
	"bytes"
	"path"
	"regexp"
	"strings"
	"unicode/utf8"

	"lyceum/internal/lyceum"
)

// layer is what the .gitignore file of a folder says.
type layer struct {
	base  string // the folder
	rules []rule
}

// rule is a line of gitignore(5).
type rule struct {
	negated  bool
	folder   bool // for folders only
	anchored bool // it is about the path from its folder, not about the name
	exact    string
	suffix   string         // of "*suffix"
	re       *regexp.Regexp // else
}

const (
	maxRules = 10_000 // of one file
	maxGlob  = 1000   // bytes of one
	maxGlobs = 200    // of Include or Exclude, {a,b} resolved
)

// ignored reports what the rules say about a path: the last one that matches, in
// the file that is nearest.
func ignored(layers []layer, full string, folder bool) bool {
	for i := len(layers) - 1; i >= 0; i-- {
		l := layers[i]
		rel := full
		if l.base != "" {
			rel = full[len(l.base)+1:]
		}
		for j := len(l.rules) - 1; j >= 0; j-- {
			if l.rules[j].matches(rel, folder) {
				return !l.rules[j].negated
			}
		}
	}
	return false
}

func matchesAny(rules []rule, full string, folder bool) bool {
	for i := range rules {
		if rules[i].matches(full, folder) {
			return true
		}
	}
	return false
}

func (r *rule) matches(rel string, folder bool) bool {
	if r.folder && !folder {
		return false
	}
	if !r.anchored {
		rel = path.Base(rel)
	}
	switch {
	case r.re != nil:
		return r.re.MatchString(rel)
	case r.suffix != "":
		return strings.HasSuffix(rel, r.suffix)
	}
	return rel == r.exact
}

// parseIgnore reads a .gitignore file. Lines that say nothing are left out.
func parseIgnore(b []byte) []rule {
	var rules []rule
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	for line := range bytes.Lines(b) {
		text := strings.TrimSuffix(strings.TrimSuffix(string(line), "\n"), "\r")
		if r, ok := parseRule(text); ok && len(rules) < maxRules {
			rules = append(rules, r)
		}
	}
	return rules
}

// parseRule reads one line.
func parseRule(s string) (r rule, ok bool) {
	if strings.HasPrefix(s, "#") || len(s) > maxGlob || !utf8.ValidString(s) {
		return rule{}, false
	}
	for strings.HasSuffix(s, " ") && !strings.HasSuffix(s, `\ `) {
		s = s[:len(s)-1]
	}
	s, r.negated = strings.CutPrefix(s, "!")
	return r, r.glob(s)
}

// glob reads what is behind the !.
func (r *rule) glob(s string) bool {
	s, r.folder = strings.CutSuffix(s, "/")
	if s == "" {
		return false
	}
	r.anchored = strings.Contains(s, "/")
	s = strings.TrimPrefix(s, "/")
	if s == "" {
		return false
	}
	if !strings.ContainsAny(s, `*?[\`) {
		r.exact = s
		return true
	}
	if rest := s[1:]; s[0] == '*' && !r.anchored && rest != "" && !strings.ContainsAny(rest, `*?[\`) {
		r.suffix = rest
		return true
	}
	text, ok := globPattern(s)
	if !ok {
		return false
	}
	re, err := regexp.Compile(text)
	r.re = re
	return err == nil
}

// globPattern translates a glob. Ok is false when no name can match it.
func globPattern(s string) (text string, ok bool) {
	var b strings.Builder
	b.WriteString("(?s)^")
	for i := 0; i < len(s); {
		rest := s[i:]
		start := i == 0 || s[i-1] == '/'
		switch {
		case start && strings.HasPrefix(rest, "**/"):
			b.WriteString("(?:.*/)?")
			i += 3
		case start && rest == "**":
			b.WriteString(".+")
			i += 2
		case rest[0] == '*':
			b.WriteString("[^/]*")
			for i < len(s) && s[i] == '*' {
				i++
			}
		case rest[0] == '?':
			b.WriteString("[^/]")
			i++
		case rest[0] == '[':
			class, n := globClass(rest)
			if n == 0 {
				return "", false
			}
			b.WriteString(class)
			i += n
		case rest[0] == '\\' && len(rest) == 1:
			return "", false
		default:
			if rest[0] == '\\' {
				rest = rest[1:]
				i++
			}
			_, n := utf8.DecodeRuneInString(rest)
			b.WriteString(regexp.QuoteMeta(rest[:n]))
			i += n
		}
	}
	b.WriteString("$")
	return b.String(), true
}

// globClass translates [a-z], [!a-z] and [^a-z] at the beginning of s and returns
// how long it is; 0 when it has no end.
func globClass(s string) (class string, n int) {
	i := 1
	negated := i < len(s) && (s[i] == '!' || s[i] == '^')
	if negated {
		i++
	}
	var b strings.Builder
	for first := true; ; first = false {
		if i >= len(s) {
			return "", 0
		}
		switch {
		case s[i] == ']' && !first:
			if negated {
				return "[^/" + b.String() + "]", i + 1
			}
			return "[" + b.String() + "]", i + 1
		case strings.HasPrefix(s[i:], "[:"):
			end := strings.Index(s[i:], ":]")
			if end < 0 {
				return "", 0
			}
			b.WriteString(s[i : i+end+2])
			i += end + 2
			continue
		case s[i] == '-' && !first && i+1 < len(s) && s[i+1] != ']':
			b.WriteByte('-')
			i++
			continue
		case s[i] == '\\' && i+1 < len(s):
			i++
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if strings.ContainsRune(`\]^-[`, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
		i += size
	}
}

// parseGlobs reads Include or Exclude.
func parseGlobs(field, list string) ([]rule, error) {
	if len(list) > maxGlob*4 || !utf8.ValidString(list) || strings.ContainsAny(list, "\n\x00") {
		return nil, lyceum.Invalidf(field, "the list of globs is too long, or no text")
	}
	var rules []rule
	for _, item := range splitGlobs(list) {
		for _, glob := range expand(item, maxGlobs-len(rules)) {
			var r rule
			// ./a and a/** are what people write for /a and /a/.
			if rest, ok := strings.CutPrefix(glob, "./"); ok {
				glob = "/" + rest
			}
			if dir, ok := strings.CutSuffix(glob, "/**"); ok && dir != "" {
				glob = "/" + strings.TrimPrefix(dir, "/") + "/"
			}
			if !r.glob(glob) {
				return nil, lyceum.Invalidf(field, "not a glob: %.60q", item)
			}
			rules = append(rules, r)
		}
		if len(rules) >= maxGlobs {
			return nil, lyceum.Invalidf(field, "there are too many globs: at most %d", maxGlobs-1)
		}
	}
	return rules, nil
}

// splitGlobs cuts at the commas that are not between braces.
func splitGlobs(s string) []string {
	var all []string
	depth, from := 0, 0
	for i := 0; i <= len(s); i++ {
		switch {
		case i == len(s) || s[i] == ',' && depth == 0:
			if item := strings.TrimSpace(s[from:i]); item != "" {
				all = append(all, item)
			}
			from = i + 1
		case s[i] == '{':
			depth++
		case s[i] == '}' && depth > 0:
			depth--
		}
	}
	return all
}

// expand resolves {a,b} to at most so many globs.
func expand(s string, most int) []string {
	open := strings.IndexByte(s, '{')
	if open < 0 || most <= 1 {
		return []string{s}
	}
	depth, end := 0, -1
	for i := open; i < len(s) && end < 0; i++ {
		switch s[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				end = i
			}
		}
	}
	if end < 0 {
		return []string{s}
	}
	var all []string
	for _, part := range splitGlobs(s[open+1:end] + ",") {
		for _, rest := range expand(s[:open]+part+s[end+1:], most-len(all)) {
			if len(all) < most {
				all = append(all, rest)
			}
		}
	}
	return all
}
