// Package archive reads and writes archives: zip, tar and tar compressed by gzip,
// bzip2, xz or zstd, and single compressed files. It touches no disk but what it is
// given: names are only checked, and the caller makes the files.
//
// What is read comes from anybody. Names that lead out, links that do, devices and
// what is encrypted are entries with a reason why they are refused; sizes, numbers
// and ratios beyond the Limits end the reading with an error. Memory stays flat
// (64 MiB at most for a dictionary of xz or a window of zstd, 300 bytes an entry
// for zip), however an archive is made.
//
// Formats: APPNOTE.TXT 6.3.10 (zip), POSIX.1-2017 pax and GNU tar, RFC 1952 (gzip),
// RFC 8878 (Zstandard), the .xz file format 1.2.
package archive

import (
	"errors"
	"io/fs"
	"time"

	"lyceum/internal/lyceum"
)

// Kind is what an entry is.
type Kind string

// The kinds of entry that can be unpacked.
const (
	File     Kind = "file"
	Folder   Kind = "dir"
	Symlink  Kind = "symlink"
	HardLink Kind = "hardlink" // another name of a file that stands before it
)

// Entry is a thing in an archive.
type Entry struct {
	Path     string      // clean and raw: "a/b", never absolute, never with ".."; "" when it is refused
	Name     string      // as the archive writes it, for people: valid UTF-8, 4 KiB at most
	Kind     Kind        //
	Size     int64       // bytes of the content; -1 when the format does not tell
	Modified time.Time   // zero when it is not known
	Mode     fs.FileMode // permission bits only; 0 when they are not known
	Target   string      // of a Symlink as written, and checked; of a HardLink a Path
	Refused  string      // why it is not unpacked, for people; "" when it is
}

// Limits bound what an archive may hold. Zero values mean the defaults.
type Limits struct {
	Entries   int   // default 200,000
	Bytes     int64 // of all content together; default 100 GB
	FileBytes int64 // of one file; default Bytes
	Ratio     int64 // content to archive, for what has more than Free bytes; default 100
	Free      int64 // bytes up to which the ratio does not matter; default 256 MiB
	Depth     int   // folders in one another; default 100

	Until func() error // asked between reads, also inside an entry that is passed over; an error ends the reading
}

func (l Limits) withDefaults() Limits {
	if l.Entries == 0 {
		l.Entries = 200_000
	}
	if l.Bytes == 0 {
		l.Bytes = 100e9
	}
	if l.FileBytes == 0 {
		l.FileBytes = l.Bytes
	}
	if l.Ratio == 0 {
		l.Ratio = 100
	}
	if l.Free == 0 {
		l.Free = 256 << 20
	}
	if l.Depth == 0 {
		l.Depth = 100
	}
	return l
}

// meter counts what comes out of an archive of size bytes.
type meter struct {
	Limits
	size    int64
	entries int
	bytes   int64
}

// entry counts one more entry, of which the archive says that it has so many bytes.
func (m *meter) entry(size int64) error {
	if m.entries++; m.entries > m.Entries {
		return lyceum.Errorf(lyceum.TooLarge, "the archive has more than %d entries; unpack it in a terminal if you trust it", m.Entries)
	}
	if size > m.FileBytes {
		return lyceum.Errorf(lyceum.TooLarge, "a file in the archive has %d bytes, more than the %d that one may have", size, m.FileBytes)
	}
	return m.check(max(size, 0))
}

// content counts n bytes more. of is how many of the same file came before.
func (m *meter) content(of, n int64) error {
	m.bytes += n
	if of+n > m.FileBytes {
		return lyceum.Errorf(lyceum.TooLarge, "a file in the archive has more than the %d bytes that one may have", m.FileBytes)
	}
	return m.check(0)
}

func (m *meter) check(more int64) error {
	total := m.bytes + more
	if total > m.Bytes || total < 0 {
		return lyceum.Errorf(lyceum.TooLarge, "the archive has more than the %d bytes that may be unpacked", m.Bytes)
	}
	if total > m.Free && total/m.Ratio > m.size {
		return lyceum.Errorf(lyceum.TooLarge, "the archive grows to more than %d times its size, as those do that are made to fill disks; unpack it in a terminal if you trust it", m.Ratio)
	}
	return nil
}

// damaged is an error for an archive that cannot be read on.
func damaged(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*lyceum.Error](err); ok {
		return err
	}
	return lyceum.Wrap(lyceum.Invalid, err, "the archive is damaged or cut off")
}
