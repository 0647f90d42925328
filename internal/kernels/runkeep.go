package kernels

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"lyceum/internal/ydoc"
)

// What a project server must know of the runs before it, beside the notes of kernels,
// is in files below RunConfig.State:
//
//	comms/<kernel>     the open comms, so that widgets go on
//	produced/<document>  which outputs were made by kernels here
//
// Whoever can write there can run programs in the project, and so could make what the
// files tell in another way.
const (
	commsFolder    = "comms"
	producedFolder = "produced"

	maxKept     = 16 << 20 // bytes of a file of comms; more is not kept
	commsEvery  = time.Second
	commsShare  = 20                   // the writing of comms takes no more than this part of the time
	commsAge    = time.Hour            // files of kernels that are no more
	producedAge = 180 * 24 * time.Hour // since a cell has run
)

// keptComm is a comm in a file.
type keptComm struct {
	ID       string          `json:"id"`
	Target   string          `json:"target"`
	Metadata json.RawMessage `json:"metadata,omitempty"`
	State    map[string]any  `json:"state"`
	Buffers  []keptBuffer    `json:"buffers,omitempty"`
}

type keptBuffer struct {
	Path []any  `json:"path"`
	Data []byte `json:"data"`
}

// pause is how long it takes until the comms may be written again; 0 when they need
// not be, or may.
func (cs *comms) pause(now time.Time) time.Duration {
	if !cs.unkept {
		return 0
	}
	return max(0, cs.kept.Add(max(commsEvery, commsShare*cs.took)).Sub(now))
}

// encode is the open comms as a file has them; nil when they are too much.
func (cs *comms) encode() []byte {
	list, size := make([]keptComm, 0, len(cs.order)), 0
	for _, id := range cs.order {
		x := cs.all[id]
		k := keptComm{ID: x.id, Target: x.target, Metadata: x.metadata, State: x.state}
		for _, key := range slices.Sorted(maps.Keys(x.buffers)) {
			k.Buffers = append(k.Buffers, keptBuffer{x.buffers[key].path, x.buffers[key].data})
			size += len(x.buffers[key].data)
		}
		if list = append(list, k); size > maxKept {
			return nil
		}
	}
	b, err := json.Marshal(list)
	if err != nil || len(b) > maxKept {
		return nil
	}
	return b
}

// decodeComms reads what encode has written. What is no comm is passed over.
func decodeComms(b []byte) *comms {
	cs := newComms()
	var list []keptComm
	if json.Unmarshal(b, &list) != nil {
		return cs
	}
	for _, k := range list {
		if k.ID == "" || cs.all[k.ID] != nil || len(cs.all) >= maxComms {
			continue
		}
		x := &comm{id: k.ID, target: k.Target, metadata: k.Metadata, state: k.State, buffers: map[string]buffer{}}
		if x.state == nil {
			x.state = map[string]any{}
		}
		for _, f := range k.Buffers {
			if key, err := json.Marshal(f.Path); err == nil && len(f.Path) > 0 {
				x.buffers[string(key)] = buffer{f.Path, f.Data}
			}
		}
		cs.all[k.ID], cs.order = x, append(cs.order, k.ID)
	}
	return cs
}

// forgetCommsLocked is for a kernel that begins anew.
func (b *book) forgetCommsLocked() {
	b.comms = newComms()
	b.comms.unkept = true
}

// keepCommsLocked writes the comms into their file, if they have changed.
func (b *book) keepCommsLocked(k *Kernel) {
	cs := b.comms
	if !cs.unkept || b.runs.cfg.State == "" {
		return
	}
	begin := time.Now()
	name := filepath.Join(b.runs.cfg.State, commsFolder, k.ID())
	err := error(nil)
	if text := cs.encode(); len(cs.order) == 0 || text == nil {
		if err = os.Remove(name); errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
	} else {
		err = writeWhole(name, text)
	}
	if err != nil {
		b.runs.log.Warn("the state of widgets cannot be kept for a restart", "err", err)
	}
	cs.unkept, cs.kept, cs.took = false, time.Now(), time.Since(begin)
}

