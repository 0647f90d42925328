package kernels

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
	"lyceum/internal/notebook"
)

// Limits of a conversion.
const (
	convertTime  = 3 * time.Minute
	probeTime    = 20 * time.Second
	maxConverted = 256 << 20 // bytes of the result
	maxFilled    = 128 << 20 // bytes of blobs that are put back for it
	maxSaid      = 32 << 10  // bytes of the program's messages that are kept
	maxAtOnce    = 2         // conversions of a project; others wait
)

// converter is a Python that has nbconvert, or says how it would get it.
type converter struct {
	python string
	env    environment
}

// Conversions tells what the notebook at path can be downloaded as. The errors are
// those of State.
func (r *Runs) Conversions(ctx context.Context, path string) (api.Conversions, error) {
	all, err := r.pythons(ctx, path)
	if err != nil {
		return api.Conversions{}, err
	}
	c := findConverter(ctx, all)
	items := []api.Conversion{{To: "html"}, {To: "pdf"}}
	for i := range items {
		items[i].Ready = true
		if _, lack := c.exporter(ctx, items[i].To); lack != "" {
			items[i].Ready, items[i].Missing, items[i].Install = false, lack, c.remedy(items[i].To, r.home())
		}
	}
	return api.Conversions{Items: items}, nil
}

// Convert turns the notebook at path, which is the file of that absolute name, into
// HTML or PDF, by the nbconvert of its kernel's environment, or else of another
// Python of the project. The caller closes the file, which has no name any more.
// Errors: those of State, Invalid (to), Conflict (something is not installed, or
// nbconvert fails), TooLarge, Unavailable (it takes too long).
func (r *Runs) Convert(ctx context.Context, path, file, to string) (*os.File, error) {
	if to != "html" && to != "pdf" {
		return nil, lyceum.Invalidf("to", "a notebook becomes html or pdf")
	}
	all, err := r.pythons(ctx, path)
	if err != nil {
		return nil, err
	}
	select {
	case r.converting <- struct{}{}:
		defer func() { <-r.converting }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	c := findConverter(ctx, all)
	format, lack := c.exporter(ctx, to)
	if lack != "" {
		return nil, lyceum.Errorf(lyceum.Conflict, "%s", strings.TrimSuffix(lack, "."))
	}
	dir, err := os.MkdirTemp("", "convert-")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err := os.RemoveAll(dir); err != nil {
			r.log.Warn("what a conversion has left cannot be removed", "err", err)
		}
	}()
	source, err := r.filled(file, dir)
	if err != nil {
		return nil, err
	}
	if err := c.run(ctx, format, source, dir); err != nil {
		return nil, err
	}
	return openConverted(filepath.Join(dir, "converted."+to))
}

func openConverted(name string) (*os.File, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, lyceum.Wrap(lyceum.Conflict, err, "nbconvert has made nothing of this notebook")
	}
	if fi, err := f.Stat(); err != nil || fi.Size() > maxConverted {
		return nil, errors.Join(lyceum.Errorf(lyceum.TooLarge, "it would have more than %d MB", maxConverted>>20), err, f.Close())
	}
	return f, nil
}

// pythons are the Pythons that may have nbconvert: that of the notebook's kernel
// first. What runs jupyter-nbconvert on the PATH is one of them.
func (r *Runs) pythons(ctx context.Context, path string) ([]string, error) {
	b, err := r.book(ctx, path)
	if err != nil {
		return nil, err
	}
	defer r.release(b)
	b.adopt()
	b.mu.Lock()
	k, spec := b.kernel, b.specLocked()
	b.mu.Unlock()
	var all []string
	add := func(argv []string) {
		if len(argv) > 0 && strings.HasPrefix(filepath.Base(argv[0]), "python") && !slices.Contains(all, argv[0]) {
			all = append(all, argv[0])
		}
	}
	if k != nil {
		add(k.Info().Argv)
	}
	if m := r.manager.Load(); m != nil {
		for _, name := range []string{spec, ""} {
			if s, err := m.Spec(name); err == nil {
				argv, _ := s.Command("", m.cfg.Getenv) // one that is not there has nothing
				add(argv)
			}
		}
	}
	if script, err := exec.LookPath("jupyter-nbconvert"); err == nil {
		if text, err := readBounded(script, 64<<10); err == nil {
			line, _, _ := strings.Cut(string(text), "\n")
			if python, ok := strings.CutPrefix(line, "#!"); ok {
				add(strings.Fields(python))
			}
		}
	}
	if python, err := exec.LookPath("python3"); err == nil {
		add([]string{python})
	}
	return all, nil
}

// findConverter is the first Python that has nbconvert; else the first at all, which
// is "" when there is none.
func findConverter(ctx context.Context, all []string) (first converter) {
	for _, python := range all {
		env, err := probe(ctx, python, "nbconvert")
		if err != nil {
			continue // it does not run
		}
		if env.There {
			return converter{python, env}
		}
		if first.python == "" {
			first = converter{python, env}
		}
	}
	return first
}

// probe asks a Python about itself, and whether it has a module.
func probe(ctx context.Context, python, module string) (env environment, err error) {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	out, _, err := runProgram(ctx, python, []string{"-c", "print(" + fmt.Sprintf(environmentExpression, `"`+module+`"`) + ")"}, "", nil)
	if err == nil {
		err = json.Unmarshal(out, &env)
	}
	return env, err
}

