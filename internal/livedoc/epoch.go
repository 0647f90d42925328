package livedoc

import (
	"encoding/binary"
	"math/rand/v2"

	"lyceum/internal/lyceum"
	"lyceum/internal/ydoc"
)

// DocumentID identifies a document, over all its names and epochs.
type DocumentID string

// EpochID identifies the life of a document's shared state. States of different
// epochs are never merged.
type EpochID string

// A client id of the server has 53 bits, and is above 2^32, from where browsers
// draw theirs:
//
//	tag of the epoch, 20 bits, not 0 | random, 33 bits
const tagShift = 33

func newEpoch() EpochID {
	for {
		if e := lyceum.NewID[EpochID](); e.tag() != 0 {
			return e
		}
	}
}

// tag is the first 20 bits of the epoch's UUID.
func (e EpochID) tag() uint64 {
	return uint64(binary.BigEndian.Uint32(rawID(string(e)))) >> 12
}

// draw returns a client id of the epoch that names nothing in used yet. A document
// gets a new one each time it is loaded: with the old one, a lost tail of the log
// would use clocks twice.
func (e EpochID) draw(used ydoc.StateVector) uint64 {
	for {
		id := e.tag()<<tagShift | rand.Uint64N(1<<tagShift)
		if _, ok := used[id]; !ok {
			return id
		}
	}
}

// isForeign reports whether client is an id that a server drew in another epoch.
func (e EpochID) isForeign(client uint64) bool {
	tag := client >> tagShift
	return tag != 0 && tag != e.tag()
}

// foreign reports whether a state with that vector belongs to another epoch.
func (e EpochID) foreign(sv ydoc.StateVector) bool {
	for client := range sv {
		if e.isForeign(client) {
			return true
		}
	}
	return false
}

// foreignUpdate reports whether the first client id in an update belongs to another
// epoch. Yjs writes the highest id first, and the ids of servers are the highest.
// A state vector came before any update and was checked whole; this finds the
// client that has learnt of another epoch since, from another tab of its browser.
func (e EpochID) foreignUpdate(update []byte) bool {
	var client uint64 // behind how many clients and structs there are
	for range 3 {
		n, size := binary.Uvarint(update)
		if size <= 0 {
			return false // Apply refuses it
		}
		client, update = n, update[size:]
	}
	return e.isForeign(client)
}

func validID(s string) bool {
	_, err := lyceum.ParseID[DocumentID](s)
	return err == nil
}
