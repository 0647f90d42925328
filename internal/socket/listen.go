package socket

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
)

// Listen listens on the Unix socket at path. It replaces what a server before
// left there, and it appears ready: who finds it can connect. It stays when the
// listener is closed, so that the next one may have taken its place already. Only
// the user itself and root can connect.
func Listen(path string) (net.Listener, error) {
	// Not longer than the name itself: a socket's address has 107 bytes.
	name := strings.TrimSuffix(path, filepath.Ext(path)) + ".new"
	if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	l, err := net.Listen("unix", name)
	if err != nil {
		return nil, err
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	if err := errors.Join(os.Chmod(name, 0o600), os.Rename(name, path)); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}
