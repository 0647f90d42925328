package jupyter

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// Record is one thing that a kernel did, or that happened to it. Records of a
// kernel are numbered from 1 on, without an end at its restarts; a number is
// missing where streams were joined or something was left out.
type Record struct {
	Number  uint64
	Kind    RecordKind
	Message Message // of KindMessage
	Status  Status  // of KindStatus
	Fold    Fold    // of KindFold
	Note    []byte  // of KindNote
}

// RecordKind says what a record is.
type RecordKind byte

// The kinds of records.
const (
	KindMessage RecordKind = 'm' // a message of the kernel
	KindStatus  RecordKind = 's' // another state of its process
	KindFold    RecordKind = 'f' // messages that were left out here
	KindAck     RecordKind = 'a' // of a reader: it keeps what has numbers up to this one
	KindNote    RecordKind = 'n' // of a reader: what is to be kept with the kernel from here on, as Change.Note
)

// State is how a kernel is.
type State string

// The states of a kernel.
const (
	Starting   State = "starting"   // its process runs, and does not answer yet
	Idle       State = "idle"       // it waits for requests
	Busy       State = "busy"       // it works on one
	Restarting State = "restarting" // its process ends, and another one follows
	Dead       State = "dead"       // its process has ended, or was never started
)

// Status is how a kernel's process is, and why.
type Status struct {
	State    State     `json:"state"`
	Since    time.Time `json:"since"`
	PID      int       `json:"pid,omitempty"`
	Reason   string    `json:"reason,omitempty"`   // a sentence for people; of Dead
	ExitCode *int      `json:"exitCode,omitempty"` // of Dead, when it exited
	Signal   string    `json:"signal,omitempty"`   // of Dead, when one ended it: SIGKILL
	Memory   bool      `json:"memory,omitempty"`   // of Dead: it grew over the project's memory
	Stderr   string    `json:"stderr,omitempty"`   // of Dead: the last that it printed, when it did not start or failed
	Notice   string    `json:"notice,omitempty"`   // a sentence about something that befell a part of it: a program that it started was ended
	Wanted   bool      `json:"wanted,omitempty"`   // of Dead: somebody asked for it
}

// Fold says that messages were left out, because nobody took them in time.
type Fold struct {
	Parent   string `json:"parent"` // id of the request that they belonged to
	Messages int64  `json:"messages"`
	Bytes    int64  `json:"bytes"`
}

// Size is about how many bytes the record takes.
func (r Record) Size() int {
	if r.Kind == KindMessage {
		return r.Message.Size()
	}
	return 500 + len(r.Status.Stderr)
}

// maxRecord is the most bytes that a record has between two of our servers.
const maxRecord = 3 * maxWhole

var errRecord = errors.New("not a record")

// AppendTo appends the record as it is sent between the supervisor and the project
// server:
//
//	size(4) kind(1) number(8) and then
//	  'm': channel(1) { size(4) part }…    header, parent, metadata, content, buffers…
//	  's': JSON of Status
//	  'f': JSON of Fold
//	  'a': nothing
//	  'n': the note
//
// Numbers have their most significant byte first; size counts what follows it.
func (r Record) AppendTo(b []byte) ([]byte, error) {
	at := len(b)
	b = append(b, 0, 0, 0, 0, byte(r.Kind))
	b = binary.BigEndian.AppendUint64(b, r.Number)
	var err error
	switch r.Kind {
	case KindMessage:
		b = append(b, byte(slices.Index(channels[:], r.Message.Channel)))
		parts := r.Message.parts()
		b = slices.Grow(b, r.Message.Size())
		for _, p := range parts {
			b = append(binary.BigEndian.AppendUint32(b, uint32(len(p))), p...)
		}
	case KindStatus:
		b, err = appendJSON(b, r.Status)
	case KindFold:
		b, err = appendJSON(b, r.Fold)
	case KindNote:
		b = append(b, r.Note...)
	}
	if size := len(b) - at - 4; err == nil && size > maxRecord {
		err = fmt.Errorf("a record of %d bytes", size)
	}
	if err != nil {
		return b[:at], err
	}
	binary.BigEndian.PutUint32(b[at:], uint32(len(b)-at-4))
	return b, nil
}

func appendJSON(b []byte, v any) ([]byte, error) {
	j, err := json.Marshal(v)
	return append(b, j...), err
}

// ReadRecord reads the next record of a stream of them. io.EOF is its end.
func ReadRecord(r *bufio.Reader) (Record, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return Record{}, err
	}
	size := binary.BigEndian.Uint32(head[:])
	if size > maxRecord || size < 9 {
		return Record{}, fmt.Errorf("%w: %d bytes", errRecord, size)
	}
	frames := frameReader{r}
	body, err := frames.take(int(size))
	if err != nil {
		return Record{}, err
	}
	return parseRecord(body)
}

func parseRecord(b []byte) (Record, error) {
	rec := Record{Kind: RecordKind(b[0]), Number: binary.BigEndian.Uint64(b[1:])}
	b = b[9:]
	var err error
	switch rec.Kind {
	case KindAck:
	case KindNote:
		rec.Note = b
	case KindStatus:
		err = json.Unmarshal(b, &rec.Status)
	case KindFold:
		err = json.Unmarshal(b, &rec.Fold)
	case KindMessage:
		rec.Message, err = parseParts(b)
	default:
		err = fmt.Errorf("%w: of kind %q", errRecord, byte(rec.Kind))
	}
	return rec, err
}

func parseParts(b []byte) (Message, error) {
	if len(b) == 0 || int(b[0]) >= len(channels) {
		return Message{}, fmt.Errorf("%w: without a channel", errRecord)
	}
	ch := channels[b[0]]
	var parts [][]byte
	for b = b[1:]; len(b) > 0; {
		if len(b) < 4 || uint64(binary.BigEndian.Uint32(b)) > uint64(len(b)-4) {
			return Message{}, fmt.Errorf("%w: a part that is cut off", errRecord)
		}
		n := 4 + int(binary.BigEndian.Uint32(b))
		parts = append(parts, b[4:n:n])
		b = b[n:]
	}
	return assemble(ch, parts)
}
