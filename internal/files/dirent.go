package files

import (
	"encoding/binary"
	"errors"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// dirent is a name in a folder, and what it is the name of as far as the file
// system says so while names are read.
type dirent struct {
	kind byte   // unix.DT_DIR and so on; DT_UNKNOWN where it does not say
	name string // a part of a larger string: clone what is kept
}

// Where the parts of a struct linux_dirent64 are, see getdents64(2).
const (
	direntSize = 16 // of the whole with its padding, 2 bytes
	direntKind = 18
	direntName = 19 // ends with a NUL
)

// readDirents reads the next names of a folder into buf and returns them in the
// space of list; none when there are no more. os.File.ReadDir takes two pieces of
// memory for each name and looks for it in the folder when it has no type.
func readDirents(dir *os.File, buf []byte, list []dirent) ([]dirent, error) {
	list = list[:0]
	for len(list) == 0 {
		var n int
		err := withFd(dir, func(fd int) (err error) { n, err = unix.Getdents(fd, buf); return err })
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.ENOENT):
			return nil, nil // removed since it was opened
		case err != nil || n == 0:
			return nil, err
		}
		all := string(buf[:n])
		for at := 0; at < n; at += int(binary.NativeEndian.Uint16(buf[at+direntSize:])) {
			name := all[at+direntName:]
			name = name[:strings.IndexByte(name, 0)]
			if name != "." && name != ".." {
				list = append(list, dirent{buf[at+direntKind], name})
			}
		}
	}
	return list, nil
}
