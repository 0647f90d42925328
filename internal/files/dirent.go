package files

import (
	"encoding/binary"
	"errors"
	"iter"
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

// readNames reads the next names of a folder into buf and returns how many bytes
// they take; 0 when there are no more. os.File.ReadDir takes two pieces of memory for
// each name and looks for it in the folder when it has no type.
func readNames(dir *os.File, buf []byte) (n int, err error) {
	for {
		err = withFd(dir, func(fd int) (err error) { n, err = unix.Getdents(fd, buf); return err })
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.ENOENT):
			return 0, nil // removed since it was opened
		}
		return n, err
	}
}

// dirents yields what readNames has read, but for the folder itself and the one above.
func dirents(names []byte) iter.Seq[dirent] {
	all := string(names)
	return func(yield func(dirent) bool) {
		for at := 0; at < len(all); at += int(binary.NativeEndian.Uint16(names[at+direntSize:])) {
			name := all[at+direntName:]
			name = name[:strings.IndexByte(name, 0)]
			if name != "." && name != ".." && !yield(dirent{names[at+direntKind], name}) {
				return
			}
		}
	}
}
