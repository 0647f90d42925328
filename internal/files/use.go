package files

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Use is what something takes on the disk, with all that is in it.
type Use struct {
	Name     string    // last segment, for people; "" is the home
	Path     string    // see the package comment
	Kind     Kind      //
	Bytes    int64     // blocks that are taken on the disk, in bytes
	Size     int64     // length of the files, in bytes: more than Bytes where they have holes
	Files    int       // things that are no folders
	Folders  int       // below it, not itself
	Unread   int       // folders that could not be read, or are too deep
	Modified time.Time // of the newest thing
	Parts    []Use     // the largest things in it, the largest first
	Rest     Rest      // the others
}

// Rest is what is not told one by one.
type Rest struct {
	Items int
	Bytes int64
}

// UseConfig says what Use tells. The zero value is the total alone.
type UseConfig struct {
	Depth    int       // levels of Parts, at most 4
	Parts    int       // most in each folder; 0 means 100, at most 200
	NoHidden bool      // leave out what begins with a dot, at any depth
	Tell     func(Use) // called with the total so far, without Parts, every Every; may be nil
	Every    time.Duration
}

const (
	useBatch     = 512     // names that are read at once
	useOpen      = 900     // folders that are open at the same time, one in the other
	useLater     = 10_000  // folders below those, for which there is room in memory
	useLinks     = 1 << 17 // files with several names that are remembered
	useMostDepth = 4
	useMostParts = 200
)

// Use measures what path, a folder or anything else, takes on the disk.
//
// It counts blocks, as du does: a file with holes counts what is there of it, and
// a small one the whole block. Folders count their own blocks. A file with several
// names (hard links) counts once, where it is met first; behind the 131,072nd of
// them each name counts its share. Symlinks are not followed. What is mounted from
// another file system counts nothing. What vanishes meanwhile is left out, what
// cannot be read is counted in Unread.
//
// Every thing is looked at anew: 1,000,000 take some seconds and memory for
// what is told only. Nothing is cached, because no folder tells of a file in it
// that grew; who asks often waits between two calls some fifty times as long as
// one took. It ends soon after ctx does, with kind Unavailable.
func (d *Dir) Use(ctx context.Context, path string, c UseConfig) (Use, error) {
	raw, err := Decode(path)
	if err != nil {
		return Use{}, err
	}
	c.Depth = min(max(c.Depth, 0), useMostDepth)
	if c.Parts <= 0 || c.Parts > useMostParts {
		c.Parts = useMostParts / 2
	}
	if c.Every <= 0 {
		c.Every = 200 * time.Millisecond
	}
	m := &measure{ended: ctx.Err, dir: d, cfg: c, seen: map[uint64]struct{}{}, told: time.Now()}
	if err := m.begin(raw); err != nil {
		return Use{}, failure("measure", path, err)
	}
	m.total.finish(c.Parts)
	return m.total.result(c.Depth), nil
}

// measure is one call of Use.
type measure struct {
	ended  func() error // of the context
	dir    *Dir
	cfg    UseConfig
	device uint64
	seen   map[uint64]struct{} // inodes with several names
	total  *useNode
	later  []useLaterDir
	told   time.Time
	count  int
}

// useLaterDir is a folder that is too deep to be read while those above are open.
type useLaterDir struct {
	raw   string
	node  *useNode
	depth int
}

// begin measures the thing that was asked for and, after it, what was put off.
func (m *measure) begin(raw string) error {
	var st unix.Stat_t
	if err := m.stat(raw, &st); err != nil {
		return err
	}
	m.device = st.Dev
	m.total = &useNode{raw: raw, kind: statKind(st.Mode)}
	m.total.add(m.weigh(&st), st.Mtim.Nano())
	if m.total.kind != Folder {
		m.total.files = 1
		return nil
	}
	f, err := m.dir.openDir(raw)
	if err != nil {
		return err
	}
	if err := m.walk(f, raw, m.total, 0, 0); err != nil {
		return err
	}
	for len(m.later) > 0 {
		next := m.later[len(m.later)-1]
		m.later = m.later[:len(m.later)-1]
		next.node.busy--
		f, err := m.dir.openDir(next.raw)
		if err != nil {
			next.node.unreadable()
			continue
		}
		if err := m.walk(f, next.raw, next.node, next.depth, 0); err != nil {
			return err
		}
	}
	return nil
}

