package files

import (
	"context"
	"io/fs"
	"os"
	"slices"
	"strings"
)

// Found is a thing that Walk meets. Raw is its name as it is on disk.
type Found struct {
	Raw  string
	Kind Kind
}

// maxWalked is how long a path may be that Walk goes into, in bytes: what is deeper
// could not be named by any path.
const maxWalked = maxPath - maxName - 1

// Walk calls visit with each folder below path, itself first, and what is in it,
// sorted by the bytes of the names. Raw is the folder's path as it is on disk; see
// Encode. Walk goes into those folders that visit returns, in that order, before it
// goes on; it never follows a symlink, but path itself may lead through some.
// Folders that vanish or cannot be read are left out. An error of visit ends the
// walk and is returned as it is. Memory is needed for the names of the folders on
// the way only; none of them is open during visit.
func (d *Dir) Walk(ctx context.Context, path string, visit func(raw string, items []Found) (into []string, err error)) error {
	raw, err := Decode(path)
	if err != nil {
		return err
	}
	items, err := d.found(raw)
	if err != nil {
		return failure("read", path, err)
	}
	return d.walk(ctx, raw, items, visit)
}

func (d *Dir) walk(ctx context.Context, raw string, items []Found, visit func(string, []Found) ([]string, error)) error {
	into, err := visit(raw, items)
	if err != nil {
		return err
	}
	for _, name := range into {
		if err := ctx.Err(); err != nil {
			return failure("read", Encode(raw), err)
		}
		child := Join(raw, name)
		if len(child) > maxWalked {
			continue
		}
		below, err := d.found(child)
		if err != nil {
			continue // gone, or not to be read
		}
		if err := d.walk(ctx, child, below, visit); err != nil {
			return err
		}
	}
	return nil
}

// found reads the names in the folder raw.
func (d *Dir) found(raw string) ([]Found, error) {
	f, err := d.openDir(raw)
	if err != nil {
		return nil, err
	}
	list, err := f.ReadDir(-1)
	f.Close()
	if err != nil && len(list) == 0 {
		return nil, err
	}
	items := make([]Found, len(list))
	for i, e := range list {
		items[i] = Found{e.Name(), foundKind(e)}
	}
	slices.SortFunc(items, func(a, b Found) int { return strings.Compare(a.Raw, b.Raw) })
	return items, nil
}

func foundKind(e os.DirEntry) Kind {
	switch {
	case e.IsDir():
		return Folder
	case e.Type()&fs.ModeSymlink != 0:
		return Symlink
	case e.Type() == 0:
		return File
	}
	return Other
}