// loadCommsLocked takes up the comms of a kernel that an earlier project server has
// left.
func (b *book) loadCommsLocked(k *Kernel) {
	if b.runs.cfg.State == "" {
		return
	}
	if text, err := readBounded(filepath.Join(b.runs.cfg.State, commsFolder, k.ID()), maxKept); err == nil {
		b.comms = decodeComms(text)
	}
}

// documentName is how ids of documents look.
var documentName = regexp.MustCompile(`^[0-9A-Za-z-]{1,64}$`)

func (b *book) sumsFile() string {
	if b.runs.cfg.State == "" || b.doc == nil || !documentName.MatchString(b.doc.Doc()) {
		return ""
	}
	return filepath.Join(b.runs.cfg.State, producedFolder, b.doc.Doc())
}

// keepSumsLocked writes down which outputs were made here.
func (b *book) keepSumsLocked() {
	name := b.sumsFile()
	if !b.unkept || name == "" {
		return
	}
	b.unkept = false
	there := map[string]string{}
	b.doc.View(func(y *ydoc.Doc) {
		for m := range cellMaps(y) {
			if sum, ok := b.sums[idOf(m)]; ok {
				there[idOf(m)] = hex.EncodeToString(sum[:])
			}
		}
	})
	text, err := json.Marshal(there)
	if err == nil {
		err = writeWhole(name, text)
	}
	if err != nil {
		b.runs.log.Warn("it cannot be kept which outputs were made here", "err", err)
	}
}

// loadSumsLocked reads which outputs of the document were made here before.
func (b *book) loadSumsLocked() {
	name := b.sumsFile()
	if name == "" {
		return
	}
	text, err := readBounded(name, maxKept)
	if err != nil {
		return // nothing was
	}
	for cell, sum := range decodeSums(text) {
		if _, ran := b.sums[cell]; !ran {
			b.sums[cell] = sum
		}
	}
}

// decodeSums reads what keepSumsLocked has written. What is no sum is passed over.
func decodeSums(text []byte) map[string][sha256.Size]byte {
	var kept map[string]string
	if json.Unmarshal(text, &kept) != nil {
		return nil
	}
	all := map[string][sha256.Size]byte{}
	for cell, s := range kept {
		if sum, err := hex.DecodeString(s); err == nil && len(sum) == sha256.Size {
			all[cell] = [sha256.Size]byte(sum)
		}
	}
	return all
}

// writeWhole writes a file so that who reads it finds all of it, or what was there
// before. It is not brought to disk: a machine that stops ends the kernels too.
func writeWhole(name string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// readBounded reads a file of at most so many bytes.
func readBounded(name string, most int64) ([]byte, error) {
	fi, err := os.Lstat(name)
	switch {
	case err != nil:
		return nil, err
	case !fi.Mode().IsRegular() || fi.Size() > most:
		return nil, errors.New("not a file of ours")
	}
	return os.ReadFile(name)
}

// Tidy removes the files of kernels that are no more, and of documents that were not
// run for long.
func (r *Runs) Tidy(now time.Time) error {
	if r.cfg.State == "" {
		return nil
	}
	var failed error
	for folder, age := range map[string]time.Duration{commsFolder: commsAge, producedFolder: producedAge} {
		entries, err := os.ReadDir(filepath.Join(r.cfg.State, folder))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			failed = errors.Join(failed, err)
		}
		for _, e := range entries {
			fi, err := e.Info()
			if err != nil || now.Sub(fi.ModTime()) < age || folder == commsFolder && r.known(e.Name()) {
				continue // it was removed just now, or is of use
			}
			failed = errors.Join(failed, os.Remove(filepath.Join(r.cfg.State, folder, e.Name())))
		}
	}
	return failed
}
