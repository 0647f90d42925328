package pgserver

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"lyceum/internal/lyceum"
)

// maxSocketPath is what fits into sun_path of unix(7), without its NUL.
const maxSocketPath = 107

func socketPath(runDir string) string { return filepath.Join(runDir, ".s.PGSQL."+port) }

// identity is the user that runs PostgreSQL, and the one that connects to it.
type identity struct {
	uid, gid int
	drop     bool   // we are root, and PostgreSQL must not be
	client   string // our user's name, which is who may connect

	// initdb refuses to run as a user without a name. Where uid has none, the
	// cluster is made by the first of the system's own users and handed over.
	makerUID, makerGID int
}

// ofCluster gives the cluster's owner, when there is one already, the say.
func (w identity) ofCluster(dir string) identity {
	var st syscall.Stat_t
	if w.drop && syscall.Lstat(dir, &st) == nil && st.Uid != 0 {
		w.uid, w.gid = int(st.Uid), int(st.Gid)
	}
	return w
}

// whoRuns finds the user for PostgreSQL: our own, or as root the one named system,
// or uid.
func whoRuns(system string, uid int) (identity, error) {
	client, err := userName(os.Geteuid())
	if err != nil {
		return identity{}, lyceum.Wrap(lyceum.Invalid, err, "this program's user (uid %d) has no name in /etc/passwd, and PostgreSQL needs one: add it, or name another PostgreSQL with --database-url", os.Geteuid())
	}
	if os.Geteuid() != 0 {
		me, group := os.Geteuid(), os.Getegid()
		return identity{uid: me, gid: group, client: client, makerUID: me, makerGID: group}, nil
	}
	if u, g, ok := lookUp(system); ok {
		return identity{uid: u, gid: g, drop: true, client: client, makerUID: u, makerGID: g}, nil
	}
	who := identity{uid: uid, gid: uid, drop: true, client: client}
	if _, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		who.makerUID, who.makerGID = uid, uid
		return who, nil
	}
	for _, name := range []string{"bin", "daemon", "nobody"} {
		if u, g, ok := lookUp(name); ok {
			who.makerUID, who.makerGID = u, g
			return who, nil
		}
	}
	return identity{}, lyceum.Errorf(lyceum.Invalid, "PostgreSQL must not run as root and there is no user for it: make one (useradd --system postgres), or name another PostgreSQL with --database-url")
}

func lookUp(name string) (uid, gid int, ok bool) {
	u, err := user.Lookup(name)
	if err != nil {
		return 0, 0, false
	}
	uid, err1 := strconv.Atoi(u.Uid)
	gid, err2 := strconv.Atoi(u.Gid)
	return uid, gid, err1 == nil && err2 == nil && uid != 0
}

// userName is the name that getpwuid(3) gives, as PostgreSQL asks for it. A static
// program reads only /etc/passwd; id(1) also knows the users of a directory service.
func userName(uid int) (string, error) {
	u, err := user.LookupId(strconv.Itoa(uid))
	if err == nil {
		return u.Username, nil
	}
	out, idErr := exec.Command("id", "-un", strconv.Itoa(uid)).Output()
	if name := strings.TrimSpace(string(out)); idErr == nil && name != "" {
		return name, nil
	}
	return "", err
}

func (w identity) credential() *syscall.Credential {
	if !w.drop {
		return nil
	}
	return &syscall.Credential{Uid: uint32(w.uid), Gid: uint32(w.gid)}
}

func (w identity) makerCredential() *syscall.Credential {
	if !w.drop {
		return nil
	}
	return &syscall.Credential{Uid: uint32(w.makerUID), Gid: uint32(w.makerGID)}
}

