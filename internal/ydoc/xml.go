package ydoc

import (
	"iter"

	"lyceum/internal/lyceum"
)

// XML is an XML element, fragment or hook, which this package keeps and passes
// on, and shows, but does not edit. An XML text is a Text.
type XML struct{ handle }

// Name returns the name of an element or hook, "" for a fragment and for one
// whose content was dropped after it was deleted.
func (x *XML) Name() string {
	if x.branch == nil || x.branch.kind != typeElement && x.branch.kind != typeHook || x.branch.gone {
		return ""
	}
	d := decoder{b: x.branch.item.data}
	d.uint()
	return string(d.text())
}

// Len returns the number of children.
func (x *XML) Len() int {
	if x.branch == nil {
		return 0
	}
	return x.branch.seq.length
}

// Children yields the children with their positions: *XML and *Text.
func (x *XML) Children() iter.Seq2[int, any] {
	a := Array{handle: handle{branch: x.branch}}
	return a.All()
}

// Attributes returns the attributes of an element.
func (x *XML) Attributes() map[string]any {
	m := Map{handle: handle{branch: x.branch}}
	return m.ToJSON()
}

func (x *XML) plan(*planner) error {
	return lyceum.Errorf(lyceum.Invalid, "XML types cannot be made here")
}

func (x *XML) fill(*Tx) error { return nil }

// Subdocument is a document inside a document, by its name: its content lives
// elsewhere. Options is what Yjs keeps of it: gc, autoLoad, meta.
type Subdocument struct {
	GUID    string
	Options map[string]any
}

func (s *Subdocument) encode() ([]byte, error) {
	options := s.Options
	if options == nil {
		options = map[string]any{}
	}
	return putAny(putText(nil, []byte(s.GUID)), options, 0)
}
