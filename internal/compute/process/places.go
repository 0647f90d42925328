package process

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"lyceum/internal/lyceum"
)

// maxSocketPath is what fits into sun_path of unix(7), without its NUL.
const maxSocketPath = 107

// socketName is the project server's socket in its run folder, and the longest
// name of a socket there.
const socketName = "project.sock"

// places knows where things are in a data folder.
type places struct {
	data, projects, run, records, trash string
}

// openPlaces makes the folders and takes the lock on them.
func openPlaces(data string) (places, *os.File, error) {
	at := places{
		data:     data,
		projects: filepath.Join(data, "projects"),
		run:      runRoot(data),
		records:  filepath.Join(data, "compute"),
		trash:    filepath.Join(data, "trash"),
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		return at, nil, lyceum.Wrap(lyceum.Invalid, err, "the data folder %s cannot be made", data)
	}
	for _, dir := range []string{at.projects, at.records, at.trash, at.run} {
		if err := ownFolder(dir, 0o700); err != nil {
			return at, nil, problemOf(err, "make the folder "+dir)
		}
	}
	lock, err := os.OpenFile(filepath.Join(at.records, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return at, nil, problemOf(err, "open the lock of the data folder")
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = lock.Close()
		return at, nil, lyceum.Wrap(lyceum.Conflict, err, "another server runs on the data folder %s", data)
	}
	return at, lock, nil
}

// Homes takes the data folder of a site whose server does not run, until release is
// called, and returns the folder of its projects' homes. Conflict when one does.
func Homes(data string) (homes string, release func() error, err error) {
	at, lock, err := openPlaces(data)
	if err != nil {
		return "", nil, err
	}
	return at.projects, lock.Close, nil
}

// ownFolder makes a folder that is ours and nobody else's to write in.
func ownFolder(dir string, mode os.FileMode) error {
	if err := os.Mkdir(dir, mode); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	fi, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !fi.IsDir() || !ok || int(st.Uid) != os.Geteuid() {
		return lyceum.Errorf(lyceum.Invalid, "%s is not a folder of the server's own user", dir)
	}
	if fi.Mode().Perm()&0o022 != 0 {
		return os.Chmod(dir, mode)
	}
	return nil
}

// runRoot is where the run folders lie: in the data folder, or when its path is
// too long for sockets, in a folder of the system named after it.
func runRoot(data string) string {
	root := filepath.Join(data, "run")
	if len(root)+1+32+1+len(socketName) <= maxSocketPath {
		return root
	}
	sum := sha256.Sum256([]byte(data))
	name := "lyceum-" + strconv.Itoa(os.Geteuid()) + "-" + hex.EncodeToString(sum[:6])
	if os.Geteuid() == 0 {
		return filepath.Join("/run", name)
	}
	return filepath.Join(os.TempDir(), name)
}

func (at places) home(id lyceum.ProjectID) string { return filepath.Join(at.projects, string(id)) }

// state is the folder of our records of a project.
func (at places) state(id lyceum.ProjectID) string { return filepath.Join(at.records, string(id)) }

func (at places) record(id lyceum.ProjectID) string { return filepath.Join(at.state(id), "run.json") }
func (at places) status(id lyceum.ProjectID) string { return filepath.Join(at.state(id), "status") }
func (at places) logs(id lyceum.ProjectID) string   { return filepath.Join(at.state(id), "log") }
func (at places) filled(id lyceum.ProjectID) string { return filepath.Join(at.state(id), "filled") }

// short is the name of the project's run folder: the first 12 hex digits of its
// identifier, or all 32 when another project of this machine has these already.
func (at places) short(id lyceum.ProjectID) (string, error) {
	digits := strings.ReplaceAll(string(id), "-", "")
	claim := filepath.Join(at.run, digits[:12]+".id")
	f, err := os.OpenFile(claim, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = f.WriteString(string(id))
		return digits[:12], errors.Join(err, f.Close())
	}
	holder, readErr := os.ReadFile(claim)
	switch {
	case readErr != nil:
		return "", err
	case string(holder) == string(id), len(holder) == 0:
		return digits[:12], nil
	}
	return digits, nil
}

// runDir is the project's run folder.
func (at places) runDir(id lyceum.ProjectID) (string, error) {
	short, err := at.short(id)
	return filepath.Join(at.run, short), err
}

// unclaim gives the short name free again.
func (at places) unclaim(id lyceum.ProjectID) {
	claim := filepath.Join(at.run, strings.ReplaceAll(string(id), "-", "")[:12]+".id")
	if holder, err := os.ReadFile(claim); err == nil && string(holder) == string(id) {
		_ = os.Remove(claim)
	}
}

// makeHome makes a project's home, owned by uid, and reports whether it was new.
func makeHome(dir string, uid int) (bool, error) {
	err := os.Mkdir(dir, 0o700)
	if err != nil && !errors.Is(err, os.ErrExist) {
		return false, err
	}
	fresh := err == nil
	fi, err := os.Lstat(dir)
	if err != nil {
		return fresh, err
	}
	if !fi.IsDir() {
		return fresh, fmt.Errorf("%s is not a folder", dir)
	}
	return fresh, giveTo(dir, fi, uid)
}

// giveTo makes uid the owner of a folder that only we can rename or replace.
func giveTo(dir string, fi os.FileInfo, uid int) error {
	if uid == 0 {
		return nil
	}
	if st, ok := fi.Sys().(*syscall.Stat_t); ok && int(st.Uid) == uid {
		return nil
	}
	return os.Lchown(dir, uid, uid)
}
