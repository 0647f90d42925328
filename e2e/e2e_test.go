//go:build e2e

// Package e2e drives the built binary as a person would: it starts the server,
// signs in, makes projects, edits, shares and breaks things, one behaviour a
// script in testdata. LYCEUM_BIN names the binary.
//
// Besides testscript's own commands the scripts have
//
//	serve [-user UID] [FLAG...]      start the server on a free port; sets URL, and SETUP to the set-up link's secret
//	stop [SIGNAL]                    end it by SIGTERM, which must go well, or by another signal
//	as NAME                          go on in the browser of another person, with cookies of their own
//	http [-h 'K: V'] METHOD PATH STATUS [BODY|@FILE]
//	                                 one request; its answer is the standard output
//	get VAR PATH                     set VAR from the answer's JSON: items.0.name
//	until PATH FIELD VALUE [SECONDS] ask until the answer's field has the value, 30 s at most by default
//	terminal ID COMMAND PATTERN      type the command into a terminal and read until the pattern
//	type PATH TEXT                   type at the end of a live document and wait until it is saved
//	document PATH PATTERN            open a live document and wait until its text matches
//	killing PROJECT FILE SECONDS     type while project server, hub and PostgreSQL are killed: killing_test.go
//	content FILE PATTERN             wait until a file on disk matches
//	sha FILE VAR                     set VAR from the SHA-256 of a file
//	port VAR                         set VAR to a free port
//	web FOLDER VAR                   serve a folder; sets VAR to its address
//	clients PROJECT TOKEN [NAME...]  run unmodified clients of Jupyter: clients_test.go
//	suite PROJECT TOKEN [OPTION...]  run Jupyter Server's own tests
//	certify, secured, pebble         certificates, and a real ACME server: tls_test.go
package e2e

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"lyceum/internal/cgroup"
)

func TestScripts(t *testing.T) {
	bin := os.Getenv("LYCEUM_BIN")
	if bin == "" {
		t.Fatal("LYCEUM_BIN names no binary; run make test-e2e")
	}
	testscript.Run(t, testscript.Params{
		Dir:                "testdata",
		RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			s := &site{bin: bin, data: filepath.Join(e.WorkDir, "data"), browsers: map[string]*browser{}, person: "ada"}
			e.Values[siteKey{}] = s
			e.Defer(s.end)
			e.Setenv("DATA", s.data)
			e.Setenv("PATH", filepath.Dir(bin)+":"+os.Getenv("PATH"))
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("LYCEUM_DATA", s.data)
			e.Setenv("LYCEUM_LISTEN", "127.0.0.1:0")
			// Scripts run side by side, each with users of its own; the machine may
			// still know those of a run before that was cut off.
			e.Setenv("LYCEUM_FIRST_UID", strconv.Itoa(firstUID+1000*int(scripts.Add(1))))
			e.Setenv("LYCEUM_UIDS", "1000")
			e.Setenv("XDG_CACHE_HOME", cache())
			return nil
		},
		Condition: func(cond string) (bool, error) {
			switch cond {
			case "root":
				return os.Geteuid() == 0, nil
			case "memory":
				groups := cgroup.Open("lyceum-e2e")
				return !groups.IsZero() && !slices.Contains(groups.Missing(), "memory"), nil
			}
			return false, nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"serve": serve, "stop": stop, "as": as, "http": request, "get": get, "until": until,
			"terminal": terminal, "type": typeText, "document": document, "killing": killing, "content": content, "sha": sha,
			"certify": certify, "secured": secured, "pebble": pebble, "port": port, "web": web, "clients": clients, "suite": suite,
		},
	})
}

// cache is where fetched programs are kept between runs.
func cache() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return os.TempDir()
	}
	return dir
}

// scripts counts those that were begun.
var scripts atomic.Int32

// firstUID is where the user numbers of this run begin.
var firstUID = 10_000_000 + 100_000*rand.IntN(10_000)

type siteKey struct{}

func siteOf(ts *testscript.TestScript) *site { return ts.Value(siteKey{}).(*site) }

// usage ends the script unless a command has at least n arguments and is not negated.
func usage(ts *testscript.TestScript, neg bool, args []string, n int, text string) {
	if neg || len(args) < n {
		ts.Fatalf("usage: %s", strings.TrimSpace(text))
	}
}
