package compute

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"lyceum/internal/lyceum"
)

// oPath is O_PATH of Linux (the same number on all its architectures), which
// package syscall does not name: a handle on a file that is not opened.
const oPath = 0x200000

// DialSocket connects to the Unix socket of a project. The project's own code
// may write in the socket's folder, so what lies there is looked at first: a
// symbolic link (to another project's socket, to a system service that trusts
// the hub), a socket of another user than the folder's, and anything that is not
// a socket are refused. Path may be longer than the 107 bytes that a socket's
// address holds. Errors are of kind Unavailable.
func DialSocket(ctx context.Context, path string) (net.Conn, error) {
	conn, err := dialSocket(ctx, path)
	if err != nil {
		return nil, lyceum.Wrap(lyceum.Unavailable, err, "the project does not answer")
	}
	return conn, nil
}

func dialSocket(ctx context.Context, path string) (net.Conn, error) {
	dir, err := syscall.Open(filepath.Dir(path), oPath|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: filepath.Dir(path), Err: err}
	}
	defer func() { _ = syscall.Close(dir) }()
	sock, err := syscall.Openat(dir, filepath.Base(path), oPath|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	defer func() { _ = syscall.Close(sock) }()

	var folder, file syscall.Stat_t
	if err := syscall.Fstat(dir, &folder); err != nil {
		return nil, err
	}
	if err := syscall.Fstat(sock, &file); err != nil {
		return nil, err
	}
	if file.Mode&syscall.S_IFMT != syscall.S_IFSOCK {
		return nil, fmt.Errorf("%s is not a socket", path)
	}
	if file.Uid != folder.Uid {
		return nil, fmt.Errorf("%s belongs to uid %d, its folder to %d", path, file.Uid, folder.Uid)
	}
	// Through the handle, so that it is this very file that answers.
	var d net.Dialer
	return d.DialContext(ctx, "unix", "/proc/self/fd/"+strconv.Itoa(sock))
}
