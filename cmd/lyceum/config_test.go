package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write generated files anew")

// TestConfigReference holds docs/reference/config.md to the struct it is made from.
func TestConfigReference(t *testing.T) {
	var c cli
	parser, err := kong.New(&c, kong.Configuration(loadYAML), kong.Vars{"version": "", "data": "/var/lib/lyceum as root, else ~/.local/share/lyceum"})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString(`# Settings of lyceum serve

Generated from the program; ` + "`make gen`" + ` writes it anew. A flag goes before the environment, and that before the file that
` + "`--config FILE`" + ` names: a flat YAML mapping with the names of the flags, without their hyphens in front. ` + "`lyceum config`" + ` shows
the values in force and where each comes from.

| flag | environment | default | meaning |
| --- | --- | --- | --- |
`)
	for _, command := range parser.Model.Children {
		if command.Name != "serve" {
			continue
		}
		for _, f := range settings(command.Flags) {
			fmt.Fprintf(&b, "| `--%s` | `%s` | %s | %s |\n", f.Name, strings.Join(f.Envs, "`, `"), code(f.Default), f.Help)
		}
	}
	golden(t, filepath.Join("..", "..", "docs", "reference", "config.md"), b.String())
}

func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}

// golden compares with a file, or writes it with -update.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s is not up to date; run make gen (-want +got):\n%s", file, diff)
	}
}

// configLines runs `lyceum config` and returns its lines by flag.
func configLines(t *testing.T, args ...string) (map[string]string, error) {
	t.Helper()
	var out bytes.Buffer
	err := run(t.Context(), append(args, "config"), &out, &out)
	lines := map[string]string{}
	for line := range strings.Lines(out.String()) {
		if f := strings.Fields(line); len(f) > 1 {
			lines[f[0]] = strings.Join(f[1:], " ")
		}
	}
	return lines, err
}

func TestSourcesOfSettings(t *testing.T) {
	file := filepath.Join(t.TempDir(), "lyceum.yaml")
	text := "listen: 127.0.0.1:1\nlog-level: warn\ntrusted-proxies: [10.0.0.0/8, 192.168.0.0/16]\ndatabase-url: postgres://a:hush@h/d\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("LYCEUM_LISTEN", "127.0.0.1:2")
	got, err := configLines(t, "--config", file)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"--listen":          "127.0.0.1:2 environment LYCEUM_LISTEN",
		"--log-level":       "warn file",
		"--log-format":      "text default",
		"--trusted-proxies": "[10.0.0.0/8 192.168.0.0/16] file",
		"--database-url":    "[secret] file",
	} {
		if got[name] != want {
			t.Errorf("%s: got %q, want %q", name, got[name], want)
		}
	}
	var out bytes.Buffer
	if err := run(t.Context(), []string{"--config", file, "config", "--listen", "127.0.0.1:3"}, &out, &out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "127.0.0.1:3") || strings.Contains(out.String(), "hush") {
		t.Errorf("got %s, want the flag's value and no secret", out.String())
	}
}

func TestBadSettingsAreRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	misspelt, mapping := filepath.Join(dir, "a.yaml"), filepath.Join(dir, "b.yaml")
	for file, text := range map[string]string{misspelt: "lissten: x\n", mapping: "listen: {a: b}\n"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, args := range map[string][]string{
		"misspelt key":                {"--config", misspelt, "config"},
		"mapping":                     {"--config", mapping, "config"},
		"no such file":                {"--config", filepath.Join(dir, "none"), "config"},
		"address without port":        {"config", "--listen", "localhost"},
		"certificate without key":     {"config", "--tls-cert", "x"},
		"certificate and ACME":        {"config", "--tls-cert", "x", "--tls-key", "y", "--acme-email", "a@b", "--base-url", "https://h/"},
		"ACME without https":          {"config", "--acme-email", "a@b"},
		"base URL with query":         {"config", "--base-url", "https://h/?x"},
		"base URL with user":          {"config", "--base-url", "https://a@h/"},
		"base URL of another scheme":  {"config", "--base-url", "ftp://h/"},
		"one connection":              {"config", "--database-pool", "1"},
		"no size":                     {"config", "--unpack-limit", "much"},
		"nothing unpacked":            {"config", "--unpack-limit", "0"},
		"uids of the system":          {"config", "--first-uid", "10"},
		"administrator, no password":  {"config", "--setup-admin-email", "ada@example.org"},
		"unknown confinement":         {"config", "--confinement", "wishes"},
		"no such subcommand":          {"fly"},
		"a proxy that is no network":  {"config", "--trusted-proxies", "everybody"},
		"drain timeout without unit":  {"config", "--drain-timeout", "10"},
		"no such flag of serve":       {"serve", "--port", "8000"},
		"unknown level of the log":    {"config", "--log-level", "loud"},
		"project server without home": {"project-server", "--project", "x"},
	} {
		var out bytes.Buffer
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		err := run(ctx, args, &out, &out)
		cancel()
		if err == nil || exitCode(err) != 2 {
			t.Errorf("%s: got %v, want an error of exit code 2", name, err)
		}
	}
}

func TestBaseURL(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ listen, base, cert, want string }{
		{"127.0.0.1:8000", "", "", "http://127.0.0.1:8000/"},
		{"0.0.0.0:80", "", "", "http://localhost:80/"},
		{"[::]:80", "", "", "http://localhost:80/"},
		{":443", "", "c.pem", "https://localhost:443/"},
		{":80", "https://h.example/lyceum", "", "https://h.example/lyceum/"},
		{":80", "https://h.example", "", "https://h.example/"},
	} {
		got, err := (&serveConfig{Listen: c.listen, BaseURL: c.base, TLSCert: c.cert}).base()
		if err != nil || got.String() != c.want {
			t.Errorf("%+v: got %v, %v", c, got, err)
		}
	}
}
