package livedoc

import (
	"context"
	"time"
)

const (
	commitTime  = 3 * time.Second // for git to answer
	commitEvery = 2 * time.Second // a file that a program writes all the time asks no more often
)

// findCommitLocked looks, beside everything else, whether the change on disk with the
// sequence seq came from git, and notes its commit. When it was looked for one just
// now it waits; of the changes meanwhile the last one is asked for.
func (d *document) findCommitLocked(seq uint64) {
	if d.store.cfg.Commit == nil {
		return
	}
	d.uncommitted = seq
	if !d.searching {
		d.searching = true
		d.store.commits.Go(d.findCommits)
	}
}

// findCommits looks for commits as long as there are changes to ask for.
func (d *document) findCommits() {
	for {
		d.mu.Lock()
		seq, path := d.uncommitted, d.path
		d.uncommitted, d.searching = 0, seq != 0
		d.mu.Unlock()
		if seq == 0 {
			return
		}
		d.findCommit(path, seq)
		pause := time.NewTimer(commitEvery)
		select {
		case <-pause.C:
		case <-d.fileDone: // the document is being closed: now or never
			pause.Stop()
		}
	}
}

func (d *document) findCommit(path string, seq uint64) {
	ctx, cancel := context.WithTimeout(context.Background(), commitTime)
	defer cancel()
	id, subject, ok := d.store.cfg.Commit(ctx, path)
	if !ok {
		return
	}
	d.store.rewriting.RLock()
	defer d.store.rewriting.RUnlock()
	if err := addLabel(d.wal.dir, label{Epoch: d.epoch, Seq: seq, Commit: id, Subject: shorten(subject, maxName)}); err != nil {
		d.log.Warn("the commit of a change on disk cannot be noted", "err", err)
	}
}
