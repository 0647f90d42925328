//go:build e2e

package e2e

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"
)

// clients runs unmodified clients of Jupyter against a project, from the folder of
// that name: it is copied into the cache, and what it needs installed there once.
func clients(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, args, 2, "clients PROJECT TOKEN")
	web, err := filepath.Abs("../web/node_modules/.bin/node")
	ts.Check(err)
	dir, err := installClients()
	ts.Check(err)
	base := siteOf(ts).url + "p/" + args[0] + "/jupyter/"
	ts.Check(ts.Exec(web, filepath.Join(dir, "services.mjs"), base, args[1]))
	ts.Check(ts.Exec(filepath.Join(dir, "venv/bin/python"), filepath.Join(dir, "kernel_client.py"), base[:len(base)-1], args[1]))
}

// installClients returns a folder with the clients, ready to be run.
func installClients() (string, error) {
	names := []string{"package.json", "package-lock.json", "requirements.txt", "services.mjs", "kernel_client.py"}
	files := map[string][]byte{}
	sum := sha256.New()
	for _, name := range names {
		b, err := os.ReadFile(filepath.Join("clients", name))
		if err != nil {
			return "", err
		}
		files[name] = b
		sum.Write(b)
	}
	dir := filepath.Join(cache(), "lyceum", "jupyter-clients", hex.EncodeToString(sum.Sum(nil)[:8]))
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return dir, err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", err
	}
	made, err := os.MkdirTemp(filepath.Dir(dir), "new")
	if err != nil {
		return "", err
	}
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(made, name), b, 0o644); err != nil {
			return "", err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*patience)
	defer cancel()
	for _, c := range [][]string{
		{"npm", "ci", "--ignore-scripts", "--no-fund", "--no-audit"},
		{"python3", "-m", "venv", "--copies", "venv"}, {"venv/bin/python", "-m", "pip", "install", "-q", "-r", "requirements.txt"},
	} {
		cmd := exec.CommandContext(ctx, c[0], c[1:]...)
		cmd.Dir = made
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", errors.Join(err, errors.New(string(out)), os.RemoveAll(made))
		}
	}
	return dir, os.Rename(made, dir)
}