// stat looks at raw through its folder.
func (m *measure) stat(raw string, st *unix.Stat_t) error {
	if raw == "" {
		f, err := m.dir.openDir("")
		if err != nil {
			return err
		}
		defer f.Close()
		return withFd(f, func(fd int) error { return unix.Fstat(fd, st) })
	}
	f, name, err := m.dir.openParent(raw)
	if err != nil {
		return err
	}
	defer f.Close()
	return withFd(f, func(fd int) error { return unix.Fstatat(fd, name, st, unix.AT_SYMLINK_NOFOLLOW) })
}

// walk measures what is in the open folder f, which it closes. Node stands for it,
// or for one above it; depth counts from what was asked for, open from the last
// one that was opened by its path.
func (m *measure) walk(f *os.File, raw string, node *useNode, depth, open int) error {
	defer f.Close()
	fd := int(f.Fd())
	for {
		names, err := f.Readdirnames(useBatch)
		for _, name := range names {
			if m.cfg.NoHidden && strings.HasPrefix(name, ".") {
				continue
			}
			if err := m.item(fd, raw, name, node, depth, open); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			node.unreadable()
			return nil
		}
	}
}

// item measures one thing in a folder.
func (m *measure) item(fd int, raw, name string, node *useNode, depth, open int) error {
	if err := m.progress(); err != nil {
		return err
	}
	var st unix.Stat_t
	if unix.Fstatat(fd, name, &st, unix.AT_SYMLINK_NOFOLLOW) != nil || st.Dev != m.device {
		return nil // gone since, or of another file system
	}
	child := node
	if depth < m.cfg.Depth {
		child = node.part(Join(raw, name), statKind(st.Mode))
		defer node.trim(m.cfg.Parts)
	}
	child.add(m.weigh(&st), st.Mtim.Nano())
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		child.counted(1, 0)
		return nil
	}
	node.counted(0, 1)
	if open >= useOpen {
		if len(m.later) >= useLater {
			child.unreadable()
			return nil
		}
		child.busy++
		m.later = append(m.later, useLaterDir{Join(raw, name), child, depth + 1})
		return nil
	}
	sub, err := unix.Openat(fd, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		if !errors.Is(err, unix.ENOENT) {
			child.unreadable()
		}
		return nil
	}
	return m.walk(os.NewFile(uintptr(sub), name), Join(raw, name), child, depth+1, open+1)
}

// weight is what one thing takes.
type weight struct{ bytes, size int64 }

// weigh counts a file with several names once.
func (m *measure) weigh(st *unix.Stat_t) weight {
	w := weight{bytes: st.Blocks * 512}
	if st.Mode&unix.S_IFMT == unix.S_IFREG {
		w.size = st.Size
	}
	if st.Nlink < 2 || st.Mode&unix.S_IFMT == unix.S_IFDIR {
		return w
	}
	if _, known := m.seen[st.Ino]; known {
		return weight{}
	}
	if len(m.seen) < useLinks {
		m.seen[st.Ino] = struct{}{}
		return w
	}
	n := int64(st.Nlink)
	return weight{w.bytes / n, w.size / n}
}

// progress tells how far it is, and notices that nobody wants to know any more.
func (m *measure) progress() error {
	if m.count++; m.count%256 != 0 {
		return nil
	}
	if err := m.ended(); err != nil {
		return err
	}
	if now := time.Now(); m.cfg.Tell != nil && now.Sub(m.told) >= m.cfg.Every {
		m.told = now
		m.cfg.Tell(m.total.result(0))
	}
	return nil
}

func statKind(mode uint32) Kind {
	switch mode & unix.S_IFMT {
	case unix.S_IFREG:
		return File
	case unix.S_IFDIR:
		return Folder
	case unix.S_IFLNK:
		return Symlink
	}
	return Other
}
