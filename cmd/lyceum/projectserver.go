package main

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"sync"

	"lyceum/internal/lyceum"
	"lyceum/internal/project"
	"lyceum/internal/supervisor"
)

// projectServerCmd runs inside a project. compute starts it with --init; the
// supervisor starts it again without.
type projectServerCmd struct {
	Init      bool   `help:"Be the supervisor: process 1 of the project."`
	Project   string `required:"" help:"The project's identifier."`
	Home      string `required:"" type:"path" help:"The project's home."`
	Run_      string `name:"run" required:"" type:"path" help:"Folder of the project's sockets."`
	PublicKey string `required:"" help:"Key that tickets are checked with (Ed25519, base64)."`

	UnpackBytes int64 `help:"Most bytes that one archive may become; 0: as usual."`
}

// How much garbage a project's servers keep: little, because most of their life is
// idle and there are some for each project; but to collect what starting leaves would
// cost a twentieth of the start, and it is given back soon after.
const (
	startGarbage   = 400
	projectGarbage = 50
)

// Run serves until ctx ends.
func (c *projectServerCmd) Run(ctx context.Context, t *terminal) error {
	collect(startGarbage)
	id, err := lyceum.ParseID[lyceum.ProjectID](c.Project)
	if err != nil {
		return err
	}
	key, err := base64.StdEncoding.DecodeString(c.PublicKey)
	if err != nil || len(key) != ed25519.PublicKeySize {
		return fmt.Errorf("--public-key is not an Ed25519 key in base64")
	}
	log := slog.New(slog.NewTextHandler(t.err, nil))
	defer giveBackLater(projectGivesBack, projectGarbage, log)()
	quiet, stop := context.WithCancel(ctx)
	var giving sync.WaitGroup
	giving.Go(func() { giveBackWhenQuiet(quiet, log) })
	defer giving.Wait()
	defer stop()
	if !c.Init {
		return project.Run(ctx, project.Config{Project: id, Home: c.Home, Run: c.Run_, PublicKey: key, Log: log, Version: version, UnpackBytes: c.UnpackBytes})
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return supervisor.Run(ctx, supervisor.Config{
		Project: id, Home: c.Home, Run: c.Run_, PublicKey: key, Log: log,
		Server: []string{self, "project-server", "--project", c.Project, "--home", c.Home, "--run", c.Run_, "--public-key", c.PublicKey,
			"--unpack-bytes", strconv.FormatInt(c.UnpackBytes, 10)},
	})
}
