package transfer

import (
	"archive/tar"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"lyceum/internal/lyceum"
)

func itoa(n int) string { return strconv.Itoa(n) }

// home writes the files of a project, which may be in use: they are only reached
// through an os.Root, so that no name leads out of it, and what vanishes meanwhile
// is left out. A project that was never started has none.
func (x *exporter) home(ctx context.Context, id lyceum.ProjectID) error {
	root, err := os.OpenRoot(filepath.Join(x.source.Homes, string(id)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer root.Close()
	info, err := root.Stat(".")
	if err != nil {
		return err
	}
	h := &homeWriter{exporter: x, root: root, project: id, links: map[inode]string{}}
	return h.folder(ctx, ".", info)
}

type inode struct{ dev, ino uint64 }

// homeWriter writes one home.
type homeWriter struct {
	*exporter
	root    *os.Root
	project lyceum.ProjectID
	links   map[inode]string // the first name of files that have more
}

// folder writes a folder and what is in it.
func (h *homeWriter) folder(ctx context.Context, name string, info fs.FileInfo) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := h.tar.WriteHeader(header(memberName(h.project, name, true), tar.TypeDir, int64(info.Mode().Perm()), 0, info.ModTime())); err != nil {
		return err
	}
	h.report.Files++
	h.teller.maybe(&h.report)
	f, err := h.root.Open(name)
	if err != nil {
		h.leave(name)
		return nil
	}
	names, err := f.Readdirnames(-1)
	if err = errors.Join(err, f.Close()); err != nil {
		h.leave(name)
	}
	slices.Sort(names)
	for _, n := range names {
		n = path.Join(name, n)
		info, err := h.root.Lstat(n)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			h.leave(n)
			continue
		}
		if info.IsDir() {
			err = h.folder(ctx, n, info)
		} else {
			err = h.one(ctx, n, info)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (h *homeWriter) leave(name string) { h.report.left(memberName(h.project, name, false)) }

// one writes what is no folder.
func (h *homeWriter) one(ctx context.Context, name string, info fs.FileInfo) error {
	st, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := h.root.Readlink(name)
		if err != nil {
			h.leave(name)
			return nil
		}
		return h.link(tar.TypeSymlink, name, target, info)
	case !info.Mode().IsRegular():
		h.leave(name)
		return nil
	case ok && st.Nlink > 1:
		at := inode{uint64(st.Dev), st.Ino}
		if first := h.links[at]; first != "" {
			return h.link(tar.TypeLink, name, memberName(h.project, first, false), info)
		}
		h.links[at] = name
	}
	return h.file(ctx, name)
}

func (h *homeWriter) link(kind byte, name, target string, info fs.FileInfo) error {
	head := header(memberName(h.project, name, false), kind, int64(info.Mode().Perm()), 0, info.ModTime())
	head.Linkname = target
	h.report.Files++
	return h.tar.WriteHeader(head)
}

// file writes a file as long as it was when it was opened.
func (h *homeWriter) file(ctx context.Context, name string) error {
	// Without waiting: it may have become a pipe since we looked.
	f, err := h.root.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOFOLLOW, 0)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			h.leave(name)
		}
		return nil
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		h.leave(name)
		return nil
	}
	if err := h.tar.WriteHeader(header(memberName(h.project, name, false), tar.TypeReg, int64(info.Mode().Perm()), info.Size(), info.ModTime())); err != nil {
		return err
	}
	h.report.Files++
	left := info.Size()
	for left > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := f.Read(h.buffer[:min(left, int64(len(h.buffer)))])
		if n == 0 && err != nil {
			break
		}
		if _, err := h.tar.Write(h.buffer[:n]); err != nil {
			return err
		}
		left -= int64(n)
		h.report.Bytes += int64(n)
		h.teller.maybe(&h.report)
	}
	if left == 0 {
		return nil
	}
	h.report.changed(memberName(h.project, name, false))
	h.report.Bytes += left
	_, err = io.CopyN(h.tar, zeros{}, left)
	return err
}

// zeros are endless.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