// exporter is the format of nbconvert that makes to; lack says what is not there.
func (c converter) exporter(ctx context.Context, to string) (format, lack string) {
	switch {
	case c.python == "":
		return "", "No Python is installed in this project."
	case !c.env.There:
		return "", "Jupyter's nbconvert is not installed in this project."
	case to == "html":
		return "html", ""
	}
	_, latex := exec.LookPath("xelatex")
	_, pandoc := exec.LookPath("pandoc")
	if latex == nil && pandoc == nil {
		return "pdf", ""
	}
	if env, err := probe(ctx, c.python, "playwright"); err == nil && env.There && chromiumOfPlaywright() {
		return "webpdf", ""
	}
	return "", "A PDF needs XeLaTeX and pandoc, or playwright with its Chromium; neither is installed in this project."
}

// chromiumOfPlaywright reports whether playwright has fetched its browser.
func chromiumOfPlaywright() bool {
	dir := os.Getenv("PLAYWRIGHT_BROWSERS_PATH")
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return false
		}
		dir = filepath.Join(cache, "ms-playwright")
	}
	found, err := filepath.Glob(filepath.Join(dir, "chromium*"))
	return err == nil && len(found) > 0
}

// remedy is a command for a terminal that installs what is lacking.
func (c converter) remedy(to, home string) string {
	if c.python == "" {
		return ""
	}
	what := "nbconvert"
	if to == "pdf" {
		what = "'nbconvert[webpdf]'"
	}
	m := api.MissingPackage{Package: what}
	advisePython(&m, c.env, true, home)
	line := strings.ReplaceAll(m.Install, "%pip", quote(c.python)+" -m pip")
	line = strings.ReplaceAll(line, "%conda", "conda")
	if to == "pdf" && strings.Contains(line, " -m pip ") && m.Where == "cell" {
		line += " && " + quote(c.python) + " -m playwright install chromium"
	}
	return line
}

// filled is the notebook's file, or one in dir that has the large outputs again which
// were set aside.
func (r *Runs) filled(file, dir string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", lyceum.Wrap(lyceum.NotFound, err, "the notebook cannot be read")
	}
	if !bytes.Contains(text, []byte(`"blob"`)) {
		return file, nil
	}
	n, err := notebook.Read(string(text))
	if err != nil {
		return file, nil // nbconvert says what it thinks of it
	}
	size := 0
	for _, c := range n.Cells {
		for _, out := range c.Outputs {
			size = r.fill(out, size)
		}
	}
	name := filepath.Join(dir, filepath.Base(file))
	return name, os.WriteFile(name, []byte(n.Write("")), 0o600)
}

// fill puts the blobs of an output back; what is not kept any more stays a preview.
func (r *Runs) fill(out map[string]any, size int) int {
	meta, _ := out["metadata"].(map[string]any)
	ours, _ := meta["lyceum"].(map[string]any)
	blobs, _ := ours["blob"].(map[string]any)
	data, _ := out["data"].(map[string]any)
	for media, v := range blobs {
		entry, _ := v.(map[string]any)
		hash, _ := entry["hash"].(string)
		f, err := r.cfg.Blobs.Open(hash)
		if err != nil || data == nil {
			continue
		}
		body, err := io.ReadAll(io.LimitReader(f, int64(maxFilled-size)+1))
		if err = errors.Join(err, f.Close()); err != nil || size+len(body) > maxFilled {
			continue
		}
		size += len(body)
		var whole any
		switch {
		case binary(media):
			data[media] = base64.StdEncoding.EncodeToString(body)
		case strings.HasSuffix(media, "json") && json.Unmarshal(body, &whole) == nil:
			data[media] = whole
		default:
			data[media] = string(body)
		}
	}
	return size
}

// run runs nbconvert.
func (c converter) run(ctx context.Context, format, source, dir string) error {
	ctx, cancel := context.WithTimeout(ctx, convertTime)
	defer cancel()
	args := []string{
		"-c", fmt.Sprintf(`ulimit -f %d; exec "$0" "$@"`, maxConverted/512), c.python,
		"-m", "nbconvert", "--to", format, "--HTMLExporter.embed_images=True", "--output-dir", dir, "--output", "converted", "--log-level", "ERROR", source,
	}
	path := filepath.Dir(c.python) + ":" + os.Getenv("PATH")
	_, said, err := runProgram(ctx, "/bin/sh", args, filepath.Dir(source), []string{"PATH=" + path, "JUPYTER_PLATFORM_DIRS=1"})
	switch {
	case err == nil:
		return nil
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return lyceum.Wrap(lyceum.Unavailable, err, "the conversion took longer than %v and was ended", convertTime)
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return lyceum.Wrap(lyceum.Conflict, err, "nbconvert cannot convert it: %s", cmp.Or(lastLine(said), err.Error()))
}

// lastLine is the last line of a program's messages that says something.
func lastLine(said string) string {
	lines := strings.Split(strings.TrimSpace(said), "\n")
	const most = 300
	line := strings.ToValidUTF8(strings.TrimSpace(lines[len(lines)-1]), "�")
	return line[:cutAt(line, most)]
}

// runProgram runs a program of the project in a session of its own, all of which ends
// with ctx. It returns the end of what it prints, each at most maxSaid bytes.
func runProgram(ctx context.Context, program string, args []string, dir string, env []string) (out []byte, said string, err error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	end := func() error {
		if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
		return nil
	}
	cmd.Cancel, cmd.WaitDelay = end, time.Second
	var o, s lastBytes
	cmd.Stdout, cmd.Stderr = &o, &s
	if err := cmd.Start(); err != nil {
		return nil, "", err
	}
	err = errors.Join(cmd.Wait(), end()) // what it has left behind too
	return o.b, string(s.b), err
}

// lastBytes keeps the end of what is written to it.
type lastBytes struct{ b []byte }

// Write implements io.Writer.
func (l *lastBytes) Write(p []byte) (int, error) {
	l.b = append(l.b, p...)
	if over := len(l.b) - maxSaid; over > 0 {
		l.b = append(l.b[:0], l.b[over:]...)
	}
	return len(p), nil
}
