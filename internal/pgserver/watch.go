package pgserver

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"
)

// How long to wait before a PostgreSQL that died is started again: from first,
// doubled each time, up to longest; from first again after it ran for steady.
const (
	firstPause   = 100 * time.Millisecond
	longestPause = 30 * time.Second
	steady       = time.Minute
	startTimeout = 10 * time.Minute // recovery of a long log may take minutes
)

// watch starts PostgreSQL again whenever it dies, and keeps its log short, until
// ctx ends.
func (s *Server) watch(ctx context.Context) {
	defer close(s.done)
	trim := time.NewTicker(time.Minute)
	defer trim.Stop()
	pause, since := firstPause, time.Now()
	for {
		s.mu.Lock()
		p := s.current
		s.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-trim.C:
			s.trimLog(ctx)
			continue
		case <-p.gone:
		}
		if ctx.Err() != nil {
			return
		}
		if time.Since(since) > steady {
			pause = firstPause
		}
		s.cfg.Log.ErrorContext(ctx, "PostgreSQL has ended by itself; starting it again", "pid", p.pid, "pause", pause, "log", s.log.Name())
		if !sleep(ctx, pause) {
			return
		}
		pause, since = min(2*pause, longestPause), time.Now()
		s.restart(ctx)
	}
}

// restart makes one attempt. When it fails, current is a postmaster that is gone,
// or one that is still busy.
func (s *Server) restart(ctx context.Context) {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := s.up(ctx); err != nil {
		if ctx.Err() == nil || !errors.Is(ctx.Err(), context.Canceled) {
			s.cfg.Log.ErrorContext(ctx, "PostgreSQL cannot be started", "err", err)
		}
		return
	}
	s.cfg.Log.InfoContext(ctx, "PostgreSQL runs again", "took", time.Since(began))
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// maxLog is how large the log may become, in bytes, before it begins anew.
const maxLog = 4 << 20

// openLog opens the log for appending, so that it can be cut while PostgreSQL
// writes into it.
func openLog(data string) (*os.File, error) {
	return os.OpenFile(filepath.Join(data, "log"), os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
}

// trimLog moves a log that is too large to log.1. Lines written between the copy
// and the cut are lost.
func (s *Server) trimLog(ctx context.Context) {
	if s.logSize() <= maxLog {
		return
	}
	if err := s.moveLog(); err != nil {
		s.cfg.Log.WarnContext(ctx, "the log of PostgreSQL cannot be shortened", "err", err)
	}
}

func (s *Server) moveLog() error {
	old, err := os.OpenFile(s.file("log.1"), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	size := s.logSize()
	_, err = io.Copy(old, io.NewSectionReader(s.log, max(0, size-maxLog), maxLog))
	return errors.Join(err, old.Close(), s.log.Truncate(0))
}
