package livedoc

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lyceum/internal/lyceum"
)

func sample(k kind, sequence uint64, data string) record {
	return record{kind: k, sequence: sequence, count: 1, time: time.UnixMilli(1_800_000_000_000).UTC(), author: "ada", origin: originEdit, data: []byte(data)}
}

var sameRecords = cmp.AllowUnexported(record{})

// The layout is a promise: these bytes were written by hand from the package comment.
func TestRecordLayout(t *testing.T) {
	t.Parallel()
	r := record{kind: kindUpdate, sequence: 300, count: 2, behind: 1, time: time.UnixMilli(-2), author: "a", origin: "edit", data: []byte{7, 8}}
	body := []byte{1, 0xac, 2, 2, 1, 3, 1, 'a', 4, 'e', 'd', 'i', 't', 7, 8}
	got := appendRecord(nil, &r)
	if diff := cmp.Diff(got[8:], body); diff != "" {
		t.Errorf("body (-got +want): %s", diff)
	}
	if got[0] != byte(len(body)) || got[1] != 0 {
		t.Errorf("length is % x", got[:4])
	}
	h := header{doc: "00112233-4455-6677-8899-aabbccddeeff", epoch: "ffeeddcc-bbaa-9988-7766-554433221100", first: 258}.encode()
	want := "LYCDLOG1\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff\xff\xee\xdd\xcc\xbb\xaa\x99\x88\x77\x66\x55\x44\x33\x22\x11\x00\x02\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	if string(h[:52]) != want || len(h) != segmentHeader {
		t.Errorf("header is % x, want % x", h[:52], want)
	}
}

func newLog(t *testing.T) (*docLog, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "log")
	l, err := createLog(dir, lyceum.NewID[DocumentID](), newEpoch(), openSegment, []record{sample(kindKeyframe, 1, "state"), sample(kindFile, 2, "{}")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.close() })
	return l, dir
}

func TestLogRoundTrip(t *testing.T) {
	t.Parallel()
	l, dir := newLog(t)
	var want []record
	for i := range uint64(10) {
		batch := []record{sample(kindUpdate, 10+3*i, "one"), sample(kindUpdate, 11+3*i, strings.Repeat("two", int(i)))}
		if err := l.append(batch); err != nil {
			t.Fatal(err)
		}
		want = append(want, batch...)
	}
	again, found, err := openLog(dir, l.doc, openSegment)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(found.records[2:], want, sameRecords); diff != "" {
		t.Errorf("records (-got +want): %s", diff)
	}
	if again.epoch != l.epoch || again.safe != l.safe || again.size != l.size || found.cut != "" {
		t.Errorf("opened as %+v, want %+v", again, l)
	}
	if err := again.rotate([]record{sample(kindKeyframe, 50, "state"), sample(kindFile, 51, "{}")}); err != nil {
		t.Fatal(err)
	}
	if err := again.append([]record{sample(kindUpdate, 52, "three")}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		upto uint64
		also []uint64
		want []uint64
	}{
		{9, nil, []uint64{1}},
		{14, nil, []uint64{1, 10, 11, 13, 14}},
		{10, []uint64{14, 52}, []uint64{1, 10, 14, 52}},
		{50, nil, []uint64{50}},
		{52, nil, []uint64{50, 52}},
	} {
		var got []uint64
		if err := again.replay(c.upto, c.also, func(r *record) error { got = append(got, r.sequence); return nil }); err != nil {
			t.Errorf("replay(%d, %v): %v", c.upto, c.also, err)
		}
		if diff := cmp.Diff(got, c.want); diff != "" {
			t.Errorf("replay(%d, %v) (-got +want): %s", c.upto, c.also, diff)
		}
	}
	if err := again.replay(10, []uint64{12}, func(*record) error { return nil }); !errors.Is(err, errDamaged) {
		t.Errorf("a record that is missing gives %v", err)
	}
	if err := again.close(); err != nil {
		t.Error(err)
	}
}

