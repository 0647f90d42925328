package files

import (
	"errors"
	"io/fs"
	"time"

	"golang.org/x/sys/unix"
)

const (
	pollEvery   = 2 * time.Second // at least between two looks at a folder
	pollShare   = 20              // and so many times as long as the look took
	pollEntries = 5000            // in larger folders only coming and going is seen
)

// poller finds changes in a folder by looking at it from time to time.
type poller struct {
	next time.Time         // when to look again
	self string            // version of the folder itself
	seen map[string]string // name to version; nil before the first look and for large folders
	done bool              // there was a look
}

func newPoller() *poller { return &poller{} }

// look compares the folder with the look before: the names that differ, or all
// when they cannot be told apart. Between looks it answers nothing.
func (p *poller) look(d *Dir, raw string) (names []string, all bool) {
	begin := time.Now()
	if begin.Before(p.next) {
		return nil, false
	}
	self, seen, err := p.read(d, raw)
	p.next = time.Now().Add(max(pollEvery, pollShare*time.Since(begin)))
	if err != nil {
		return nil, false // if the folder is gone, the check of the Watcher tells
	}
	old, first := *p, !p.done
	p.self, p.seen, p.done = self, seen, true
	switch {
	case first:
		return nil, false
	case seen == nil || old.seen == nil:
		return nil, self != old.self
	}
	for n, v := range seen {
		if old.seen[n] != v {
			names = append(names, n)
		}
	}
	for n := range old.seen {
		if _, ok := seen[n]; !ok {
			names = append(names, n)
		}
	}
	return names, false
}

func (p *poller) read(d *Dir, raw string) (self string, seen map[string]string, err error) {
	f, err := d.openDir(raw)
	if err != nil {
		return "", nil, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return "", nil, err
	}
	self = version(fi)
	found, err := f.Readdirnames(-1)
	if err != nil {
		return "", nil, err
	}
	if len(found) > pollEntries {
		return self, nil, nil
	}
	seen = make(map[string]string, len(found))
	for _, n := range found {
		fi, err := d.root.Lstat(Join(raw, n))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			fi, err = d.lstat(Join(raw, n))
			if err != nil {
				continue
			}
		}
		seen[n] = version(fi)
	}
	return self, seen, nil
}

// remote are the types of file system, from linux/magic.h and their own sources,
// on which others may change a file without this kernel's knowing.
var remote = map[int64]bool{
	0x6969:     true, // NFS
	0x517B:     true, // SMB
	0xFF534D42: true, // CIFS
	0xFE534D42: true, // SMB2
	0x65735546: true, // FUSE: sshfs, s3fs, gcsfuse
	0x01021997: true, // 9P
	0x00C36400: true, // Ceph
	0x0BD00BD0: true, // Lustre
	0x5346414F: true, // AFS
	0x6B414653: true, // kAFS
	0x19830326: true, // BeeGFS
	0x47504653: true, // GPFS
	0x01161970: true, // GFS2
	0x7461636F: true, // OCFS2
	0x73757245: true, // Coda
}

func isRemote(abs string) bool {
	var st unix.Statfs_t
	return unix.Statfs(abs, &st) == nil && remote[int64(uint32(st.Type))]
}