// openFolders makes the folders, and as root opens the way to them.
func (w identity) openFolders(cfg Config) error {
	own := append(missingOf(cfg.Data), missingOf(cfg.RunDir)...)
	own = append(own, cfg.Data, filepath.Dir(cfg.Data), filepath.Dir(cfg.RunDir))
	for _, dir := range []string{cfg.Data, cfg.RunDir} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return lyceum.Wrap(lyceum.Invalid, err, "the folder %s cannot be made", dir)
		}
	}
	if err := ours(cfg.Data, os.Geteuid()); err != nil {
		return err
	}
	if err := w.openWay(cfg.Data, own); err != nil {
		return err
	}
	if err := w.openWay(filepath.Dir(cfg.RunDir), own); err != nil {
		return err
	}
	return w.openRunDir(cfg.RunDir)
}

// missingOf lists dir and its parents as far as they are still to be made.
func missingOf(dir string) []string {
	var list []string
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Lstat(dir); !errors.Is(err, os.ErrNotExist) {
			return list
		}
		list = append(list, dir)
	}
}

// openRunDir leaves the socket's folder to PostgreSQL alone.
func (w identity) openRunDir(dir string) error {
	if err := ours(dir, os.Geteuid(), w.uid); err != nil {
		return err
	}
	err := os.Chmod(dir, 0o700)
	if w.drop {
		err = errors.Join(os.Lchown(dir, w.uid, w.gid), err)
	}
	if err != nil {
		return lyceum.Wrap(lyceum.Invalid, err, "the folder %s cannot be given to PostgreSQL", dir)
	}
	return nil
}

// ours checks that dir is a folder that belongs to one of the users.
func ours(dir string, uids ...int) error {
	fi, err := os.Lstat(dir)
	if err != nil {
		return lyceum.Wrap(lyceum.Invalid, err, "the folder %s cannot be read", dir)
	}
	st, ok := fi.Sys().(*syscall.Stat_t)
	if ok && fi.IsDir() {
		for _, uid := range uids {
			if int(st.Uid) == uid {
				return nil
			}
		}
	}
	return lyceum.Errorf(lyceum.Invalid, "%s is not a folder of this program's user (uid %d): choose another data folder, or start as the user who made this one", dir, os.Geteuid())
}

// openWay gives the user of PostgreSQL search permission on dir and its parents: on
// our own folders everybody, on others of root that user alone.
func (w identity) openWay(dir string, own []string) error {
	if !w.drop {
		return nil
	}
	for ; ; dir = filepath.Dir(dir) {
		fi, err := os.Stat(dir)
		if err != nil {
			return lyceum.Wrap(lyceum.Invalid, err, "the folder %s cannot be read", dir)
		}
		st, ok := fi.Sys().(*syscall.Stat_t)
		if ok && !w.maySearch(fi.Mode(), st) {
			err := errors.New("the folder is another user's")
			switch {
			case st.Uid == 0 && slices.Contains(own, dir):
				err = os.Chmod(dir, fi.Mode().Perm()|0o011)
			case st.Uid == 0:
				err = grantSearch(dir, w.uid, fi.Mode())
			}
			if err != nil {
				return lyceum.Wrap(lyceum.Invalid, err, "PostgreSQL (uid %d) may not enter %s: allow it (chmod o+x), or choose another data folder", w.uid, dir)
			}
		}
		if dir == filepath.Dir(dir) {
			return nil
		}
	}
}

func (w identity) maySearch(mode fs.FileMode, st *syscall.Stat_t) bool {
	switch {
	case int(st.Uid) == w.uid:
		return mode&0o100 != 0
	case int(st.Gid) == w.gid:
		return mode&0o010 != 0
	}
	return mode&0o001 != 0
}

// defaultRunDir is run in the data folder, or where its path is too long for a
// socket or has a comma (which separates hosts), a folder of the system named
// after it.
func defaultRunDir(data string) string {
	dir := filepath.Join(data, "run")
	if len(socketPath(dir)) <= maxSocketPath && !strings.Contains(dir, ",") {
		return dir
	}
	sum := sha256.Sum256([]byte(data))
	name := "lyceum-pg-" + strconv.Itoa(os.Geteuid()) + "-" + hex.EncodeToString(sum[:6])
	if os.Geteuid() == 0 {
		return filepath.Join("/run", name)
	}
	return filepath.Join("/tmp", name)
}
