package files

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"lyceum/internal/lyceum"
)

// MaxBatch is the most files that a Batch may hold; each is an open file until
// Commit.
const MaxBatch = 200

// Batch writes many small files nearly as fast as the disk takes their bytes: they
// are brought to disk together, and only then given their names, one by one. It is
// for one goroutine. The caller calls Close in any case.
type Batch struct {
	d      *Dir
	items  []batchItem
	opened map[string]*os.File // folders, by raw path
}

type batchItem struct {
	path, raw string
	t         *temp
	how       Write
	old       os.FileInfo
	err       error
}

// NewBatch begins an empty one.
func (d *Dir) NewBatch() *Batch { return &Batch{d: d, opened: map[string]*os.File{}} }

// Len is how many files are in it.
func (b *Batch) Len() int { return len(b.items) }

// Put takes a file with all of r as its content, into a folder that is there. An
// error means that it is not in the batch; those of r are returned as they are.
func (b *Batch) Put(ctx context.Context, path string, r io.Reader, how Write, modified time.Time) error {
	raw, err := decodeChild(path)
	if err != nil {
		return err
	}
	if len(b.items) >= MaxBatch {
		return lyceum.Errorf(lyceum.TooLarge, "there are more than %d files in a batch", MaxBatch)
	}
	if err := b.d.checkTarget(raw); err != nil {
		return err
	}
	it := batchItem{path: path, how: how}
	if it.old, it.raw, err = b.d.lookForWrite(raw, how); err != nil {
		return failure("write", path, err)
	}
	dir, err := b.folder(it.raw)
	if err != nil {
		return failure("write", path, err)
	}
	_, name := splitLast(it.raw)
	if err := checkOld(dir, name, it.old, how); err != nil {
		return failure("write", path, err)
	}
	if it.t, err = newTemp(dir, it.old, how.Mode); err != nil {
		return failure("write", path, err)
	}
	_, err = io.CopyBuffer(struct{ io.Writer }{it.t.f}, &ctxReader{ctx.Err, r}, make([]byte, 32<<10))
	if err == nil && !modified.IsZero() {
		err = setTime(it.t.f, modified)
	}
	if err != nil {
		it.t.discard()
		return failure("write", path, err)
	}
	b.items = append(b.items, it)
	return nil
}

// folder opens the folder that holds raw, once.
func (b *Batch) folder(raw string) (*os.File, error) {
	parent, _ := splitLast(raw)
	if f := b.opened[parent]; f != nil {
		return f, nil
	}
	f, err := b.d.openDir(parent)
	if err == nil {
		b.opened[parent] = f
	}
	return f, err
}

// Done is what became of a file of a batch.
type Done struct {
	Path string // as it was put
	Err  error
}

// Commit brings all to disk and gives the names, in the order of Put. The batch is
// empty afterwards and may be used again. Each file is there as a whole or not at all.
func (b *Batch) Commit() []Done {
	b.sync()
	out := make([]Done, len(b.items))
	for i := range b.items {
		out[i] = Done{b.items[i].path, failure("write", b.items[i].path, b.install(&b.items[i]))}
	}
	for raw, dir := range b.opened {
		if err := dir.Sync(); err != nil {
			for i := range out {
				if parent, _ := splitLast(b.items[i].raw); parent == raw && out[i].Err == nil {
					out[i].Err = failure("write", out[i].Path, err)
				}
			}
		}
	}
	b.Close()
	return out
}

// sync brings the contents to disk, several at a time so that a journal takes them
// together.
func (b *Batch) sync() {
	var all sync.WaitGroup
	next := make(chan int)
	for range min(8, len(b.items)) {
		all.Go(func() {
			for i := range next {
				b.items[i].err = b.items[i].t.f.Sync()
			}
		})
	}
	for i := range b.items {
		next <- i
	}
	close(next)
	all.Wait()
}

func (b *Batch) install(it *batchItem) error {
	if it.err != nil {
		return it.err
	}
	_, name := splitLast(it.raw)
	b.d.installing.Lock()
	defer b.d.installing.Unlock()
	return it.t.install(name, it.old, it.how)
}

// Close gives up what was not committed.
func (b *Batch) Close() {
	for _, it := range b.items {
		it.t.discard()
	}
	for _, f := range b.opened {
		f.Close()
	}
	b.items = b.items[:0]
	clear(b.opened)
}

// Same reports whether the file at path is a regular file with just these bytes.
// What cannot be read is another.
func (d *Dir) Same(ctx context.Context, path string, content []byte) bool {
	f, err := d.Open(ctx, path)
	if err != nil {
		return false
	}
	defer f.Close()
	if f.Entry.Size != int64(len(content)) {
		return false
	}
	buf := make([]byte, 32<<10)
	for {
		n, err := f.Read(buf)
		if n > len(content) || string(buf[:n]) != string(content[:n]) {
			return false
		}
		content = content[n:]
		if errors.Is(err, io.EOF) {
			return len(content) == 0
		}
		if err != nil {
			return false
		}
	}
}

// MakeNew creates an empty regular file at path for writing, where there must be
// nothing: for what is written many files at a time and cleaned up by its caller
// when it fails. Mode 0 means 0666, before the umask. The caller closes it.
func (d *Dir) MakeNew(path string, mode os.FileMode) (*os.File, error) {
	raw, err := decodeChild(path)
	if err != nil {
		return nil, err
	}
	_, name := splitLast(raw)
	if err := checkNew(name); err != nil {
		return nil, err
	}
	if mode == 0 {
		mode = 0o666
	}
	dir, name, err := d.openParent(raw)
	if err != nil {
		return nil, failure("make", path, err)
	}
	defer dir.Close()
	fd := -1
	err = withFd(dir, func(at int) (err error) {
		fd, err = unix.Openat(at, name, unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY|unix.O_NOFOLLOW|unix.O_CLOEXEC, uint32(mode.Perm()))
		return err
	})
	if err != nil {
		return nil, failure("make", path, err)
	}
	return os.NewFile(uintptr(fd), strings.Clone(path)), nil
}

// SetModified sets the time of the content of an open file that MakeNew made.
func SetModified(f *os.File, modified time.Time) error { return setTime(f, modified) }

// Link makes a symlink at path, where there must be nothing, that says target. Who
// calls it has made sure that target stays in the home.
func (d *Dir) Link(_ context.Context, target, path string) error {
	raw, err := decodeChild(path)
	if err != nil {
		return err
	}
	if err := d.checkTarget(raw); err != nil {
		return err
	}
	dir, name, err := d.openParent(raw)
	if err != nil {
		return failure("link", path, err)
	}
	defer dir.Close()
	return failure("link", path, withFd(dir, func(fd int) error { return unix.Symlinkat(target, fd, name) }))
}
