package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/alecthomas/kong"
	"gopkg.in/yaml.v3"
)

// configFile is a configuration file: a flat YAML mapping from the names of flags
// to their values. Lists are YAML lists, or text with commas.
//
//	listen: 0.0.0.0:443
//	trusted-proxies: [10.0.0.0/8]
type configFile map[string]any

// maxConfigFile bounds a configuration file, in bytes.
const maxConfigFile = 1 << 20

// loadYAML reads a configuration file.
func loadYAML(r io.Reader) (kong.Resolver, error) {
	f := configFile{}
	err := yaml.NewDecoder(io.LimitReader(r, maxConfigFile)).Decode(&f)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("the configuration file: %w", err)
	}
	return f, nil
}

// Validate refuses keys that name no setting: a misspelt one would be ignored.
func (f configFile) Validate(app *kong.Application) error {
	known := map[string]bool{}
	for _, command := range app.Children {
		if command.Name == "serve" {
			for _, flag := range settings(command.Flags) {
				known[flag.Name] = true
			}
		}
	}
	for key := range f {
		if !known[key] {
			return fmt.Errorf("the configuration file: there is no setting %q", key)
		}
	}
	return nil
}

// Resolve gives a flag its value from the file, unless the environment, which
// goes before the file, has one.
func (f configFile) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, name := range flag.Envs {
		if _, ok := os.LookupEnv(name); ok {
			return nil, nil
		}
	}
	switch v := f[flag.Name].(type) {
	case nil:
		return nil, nil
	case []any:
		var words []string
		for _, e := range v {
			words = append(words, fmt.Sprint(e))
		}
		return strings.Join(words, ","), nil
	case map[string]any:
		return nil, fmt.Errorf("the configuration file: %s is no mapping", flag.Name)
	default:
		return fmt.Sprint(v), nil
	}
}
