package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
	"lyceum/internal/project"
)

// homeFolder is the project's home that we run in.
func homeFolder() (string, error) {
	home, err := os.UserHomeDir()
	if err == nil {
		home, err = filepath.EvalSymlinks(home)
	}
	if err != nil {
		return "", lyceum.Errorf(lyceum.Invalid, "there is no home folder: run this inside a project")
	}
	return home, nil
}

// pathInHome is the path of a file from the home, as the project knows it. The file
// itself may be gone.
func pathInHome(home, file string) (string, error) {
	dir, err := filepath.EvalSymlinks(filepath.Dir(file))
	if err != nil {
		return "", lyceum.Errorf(lyceum.NotFound, "there is no folder %s", filepath.Dir(file))
	}
	full := filepath.Join(dir, filepath.Base(file))
	if real, err := filepath.EvalSymlinks(full); err == nil {
		full = real
	}
	path, err := filepath.Rel(home, full)
	if err != nil || path == ".." || strings.HasPrefix(path, "../") {
		return "", lyceum.Errorf(lyceum.Invalid, "%s is not in the home folder %s", file, home)
	}
	return path, nil
}

// localAddress begins the addresses of the project's server for localClient.
const localAddress = "http://project/"

// localClient speaks with the server of the project whose home it is, by its own
// socket. Errors: NotFound when none has ever run here, Unavailable when none runs now.
func localClient(home string) (*http.Client, error) {
	state, err := os.Open(filepath.Join(home, filepath.Dir(project.LocalSocket)))
	if errors.Is(err, os.ErrNotExist) {
		return nil, lyceum.Wrap(lyceum.NotFound, err, "no project's server runs here: run this inside a project")
	}
	if err != nil {
		return nil, err
	}
	// Open for as long as the program runs: a home may be too far down for the address of a socket.
	socket := fmt.Sprintf("/proc/self/fd/%d/%s", state.Fd(), filepath.Base(project.LocalSocket))
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		defer runtime.KeepAlive(state)
		var d net.Dialer
		return d.DialContext(ctx, "unix", socket)
	}
	c, err := dial(context.Background(), "", "")
	if err != nil {
		return nil, errors.Join(lyceum.Wrap(lyceum.Unavailable, err, "no project's server runs here: run this inside a project"), state.Close())
	}
	return &http.Client{Transport: &http.Transport{DialContext: dial}}, c.Close()
}

// refusal is the error that an answer of the project's server tells; nil when it
// tells none.
func refusal(res *http.Response) error {
	if res.StatusCode == http.StatusOK {
		return nil
	}
	var p api.Problem
	if err := json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(&p); err != nil || p.Detail == "" {
		return fmt.Errorf("the project's server answers %s", res.Status)
	}
	if res.StatusCode == http.StatusUnprocessableEntity {
		return lyceum.Errorf(lyceum.Invalid, "%s", p.Detail)
	}
	return errors.New(p.Detail)
}
