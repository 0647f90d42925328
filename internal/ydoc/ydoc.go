// Package ydoc is a shared document that merges with Yjs 13: it reads, keeps and
// writes the same bytes, and comes to the same content whatever order updates
// arrive in.
//
// A [Doc] has named roots: [Text], with formats and embeds, [Array], [Map], and
// [XML], which is kept, passed on and shown. Types nest: a new one is made by
// [NewText], [NewArray] or [NewMap] and placed once, as a value.
//
//	d := ydoc.New(ydoc.Config{})
//	update := d.Transact(func(tx *ydoc.Tx) {
//		err = d.Array("cells").Push(tx, ydoc.NewMap(map[string]any{"source": ydoc.NewText("1 + 1")}))
//	})
//	... send update to others, who call Apply
//
// Edits are made in a transaction, which becomes one update. What others send goes
// to [Doc.Apply]. Whoever joins sends a [StateVector] and gets [Doc.EncodeState];
// updates can also be merged and compared without a document. [Doc.OnUpdate] hears
// of all updates, Observe and ObserveDeep of a type hear what changed in it, as an
// [Event]. An [UndoManager] takes back one's own edits, a [RelativePosition] is a
// cursor, a [Snapshot] remembers what a document held.
//
// The package knows no network and no file, and of time only what an UndoManager is
// given. A document and its types are for one goroutine at a time.
//
// The outside specification is what the npm package yjs 13.6 does; the overview
// is its INTERNALS.md. Wherever a number is a position or a length in text, it
// counts UTF-16 code units, as Yjs does; in an array it counts values.
//
// It differs from Yjs where that is of use to nobody: positions out of range are
// errors; what Apply cleans up in formats is part of the update that it returns, and
// is not undone; events are computed when a transaction ends, and reading them
// changes nothing; an UndoManager makes no entry of a transaction without a change.
//
// How the parts refer to each other:
//
//	Doc ── authors ── blocks ── items in clock order      (find an id)
//	 └──── roots ──── branch ── lists of items in document order
//	                              └── index by visible length (find a position)
package ydoc

import (
	"fmt"
	"math/rand/v2"
)

// MaxClient is the largest client id: the integers that JavaScript holds exactly.
const MaxClient = 1<<53 - 1

// Config says how a Doc behaves. The zero value is good.
type Config struct {
	Client      uint64 // author of local edits, at most MaxClient; 0 draws a random one above 2^32
	KeepDeleted bool   // keep the content of what is deleted (Yjs: gc off)
}

// Doc is a shared document. It is not safe for concurrent use.
//
// A Doc never gives its own client id up: when a remote update claims it, the
// next local edit goes on after that update. Whoever loads a document from a
// log must set an id that was never used in it before editing.
type Doc struct {
	client  uint64
	self    uint32 // the author of client, once it has made something
	keep    bool
	authors []*author         // by index; [0] is nil, so that a zero ref is none
	index   map[uint64]uint32 // client id to index in authors
	recent  [16]recent        // a part of index, by the low bits of the client id
	roots   map[string]*branch
	slab    slab
	spare   spare
	backlog int    // how many structs wait in the authors' queues
	later   []span // deletions of structs that are not here yet, normalized
	tx      Tx     // the open transaction, reused
	mark    uint32 // the latest that place or leaves gave
	touched uint32 // of goAlong
	formats bool   // some text has or had formats

	redone   map[ref]ref // what undo put in the place of deleted items, by their first units
	undoers  []*UndoManager
	watching int           // observers of types
	updates  []*updateHook // of OnUpdate
	news     []func()      // calls of observers that are due
	telling  bool          // and being made
}

// New returns an empty document.
func New(c Config) *Doc {
	if c.Client == 0 || c.Client > MaxClient {
		c.Client = randomClient()
	}
	d := &Doc{
		client:  c.Client,
		keep:    c.KeepDeleted,
		authors: make([]*author, 1, 4),
		index:   make(map[uint64]uint32),
		roots:   make(map[string]*branch),
	}
	d.tx.doc = d
	return d
}

func randomClient() uint64 {
	return 1<<32 + rand.Uint64N(MaxClient-1<<32)
}

// Client returns the author of local edits.
func (d *Doc) Client() uint64 { return d.client }

// SetClient makes id, at most MaxClient, the author of the next local edits; 0
// or a larger number draws a random one. It must not be called within Transact.
func (d *Doc) SetClient(id uint64) {
	if id == 0 || id > MaxClient {
		id = randomClient()
	}
	d.client, d.self = id, 0
}

// me returns the author of local edits.
func (d *Doc) me() *author {
	if d.self == 0 {
		d.self = d.author(d.client)
	}
	return d.authors[d.self]
}

// Text returns the shared text of that name, and makes it when missing. The
// handle stays valid as long as the document.
func (d *Doc) Text(name string) *Text {
	if t, ok := d.root(name).as(typeText).shared().(*Text); ok {
		return t
	}
	return &Text{handle: handle{branch: d.root(name)}}
}

// Array returns the shared array of that name, and makes it when missing. Which
// type a name has is for the users of a document to agree on.
func (d *Doc) Array(name string) *Array {
	if a, ok := d.root(name).as(typeArray).shared().(*Array); ok {
		return a
	}
	return &Array{handle: handle{branch: d.root(name)}}
}

// Map returns the shared map of that name, and makes it when missing.
func (d *Doc) Map(name string) *Map {
	if m, ok := d.root(name).as(typeMap).shared().(*Map); ok {
		return m
	}
	return &Map{handle: handle{branch: d.root(name)}}
}

// XMLFragment returns the shared XML fragment of that name, and makes it when missing.
func (d *Doc) XMLFragment(name string) *XML {
	if x, ok := d.root(name).as(typeFragment).shared().(*XML); ok {
		return x
	}
	return &XML{handle: handle{branch: d.root(name)}}
}

// Fork returns an independent copy with the author client (0: a random one).
// Structs that still wait for missing ones are not copied. An error is of kind
// Invalid; only a document of 2 GB or a mistake in this package leads to one.
func (d *Doc) Fork(client uint64) (*Doc, error) {
	f := New(Config{Client: client, KeepDeleted: d.keep})
	if err := f.Load(d.EncodeState(nil)); err != nil {
		return nil, fmt.Errorf("copy the document: %w", err)
	}
	return f, nil
}

// root returns the branch of a top-level type.
func (d *Doc) root(name string) *branch {
	b := d.roots[name]
	if b == nil {
		b = newBranch(d, nil)
		b.name = name
		d.roots[name] = b
	}
	return b
}

// recent is an author that was asked for of late.
type recent struct {
	client uint64
	author uint32
}

// author returns the index of the author with that client id, new ones too.
func (d *Doc) author(client uint64) uint32 {
	k := &d.recent[client%uint64(len(d.recent))]
	if k.client == client && k.author != 0 {
		return k.author
	}
	i, ok := d.index[client]
	if !ok {
		i = uint32(len(d.authors))
		d.authors = append(d.authors, &author{id: client, index: i})
		d.index[client] = i
	}
	*k = recent{client, i}
	return i
}

// forget drops the authors from index n on; nothing may refer to them.
func (d *Doc) forget(n int) {
	for _, a := range d.authors[n:] {
		delete(d.index, a.id)
	}
	clear(d.authors[n:])
	if n < len(d.authors) {
		d.recent = [16]recent{}
	}
	if int(d.self) >= n {
		d.self = 0
	}
	d.authors = d.authors[:n]
}