// Wherever the tail is cut or overwritten behind the last fsync, what is safe stays;
// and whatever byte is changed in front of it is noticed.
func TestTornAndDamaged(t *testing.T) {
	t.Parallel()
	l, dir := newLog(t)
	for i := range uint64(20) {
		if err := l.append([]record{sample(kindUpdate, 3+2*i, fmt.Sprint("update ", i)), sample(kindUpdate, 4+2*i, "more")}); err != nil {
			t.Fatal(err)
		}
	}
	name := filepath.Join(dir, segmentName(1))
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	s, err := scanSegment(whole)
	if err != nil || s.torn || s.damaged {
		t.Fatalf("%+v %v", s, err)
	}
	// The last batch is two records; what the first of them calls safe ends here.
	lastSafe := s.records[len(s.records)-1].safe()
	safeEnd, ends := 0, []int{}
	for at, i := segmentHeader, 0; at < len(whole); i++ {
		_, n, err := readRecord(whole[at:])
		if err != nil {
			t.Fatal(err)
		}
		at += n
		ends = append(ends, at)
		if s.records[i].sequence == lastSafe {
			safeEnd = at
		}
	}
	for cut := safeEnd; cut < len(whole); cut++ {
		s, err := scanSegment(whole[:cut])
		if err != nil || s.damaged {
			t.Fatalf("cut at %d: %v, damaged %v", cut, err, s.damaged)
		}
		if s.end < safeEnd || s.torn != (s.end < cut) {
			t.Fatalf("cut at %d: ends at %d, torn %v", cut, s.end, s.torn)
		}
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		b := append([]byte(nil), whole...)
		at := rnd.IntN(len(b))
		b[at] ^= byte(1 + rnd.IntN(255))
		s, err := scanSegment(b)
		switch {
		case at < ends[0]:
			if err == nil {
				t.Fatalf("a change at %d, in header or keyframe, is not noticed", at)
			}
		case at < safeEnd:
			if err != nil || !s.damaged {
				t.Fatalf("a change at %d of %d, in what was safe, is taken for a torn tail (%v)", at, safeEnd, err)
			}
		case err != nil || s.damaged || !s.torn:
			t.Fatalf("a change at %d of %d, behind what is safe: %v, damaged %v, torn %v", at, safeEnd, err, s.damaged, s.torn)
		}
	}

	// On disk: the tail is kept aside, and the log goes on.
	if err := os.WriteFile(name, append(whole, "garbage"...), 0o600); err != nil {
		t.Fatal(err)
	}
	again, found, err := openLog(dir, l.doc, openSegment)
	if err != nil {
		t.Fatal(err)
	}
	if kept, err := os.ReadFile(found.cut); err != nil || string(kept) != "garbage" || found.cutSize != 7 {
		t.Errorf("the tail was kept as %q (%v, %d bytes)", kept, err, found.cutSize)
	}
	if err := again.append([]record{sample(kindUpdate, 100, "on")}); err != nil {
		t.Fatal(err)
	}
	if err := again.close(); err != nil {
		t.Fatal(err)
	}
	if _, found, err = openLog(dir, l.doc, openSegment); err != nil || len(found.records) != len(s.records)+1 || found.cut != "" {
		t.Errorf("after going on: %d records, cut %q, %v", len(found.records), found.cut, err)
	}
}

func TestOpenLogErrors(t *testing.T) {
	t.Parallel()
	if _, _, err := openLog(filepath.Join(t.TempDir(), "none"), "", openSegment); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no log gives %v", err)
	}
	l, dir := newLog(t)
	if _, _, err := openLog(dir, lyceum.NewID[DocumentID](), openSegment); !errors.Is(err, errDamaged) {
		t.Errorf("the log of another document gives %v", err)
	}
	name := filepath.Join(dir, segmentName(1))
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	newer := header{doc: l.doc, epoch: l.epoch, first: 1, codec: 9}.encode()
	if err := os.WriteFile(name, append(newer, b[segmentHeader:]...), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := openLog(dir, l.doc, openSegment); !errors.Is(err, errNewer) || errors.Is(err, errDamaged) {
		t.Errorf("a newer log gives %v", err)
	}
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := openLog(dir, l.doc, openSegment); !errors.Is(err, errDamaged) {
		t.Errorf("an empty segment gives %v", err)
	}
	aside, err := setAside(dir, l.doc)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(aside, segmentName(1))); err != nil {
		t.Error(err)
	}
	if _, _, err := openLog(dir, l.doc, openSegment); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a log that was set aside gives %v", err)
	}
}

func FuzzSegment(f *testing.F) {
	h := header{doc: "00112233-4455-6677-8899-aabbccddeeff", epoch: "ffeeddcc-bbaa-9988-7766-554433221100", first: 1}.encode()
	b := append([]byte(nil), h...)
	for i, k := range []kind{kindKeyframe, kindFile, kindUpdate, kindUpdate} {
		r := sample(k, uint64(i+1), "data")
		r.behind = 1
		b = appendRecord(b, &r)
	}
	f.Add(b)
	f.Add(b[:len(b)-3])
	f.Add(h)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := scanSegment(b)
		if err != nil {
			return
		}
		if s.end > len(b) || s.torn && s.damaged || (s.torn || s.damaged) == (s.end == len(b)) {
			t.Fatalf("%d of %d bytes, torn %v, damaged %v", s.end, len(b), s.torn, s.damaged)
		}
		// Written anew, the records are the same.
		again := s.header.encode()
		for i := range s.records {
			again = appendRecord(again, &s.records[i])
		}
		s2, err := scanSegment(again)
		if err != nil || s2.torn || s2.damaged {
			t.Fatalf("written anew: %v, torn %v, damaged %v", err, s2.torn, s2.damaged)
		}
		if diff := cmp.Diff(s2.records, s.records, sameRecords); diff != "" {
			t.Fatal(diff)
		}
	})
}
