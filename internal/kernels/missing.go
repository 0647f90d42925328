package kernels

import (
	"regexp"
	"slices"
	"strings"

	"lyceum/internal/api"
)

// maxMissing is of how many cells it is kept which packages they lack.
const maxMissing = 20

// maxSaidError is how much is kept of what a cell prints, where that may be an error;
// in bytes.
const maxSaidError = 2000

// lack is what an error says that there is not.
type lack struct {
	module string // as the program names it, with its dots
	exact  bool   // it is the name of a package already
}

// absences are the words in which languages say that a package is not there; the
// first group is its name.
var absences = map[string][]struct {
	re    *regexp.Regexp
	exact bool
}{
	"python": {
		{regexp.MustCompile(`^No module named ['"]?([A-Za-z_][\w.]*)`), false},
		{regexp.MustCompile(`^Missing optional dependency ['"]([A-Za-z][\w.-]*)['"]`), true}, // pandas
		{regexp.MustCompile(`^([A-Za-z][\w.-]*) not found, please install it`), true},        // pandas, for parsers of HTML
	},
	"r":          {{regexp.MustCompile(`there is no package called [‘'"“]([A-Za-z][\w.]*)`), true}},
	"julia":      {{regexp.MustCompile(`Package ([A-Za-z]\w*) not found in current path`), true}},
	"octave":     {{regexp.MustCompile(`(?:package NAME|the package|package) ['"‘]?([A-Za-z][\w-]*)['"’]? (?:is not installed|not found)`), true}, {regexp.MustCompile(`belongs to the ([a-z][\w-]*) package from Octave Forge\s+which seems to not be installed`), true}},
	"javascript": {{regexp.MustCompile(`Cannot find (?:module|package) '((?:@[\w.-]+/)?[A-Za-z][\w.-]*)`), true}},
}

// lackOf reads an error of a kernel; module is "" when it is not about a package.
func lackOf(language, name, value string) lack {
	language = strings.ToLower(language)
	if language == "typescript" {
		language = "javascript"
	}
	if language == "python" && name != "ModuleNotFoundError" && name != "ImportError" {
		return lack{}
	}
	value = value[:cutAt(value, maxSaidError)] // of a message that is longer the rest is no name
	for _, a := range absences[language] {
		if m := a.re.FindStringSubmatch(value); m != nil && len(m[1]) < 100 {
			return lack{strings.TrimRight(m[1], ".-"), a.exact}
		}
	}
	return lack{}
}

// missesLocked notes that a cell lacks a package, and finds out how it is installed.
func (b *book) missesLocked(t *task, name, value string) {
	k := b.kernel
	if k == nil {
		return
	}
	l := lackOf(k.Info().Language, name, value)
	if l.module == "" {
		return
	}
	b.runs.wg.Go(func() {
		m, ok := b.runs.advise(k, l)
		if !ok {
			return
		}
		m.Cell = t.Cell
		b.mu.Lock()
		defer b.mu.Unlock()
		if r := b.running; b.kernel != k || b.closed || r != nil && r != t && r.Cell == t.Cell {
			return // it is tried again already
		}
		b.hasLocked(t.Cell)
		b.missing = append(b.missing, m)
		b.missing = b.missing[max(0, len(b.missing)-maxMissing):]
		b.tellLocked()
	})
}

// hasLocked forgets what a cell lacked, when it runs again or its outputs go.
func (b *book) hasLocked(cell string) {
	b.missing = slices.DeleteFunc(slices.Clone(b.missing), func(m api.MissingPackage) bool { return m.Cell == cell })
}
