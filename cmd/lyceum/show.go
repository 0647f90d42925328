package main

import (
	"fmt"
	"os"
	"slices"
	"text/tabwriter"

	"github.com/alecthomas/kong"

	"lyceum/internal/lyceum"
)

// configCmd prints the configuration in force.
type configCmd struct {
	serveConfig
}

// Run prints one line a setting: its flag, its value (secrets hidden) and
// whether it comes from a flag, the environment, the file or is the default.
func (c *configCmd) Run(t *terminal) error {
	w := tabwriter.NewWriter(t.out, 0, 4, 2, ' ', 0)
	for _, f := range settings(t.parsed.Flags()) {
		fmt.Fprintf(w, "--%s\t%s\t%s\n", f.Name, show(f), origin(t.parsed, f))
	}
	return w.Flush()
}

// settings leaves out the flags that are not settings.
func settings(flags []*kong.Flag) []*kong.Flag {
	return slices.DeleteFunc(slices.Clone(flags), func(f *kong.Flag) bool {
		return f.Name == "help" || f.Name == "version" || f.Name == "config"
	})
}

func show(f *kong.Flag) string {
	v := f.Target.Interface()
	if s, ok := v.(lyceum.Secret); ok && s == "" {
		return `""`
	}
	if s := fmt.Sprint(v); s != "" {
		return s
	}
	return `""`
}

// origin tells where a flag's value comes from.
func origin(c *kong.Context, f *kong.Flag) string {
	for _, p := range c.Path {
		if p.Flag == f && !p.Resolved {
			return "flag"
		}
	}
	for _, name := range f.Envs {
		if _, ok := os.LookupEnv(name); ok {
			return "environment " + name
		}
	}
	for _, p := range c.Path {
		if p.Flag == f && p.Resolved {
			return "file"
		}
	}
	return "default"
}
