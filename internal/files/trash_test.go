package files

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"lyceum/internal/lyceum"
)

// TestMain is also the process that is killed: the test binary is started again as
// "trash-killed HOME ACT STEP".
func TestMain(m *testing.M) {
	if len(os.Args) == 5 && os.Args[1] == "trash-killed" {
		os.Exit(killed(os.Args[2], os.Args[3], os.Args[4]))
	}
	os.Exit(m.Run())
}

const testTrash = ".local/trash"

func newTrash(t testing.TB, d *Dir) *Trash {
	t.Helper()
	trash, err := d.Trash(testTrash)
	if err != nil {
		t.Fatal(err)
	}
	return trash
}

// killed does an act and kills itself behind the step of the given number.
func killed(home, act, step string) int {
	n, err := strconv.Atoi(step)
	d, derr := OpenDir(home)
	if err != nil || derr != nil {
		return 2
	}
	trash, err := d.Trash(testTrash)
	if err != nil {
		return 2
	}
	trash.step = func(string) {
		if n--; n == 0 {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}
	ctx, id := context.Background(), ""
	if list, err := trash.List(ctx); err == nil && len(list) > 0 {
		id = list[0].ID
	}
	switch act {
	case "put":
		_, err = trash.Put(ctx, "d", Trashed{By: "a"}, nil, nil)
	case "restore":
		_, err = trash.Restore(ctx, id, "", nil)
	case "purge":
		err = trash.Purge(ctx, id)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// TestTrashKilled kills the process behind each step of each act: the folder is
// where it was or in the trash, whole, and a sweep leaves nothing else.
func TestTrashKilled(t *testing.T) {
	t.Parallel()
	const content = "f=content sub/ sub/g=more"
	for _, act := range []string{"put", "restore", "purge"} {
		t.Run(act, func(t *testing.T) {
			t.Parallel()
			ended := false
			for step := 1; !ended; step++ {
				d := newHome(t)
				mkdirs(t, d, "d/sub")
				put(t, d, "d/f", "content")
				put(t, d, "d/sub/g", "more")
				if act != "put" {
					if _, err := newTrash(t, d).Put(t.Context(), "d", Trashed{}, nil, nil); err != nil {
						t.Fatal(err)
					}
				}
				out, err := exec.CommandContext(t.Context(), os.Args[0], "trash-killed", d.Home(), act, strconv.Itoa(step)).CombinedOutput()
				if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.Exited() || err != nil && !ok {
					t.Fatalf("step %d: %v %s", step, err, out)
				}
				ended = err == nil
				if step > 20 {
					t.Fatal("too many steps")
				}
				checkAfterKill(t, d, act, content, ended)
			}
		})
	}
}

func checkAfterKill(t *testing.T, d *Dir, act, content string, ended bool) {
	t.Helper()
	trash := newTrash(t, d)
	if _, err := trash.Sweep(t.Context(), time.Time{}); err != nil {
		t.Fatal(err)
	}
	list, err := trash.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	place := ""
	if _, err := os.Stat(filepath.Join(d.Home(), "d")); err == nil {
		place = tree(t, filepath.Join(d.Home(), "d"))
	}
	inTrash := ""
	if len(list) == 1 {
		inTrash = tree(t, filepath.Join(d.Home(), testTrash, list[0].ID, "item"))
	}
	switch {
	case len(list) > 1, place != "" && inTrash != "":
		t.Errorf("%s: it is twice: %d entries, in place %q", act, len(list), place)
	case act == "purge" && place == "" && inTrash == "":
	case place+inTrash != content:
		t.Errorf("%s: in place there is %q, in the trash %q", act, place, inTrash)
	case ended && (act == "put") != (inTrash != ""):
		t.Errorf("%s ended: in place there is %q, in the trash %q", act, place, inTrash)
	}
	left, err := os.ReadDir(filepath.Join(d.Home(), testTrash))
	if err != nil && !errors.Is(err, os.ErrNotExist) || len(left) != len(list) {
		t.Errorf("%s: %d names are left in the trash of %d entries, %v", act, len(left), len(list), err)
	}
}

func TestTrash(t *testing.T) {
	t.Parallel()
	d := newHome(t)
	trash := newTrash(t, d)
	if list, err := trash.List(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("no trash has %d entries, %v", len(list), err)
	}
	mkdirs(t, d, "dir")
	put(t, d, "dir/caf\xe9", "coffee")
	e, err := trash.Put(t.Context(), "dir/~x636166e9", Trashed{By: "id", ByName: "Ada"}, nil, nil)
	if err != nil || e.Size != 6 || e.Kind != File || e.Path != "dir/~x636166e9" || e.By != "id" {
		t.Fatalf("%+v, %v", e, err)
	}
	if got := tree(t, filepath.Join(d.Home(), "dir")); got != "" {
		t.Errorf("left: %q", got)
	}
	list, err := newTrash(t, d).List(t.Context()) // as after a start
	if err != nil || len(list) != 1 || list[0] != e {
		t.Errorf("listed %+v, want %+v, %v", list, e, err)
	}
	put(t, d, "dir/caf\xe9", "another")
	_, err = trash.Restore(t.Context(), e.ID, "", nil)
	wantKind(t, err, lyceum.Conflict)
	_, err = trash.Restore(t.Context(), e.ID, "bad\nname", nil)
	wantKind(t, err, lyceum.Invalid)
	if at, err := trash.Restore(t.Context(), e.ID, "new/folder/café", nil); err != nil || at != "new/folder/café" {
		t.Errorf("restored to %q, %v", at, err)
	}
	for _, id := range []string{e.ID, "..", "", lyceum.NewID[string]()} {
		_, err = trash.Restore(t.Context(), id, "", nil)
		wantKind(t, err, lyceum.NotFound)
		wantKind(t, trash.Purge(t.Context(), id), lyceum.NotFound)
	}
	// An error of the decisive step leaves all as it was.
	_, err = trash.Put(t.Context(), "new", Trashed{}, nil, func(Trashed, func() error) error { return errors.New("no") })
	if list, lerr := trash.List(t.Context()); err == nil || lerr != nil || len(list) != 0 {
		t.Errorf("a put that failed: %v, %d entries, %v", err, len(list), lerr)
	}
	_, err = trash.Put(t.Context(), "missing", Trashed{}, nil, nil)
	wantKind(t, err, lyceum.NotFound)
	_, err = trash.Put(t.Context(), "", Trashed{}, nil, nil)
	wantKind(t, err, lyceum.Invalid)
	if got := tree(t, filepath.Join(d.Home(), testTrash)); got != "" {
		t.Errorf("left in the trash: %s", got)
	}
}

func TestTrashExpires(t *testing.T) {
	t.Parallel()
	d := newHome(t)
	trash := newTrash(t, d)
	for _, name := range []string{"a", "b"} {
		mkdirs(t, d, name)
		put(t, d, name+"/f", name)
		if err := os.Chmod(filepath.Join(d.Home(), name), 0o555); err != nil { // as Go's module cache
			t.Fatal(err)
		}
		if _, err := trash.Put(t.Context(), name, Trashed{}, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	list, err := trash.List(t.Context())
	if err != nil || len(list) != 2 || list[0].Path != "b" {
		t.Fatalf("%+v, %v", list, err)
	}
	purged, err := trash.Sweep(t.Context(), list[0].Deleted)
	if err != nil || len(purged) != 1 || purged[0] != list[1].ID {
		t.Errorf("purged %v, %v", purged, err)
	}
	if got := tree(t, filepath.Join(d.Home(), testTrash)); strings.Contains(got, "f=a") || !strings.Contains(got, "f=b") {
		t.Errorf("left: %s", got)
	}
}

// TestTrashOnAnotherDisk takes and gives across file systems, where there are two.
func TestTrashOnAnotherDisk(t *testing.T) {
	t.Parallel()
	far, err := os.MkdirTemp("/dev/shm", "ly")
	if err != nil {
		t.Skip("there is no second file system here: ", err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(far) })
	d := newHome(t)
	mkdirs(t, d, "mounted")
	if err := syscall.Mount(far, filepath.Join(d.Home(), "mounted"), "", syscall.MS_BIND, ""); err != nil {
		t.Skip("nothing can be mounted here: ", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(filepath.Join(d.Home(), "mounted"), syscall.MNT_DETACH) })
	mkdirs(t, d, "mounted/d/sub")
	put(t, d, "mounted/d/sub/f", "content")
	trash := newTrash(t, d)
	var p tally
	e, err := trash.Put(t.Context(), "mounted/d", Trashed{}, &p, nil)
	if err != nil || p.done == 0 {
		t.Fatalf("%v, %d done", err, p.done)
	}
	if got := tree(t, filepath.Join(d.Home(), "mounted")); got != "" {
		t.Errorf("left where it was: %s", got)
	}
	if at, err := trash.Restore(t.Context(), e.ID, "", nil); err != nil || at != "mounted/d" {
		t.Errorf("restored to %q, %v", at, err)
	}
	if at, err := d.MoveTree(t.Context(), "mounted/d", "here", Transfer{Conflict: Fail, Progress: &p}); err != nil || at != "here" {
		t.Errorf("moved to %q, %v", at, err)
	}
	if got := tree(t, d.Home()); got != ".local/ .local/trash/ here/ here/sub/ here/sub/f=content mounted/" {
		t.Errorf("there is %s", got)
	}
}
