package livedoc

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// fileNote is how the file relates to the log: the JSON of a record of kindFile.
// The last one counts.
type fileNote struct {
	Path   string `json:"path"`
	Model  string `json:"model,omitempty"` // of the epoch: "" is text
	Synced place  `json:"synced"`          // the file and the document agreed
	// Writing is set when the file was about to be written: after a crash its
	// bytes may be these already.
	Writing *place `json:"writing,omitempty"`
	// Run is which records of a kernel the document has; later updates may say more.
	Run *runMark `json:"run,omitempty"`
}

// place is a state that file and document had in common.
type place struct {
	Upto uint64   `json:"upto"`           // the document's: every update up to this sequence …
	Also []uint64 `json:"also,omitempty"` // … and these, which came from the disk

	Hash    string `json:"hash"`              // SHA-256 of the file's bytes, hexadecimal
	Size    int64  `json:"size"`              // bytes
	Version string `json:"version,omitempty"` // files.Entry.Version when it was last looked at
	Inode   uint64 `json:"inode,omitempty"`
	form
}

func hashOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func (n fileNote) encode() []byte {
	b, err := json.Marshal(n)
	if err != nil {
		return nil // strings and numbers only: it cannot fail
	}
	return b
}

func decodeNote(b []byte) (n fileNote, err error) {
	err = json.Unmarshal(b, &n)
	return n, err
}
