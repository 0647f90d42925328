package jupyter

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Spec is an installed kernel: what its kernel.json says. One with a Problem cannot
// be started; it is listed so that people learn why.
type Spec struct {
	Name          string // of its folder, in lower case: "python3"
	Dir           string // absolute path of its folder, with pictures
	Argv          []string
	DisplayName   string
	Language      string
	InterruptMode string // "signal" or "message"
	Env           map[string]string
	Metadata      json.RawMessage // an object
	Problem       string          // a sentence for people; "" when all is well
}

// Places is where kernelspecs are looked for.
type Places struct {
	Home   string
	Getenv func(name string) string
	Extra  []string // folders of kernelspecs that are looked into last
}

// Bounds of the search.
const (
	maxSpecs    = 500     // in all
	maxSpecFile = 1 << 20 // bytes of a kernel.json
)

var specName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,100}$`)

// Specs finds the kernelspecs in every place where Jupyter looks, in its order; of
// several with the same name the first counts. They are sorted by name.
func Specs(p Places) []Spec {
	found := map[string]Spec{}
	for _, dir := range p.Folders() {
		for _, s := range specsIn(dir, p) {
			if _, ok := found[s.Name]; !ok && len(found) < maxSpecs {
				found[s.Name] = s
			}
		}
	}
	all := make([]Spec, 0, len(found))
	for _, s := range found {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b Spec) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// Folders are the folders that may hold kernelspecs, in the order in which they
// count: JUPYTER_PATH, the user's own, those of the environments of the pythons and
// other programs on PATH, those of the system, Extra.
func (p Places) Folders() []string {
	var data []string
	data = append(data, filepath.SplitList(p.Getenv("JUPYTER_PATH"))...)
	switch own, xdg := p.Getenv("JUPYTER_DATA_DIR"), p.Getenv("XDG_DATA_HOME"); {
	case own != "":
		data = append(data, own)
	case xdg != "":
		data = append(data, filepath.Join(xdg, "jupyter"))
	default:
		data = append(data, filepath.Join(p.Home, ".local/share/jupyter"))
	}
	for _, name := range []string{"VIRTUAL_ENV", "CONDA_PREFIX"} {
		if prefix := p.Getenv(name); prefix != "" {
			data = append(data, filepath.Join(prefix, "share/jupyter"))
		}
	}
	for _, bin := range filepath.SplitList(p.Getenv("PATH")) {
		if b := filepath.Base(bin); b == "bin" || b == "sbin" {
			data = append(data, filepath.Join(filepath.Dir(bin), "share/jupyter"))
		}
	}
	data = append(data, "/usr/local/share/jupyter", "/usr/share/jupyter")
	var dirs []string
	add := func(dir string) {
		if filepath.IsAbs(dir) && !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	for _, d := range data {
		add(filepath.Join(d, "kernels"))
	}
	for _, d := range p.Extra {
		add(filepath.Clean(d))
	}
	return dirs
}

func specsIn(dir string, p Places) []Spec {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil // most places are not there
	}
	var all []Spec
	for _, e := range entries[:min(len(entries), maxSpecs)] {
		folder := filepath.Join(dir, e.Name())
		if !specName.MatchString(e.Name()) {
			continue
		}
		s, err := readSpec(folder, p)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		s.Name, s.Dir = strings.ToLower(e.Name()), folder
		s.DisplayName = cmp.Or(s.DisplayName, e.Name())
		if err != nil {
			s.Problem = "its kernel.json cannot be used: " + err.Error()
		}
		all = append(all, s)
	}
	return all
}

// readSpec reads the kernel.json of a folder and looks for its program. An error
// of fs.ErrNotExist means that it has none.
func readSpec(folder string, p Places) (Spec, error) {
	f, err := os.Open(filepath.Join(folder, "kernel.json"))
	if err != nil {
		return Spec{}, brief(err)
	}
	defer f.Close()
	if fi, err := f.Stat(); err != nil || !fi.Mode().IsRegular() {
		return Spec{}, errors.New("it is no file")
	}
	b, err := io.ReadAll(io.LimitReader(f, maxSpecFile+1))
	if err != nil {
		return Spec{}, brief(err)
	}
	if len(b) > maxSpecFile {
		return Spec{}, fmt.Errorf("it has more than %d bytes", maxSpecFile)
	}
	s, err := ParseSpec(b)
	if err != nil {
		return s, err
	}
	s.Dir = folder
	if _, err := s.program(p.Getenv); err != nil {
		s.Problem = err.Error()
	}
	return s, nil
}

// brief is an error of a file without the path, which who reads it knows.
func brief(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

// ParseSpec reads a kernel.json (jupyter-client.readthedocs.io, "Kernel specs").
// With an error, what could be read is returned too.
func ParseSpec(b []byte) (Spec, error) {
	var f struct {
		Argv          []string          `json:"argv"`
		DisplayName   string            `json:"display_name"`
		Language      string            `json:"language"`
		InterruptMode string            `json:"interrupt_mode"`
		Env           map[string]string `json:"env"`
		Metadata      json.RawMessage   `json:"metadata"`
	}
	err := json.Unmarshal(b, &f)
	s := Spec{Argv: f.Argv, DisplayName: f.DisplayName, Language: f.Language, InterruptMode: cmp.Or(f.InterruptMode, "signal"), Env: f.Env, Metadata: f.Metadata}
	if len(s.Metadata) == 0 || firstByte(s.Metadata) != '{' {
		s.Metadata = emptyObject
	}
	switch {
	case err != nil:
		return s, fmt.Errorf("it is no JSON of a kernelspec: %w", err)
	case len(s.Argv) == 0 || s.Argv[0] == "":
		return s, errors.New("argv is missing, the program to start")
	case s.InterruptMode != "signal" && s.InterruptMode != "message":
		return s, fmt.Errorf("interrupt_mode is %.20q, and neither signal nor message", s.InterruptMode)
	}
	for _, a := range s.Argv {
		if strings.ContainsRune(a, 0) {
			return s, errors.New("argv holds a NUL")
		}
	}
	return s, nil
}

// program is the absolute path of what the kernel is started with. A bare python is
// the one beside the kernelspec where there is one, as in an environment.
func (s Spec) program(getenv func(string) string) (string, error) {
	name := s.Argv[0]
	if name == "python" || name == "python3" {
		// PREFIX/share/jupyter/kernels/NAME
		if prefix := filepath.Join(s.Dir, "../../../.."); s.Dir != "" && isProgram(filepath.Join(prefix, "bin", name)) {
			return filepath.Join(prefix, "bin", name), nil
		}
	}
	if strings.ContainsRune(name, '/') {
		if !filepath.IsAbs(name) {
			name = filepath.Join(s.Dir, name)
		}
		if !isProgram(name) {
			return "", fmt.Errorf("its program %.300s is not there, or cannot be executed", name)
		}
		return name, nil
	}
	for _, dir := range filepath.SplitList(getenv("PATH")) {
		if full := filepath.Join(dir, name); filepath.IsAbs(dir) && isProgram(full) {
			return full, nil
		}
	}
	return "", fmt.Errorf("its program %.100q is not on the PATH", name)
}

func isProgram(name string) bool {
	path, err := exec.LookPath(name)
	return err == nil && path == name
}

var placeholder = regexp.MustCompile(`\{[A-Za-z0-9_]+\}`)

// Command is the program, by its path, with its arguments, for a connection file.
// The error says why there is none, for people.
func (s Spec) Command(connectionFile string, getenv func(string) string) ([]string, error) {
	if s.Problem != "" {
		return nil, errors.New(s.Problem)
	}
	program, err := s.program(getenv)
	if err != nil {
		return nil, err
	}
	values := map[string]string{"{connection_file}": connectionFile, "{resource_dir}": s.Dir, "{prefix}": filepath.Clean(filepath.Join(filepath.Dir(program), ".."))}
	argv := make([]string, len(s.Argv))
	for i, a := range s.Argv {
		argv[i] = placeholder.ReplaceAllStringFunc(a, func(name string) string {
			if v, ok := values[name]; ok {
				return v
			}
			return name
		})
	}
	argv[0] = program
	return argv, nil
}

var envReference = regexp.MustCompile(`\$\$|\$\{[A-Za-z_][A-Za-z0-9_]*\}|\$[A-Za-z_][A-Za-z0-9_]*`)

// Environment is what the kernelspec adds to the environment, as NAME=value; ${NAME}
// in it stands for a value that there is already.
func (s Spec) Environment(getenv func(string) string) []string {
	var env []string
	for name, value := range s.Env {
		value = envReference.ReplaceAllStringFunc(value, func(ref string) string {
			if ref == "$$" {
				return "$"
			}
			if v := getenv(strings.Trim(ref, "${}")); v != "" {
				return v
			}
			return ref // as Jupyter does
		})
		if name != "" && !strings.ContainsAny(name, "=\x00") && !strings.ContainsRune(value, 0) {
			env = append(env, name+"="+value)
		}
	}
	slices.Sort(env)
	return env
}

// Transport is how to speak with the kernel: ipc with those that are known to do
// it, which no other user of the machine can listen to, else tcp. A kernelspec can
// say it: "metadata": {"lyceum": {"transport": "ipc"}}.
func (s Spec) Transport() string {
	var m struct {
		Lyceum struct {
			Transport string `json:"transport"`
		} `json:"lyceum"`
	}
	if json.Unmarshal(s.Metadata, &m) == nil && (m.Lyceum.Transport == "ipc" || m.Lyceum.Transport == "tcp") {
		return m.Lyceum.Transport
	}
	if slices.Contains(s.Argv, "-m") && strings.HasPrefix(filepath.Base(s.Argv[0]), "python") {
		return "ipc" // ipykernel and what is built on it
	}
	return "tcp"
}
