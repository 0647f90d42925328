package livedoc

import (
	"context"
	"time"
)

const (
	commitTime  = 3 * time.Second // for git to answer
	commitEvery = 2 * time.Second // a file that a program writes all the time asks no more often
)

// findCommit looks, beside everything else, whether the change on disk with the
// sequence seq came from git, and notes its commit.
func (s *Store) findCommit(ctx context.Context, d *document, path string, seq uint64) {
	if s.cfg.Commit == nil || time.Since(d.commitAsked) < commitEvery {
		return
	}
	d.commitAsked = time.Now()
	ctx = context.WithoutCancel(ctx) // what found the change does not wait
	s.commits.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, commitTime)
		defer cancel()
		id, subject, ok := s.cfg.Commit(ctx, path)
		if !ok {
			return
		}
		s.rewriting.RLock()
		defer s.rewriting.RUnlock()
		if err := addLabel(d.wal.dir, label{Epoch: d.epoch, Seq: seq, Commit: id, Subject: shorten(subject, maxName)}); err != nil {
			d.log.Warn("the commit of a change on disk cannot be noted", "err", err)
		}
	})
}
