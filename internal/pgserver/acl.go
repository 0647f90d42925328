package pgserver

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"slices"

	"golang.org/x/sys/unix"
)

// aclName is the extended attribute that holds a folder's access control list.
const aclName = "system.posix_acl_access"

// aclEntry is one line of an access control list: acl(5), laid out as in
// linux/posix_acl_xattr.h, little endian after a version of 4 bytes.
type aclEntry struct {
	Tag, Perm uint16
	ID        uint32
}

const (
	aclVersion  = 2
	aclUserObj  = 0x01
	aclUser     = 0x02
	aclGroupObj = 0x04
	aclMask     = 0x10
	aclOther    = 0x20
	aclNobody   = 0xffffffff // the ID of entries that have none
	aclSearch   = 0x01
)

// grantSearch gives the user uid, and nobody else, search permission on a folder
// that has the mode. Safe to repeat.
func grantSearch(dir string, uid int, mode fs.FileMode) error {
	list, err := readACL(dir)
	if errors.Is(err, unix.ENODATA) {
		list, err = aclOf(mode), nil
	}
	if err != nil {
		return err
	}
	b := binary.LittleEndian.AppendUint32(nil, aclVersion)
	for _, e := range withSearch(list, uint32(uid)) {
		b = binary.LittleEndian.AppendUint16(b, e.Tag)
		b = binary.LittleEndian.AppendUint16(b, e.Perm)
		b = binary.LittleEndian.AppendUint32(b, e.ID)
	}
	return unix.Setxattr(dir, aclName, b, 0)
}

func readACL(dir string) ([]aclEntry, error) {
	b := make([]byte, 4096)
	n, err := unix.Getxattr(dir, aclName, b)
	if err != nil {
		return nil, err
	}
	return parseACL(b[:n])
}

func parseACL(b []byte) ([]aclEntry, error) {
	if len(b) < 4 || len(b)%8 != 4 || binary.LittleEndian.Uint32(b) != aclVersion {
		return nil, errors.New("the access control list is of another format")
	}
	var list []aclEntry
	for b = b[4:]; len(b) > 0; b = b[8:] {
		list = append(list, aclEntry{binary.LittleEndian.Uint16(b), binary.LittleEndian.Uint16(b[2:]), binary.LittleEndian.Uint32(b[4:])})
	}
	return list, nil
}

// aclOf is the list that says the same as a mode.
func aclOf(mode fs.FileMode) []aclEntry {
	perm := uint16(mode.Perm())
	return []aclEntry{{aclUserObj, perm >> 6, aclNobody}, {aclGroupObj, perm >> 3 & 7, aclNobody}, {aclOther, perm & 7, aclNobody}}
}

// withSearch adds the user's entry, and lets the mask, which limits all but owner
// and others, pass it and no more than it passed before.
func withSearch(list []aclEntry, uid uint32) []aclEntry {
	masked, mask := false, uint16(0)
	for _, e := range list {
		if e.Tag == aclMask {
			masked, mask = true, e.Perm
		}
	}
	var out []aclEntry
	for _, e := range list {
		switch {
		case e.Tag == aclMask, e.Tag == aclUser && e.ID == uid:
			continue
		case e.Tag == aclUserObj || e.Tag == aclOther:
		case masked:
			e.Perm &= mask
		default:
			mask |= e.Perm
		}
		out = append(out, e)
	}
	out = append(out, aclEntry{aclUser, aclSearch, uid}, aclEntry{aclMask, mask | aclSearch, aclNobody})
	slices.SortStableFunc(out, func(a, b aclEntry) int { return (int(a.Tag)-int(b.Tag))<<1 + cmpID(a.ID, b.ID) })
	return out
}

func cmpID(a, b uint32) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
