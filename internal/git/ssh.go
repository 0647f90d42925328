package git

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"lyceum/internal/api"
	"lyceum/internal/files"
	"lyceum/internal/lyceum"
)

// sshEnv is how git calls ssh: with the project's own key and configuration, whose
// place is the home also where ssh finds another one in /etc/passwd; asking nobody;
// a host that is new is taken down in known_hosts, one that has changed is refused.
// A command that the repository itself configures is left alone.
func (r *Repo) sshEnv(ctx context.Context) []string {
	if out, err := r.read(ctx, "config", "--get", "core.sshCommand"); err == nil && len(out) > 1 {
		return nil
	}
	return []string{"GIT_SSH_COMMAND=" + r.g.sshCommand()}
}

func (g *Git) sshCommand() string {
	at := filepath.Join(g.home, ".ssh")
	options := []string{
		"BatchMode=yes", "StrictHostKeyChecking=accept-new", "UserKnownHostsFile=" + filepath.Join(at, "known_hosts"),
		"ConnectTimeout=20", "ServerAliveInterval=20", "ServerAliveCountMax=3", "UpdateHostKeys=no",
	}
	cmd := "ssh"
	if _, err := os.Stat(filepath.Join(at, "config")); err == nil {
		cmd += " -F " + quote(filepath.Join(at, "config"))
	}
	for _, o := range options {
		cmd += " -o " + quote(o)
	}
	for _, name := range keyNames {
		if _, err := os.Stat(filepath.Join(at, name)); err == nil {
			cmd += " -i " + quote(filepath.Join(at, name))
		}
	}
	return cmd
}

// quote quotes for a shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// keyNames are the keys that ssh looks for: ssh_config(5), IdentityFile.
var keyNames = []string{"id_ed25519", "id_ecdsa", "id_rsa"}

// Key is the public part of the project's SSH key; none is no error.
func (g *Git) Key(ctx context.Context) (api.GitKey, error) {
	for _, name := range keyNames {
		path := ".ssh/" + name + ".pub"
		b, _, err := g.dir.ReadAll(ctx, path, 16<<10)
		if lyceum.IsKind(err, lyceum.NotFound) {
			continue
		}
		if err != nil {
			return api.GitKey{}, err
		}
		return api.GitKey{Public: strings.TrimSpace(strings.ToValidUTF8(string(b), "\uFFFD")), Path: path}, nil
	}
	return api.GitKey{}, nil
}

// MakeKey makes an Ed25519 key for the project, when it has none.
func (g *Git) MakeKey(ctx context.Context, comment string) (api.GitKey, error) {
	if k, err := g.Key(ctx); err != nil || k.Public != "" {
		return k, err
	}
	program, err := exec.LookPath("ssh-keygen")
	if err != nil {
		return api.GitKey{}, lyceum.Wrap(lyceum.Unavailable, err, "the program ssh-keygen is not installed in this project's environment")
	}
	at := filepath.Join(g.home, ".ssh")
	if err := os.MkdirAll(at, 0o700); err != nil {
		return api.GitKey{}, err
	}
	if _, err := g.dir.Resolve(ctx, files.Join(".ssh", keyNames[0])); err != nil {
		return api.GitKey{}, err // ~/.ssh leads out of the project
	}
	cmd := exec.CommandContext(ctx, program, "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", filepath.Join(at, keyNames[0]))
	cmd.Env = g.environment(command{})
	if out, err := cmd.CombinedOutput(); err != nil {
		return api.GitKey{}, lyceum.Wrap(lyceum.Unavailable, err, "the key could not be made: %s", cutText(firstLine(string(out)), 300))
	}
	return g.Key(ctx)
}
