package process

import (
	"os"
	"slices"
	"strings"

	"lyceum/internal/compute"
	"lyceum/internal/lyceum"
)

// maxEnvBytes bounds a project's environment: the kernel refuses to execute a
// program with arguments and environment of more than about 2 MB.
const maxEnvBytes = 1 << 20

// shellsOwn are variables that some shells forbid to set; the loader is run by
// whatever /bin/sh is, and they would mean nothing to a program.
var shellsOwn = []string{"UID", "EUID", "PPID", "BASHOPTS", "BASH_VERSINFO", "SHELLOPTS"}

type variable struct{ name, value string }

// environment is what the project's supervisor is started with.
func environment(spec compute.Spec, in inside) []variable {
	shell := "/bin/bash"
	if _, err := os.Stat(shell); err != nil {
		shell = "/bin/sh"
	}
	env := []variable{
		{"LANG", "C.UTF-8"},
		{"SHELL", shell},
		{"PATH", in.home + "/.local/bin:/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games:" + insideBin},
	}
	for _, v := range spec.Env {
		if !slices.Contains(shellsOwn, v.Name) {
			env = append(env, variable{v.Name, v.Value.Reveal()})
		}
	}
	// Last, so that nothing replaces them.
	return append(env,
		variable{"HOME", in.home},
		variable{"USER", insideUser},
		variable{"LOGNAME", insideUser},
		variable{envProject, string(spec.Project)})
}

func checkEnv(vars []lyceum.EnvVar) error {
	total := 0
	for _, v := range vars {
		if err := lyceum.CheckEnvVar(v.Name, v.Value.Reveal()); err != nil {
			return err
		}
		total += len(v.Name) + len(v.Value) + 2
	}
	if len(vars) > lyceum.MaxEnvVars || total > maxEnvBytes {
		return lyceum.Errorf(lyceum.Invalid, "the environment variables are too many or too long together (at most %d, and 1 MB)", lyceum.MaxEnvVars)
	}
	return nil
}

// envScript is what the loader evaluates: each value between single quotes,
// in which a POSIX shell changes nothing, and a last line that says it is whole.
func envScript(env []variable) string {
	var b strings.Builder
	for _, v := range env {
		b.WriteString("export " + v.name + "='" + strings.ReplaceAll(v.value, "'", `'\''`) + "'\n")
	}
	b.WriteString("#go")
	return b.String()
}
