package files

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// useNode is a Use that is being counted. What is added to it is added to those
// above it too.
type useNode struct {
	raw            string
	kind           Kind
	above          *useNode
	bytes, size    int64
	files, folders int
	unread         int
	modified       int64 // nanoseconds since 1970
	parts          []*useNode
	rest           Rest
	busy           int // folders in it that were put off: it is not done
}

// part makes the node of something in n.
func (n *useNode) part(raw string, kind Kind) *useNode {
	p := &useNode{raw: raw, kind: kind, above: n}
	n.parts = append(n.parts, p)
	return p
}

func (n *useNode) add(w weight, modified int64) {
	for ; n != nil; n = n.above {
		n.bytes += w.bytes
		n.size += w.size
		n.modified = max(n.modified, modified)
	}
}

func (n *useNode) counted(files, folders int) {
	for ; n != nil; n = n.above {
		n.files += files
		n.folders += folders
	}
}

func (n *useNode) unreadable() {
	for ; n != nil; n = n.above {
		n.unread++
	}
}

// trim leaves the largest parts when there are twice too many.
func (n *useNode) trim(most int) {
	if len(n.parts) >= 2*most {
		n.keep(most)
	}
}

// keep sorts the parts and puts those behind the first ones that are done into the
// rest.
func (n *useNode) keep(most int) {
	slices.SortFunc(n.parts, func(a, b *useNode) int {
		return cmp.Or(cmp.Compare(b.bytes, a.bytes), strings.Compare(a.raw, b.raw))
	})
	if len(n.parts) <= most {
		return
	}
	kept := n.parts[:most]
	for _, p := range n.parts[most:] {
		if p.waits() {
			kept = append(kept, p)
			continue
		}
		n.rest.Items++
		n.rest.Bytes += p.bytes
	}
	clear(n.parts[len(kept):])
	n.parts = kept
}

// finish sorts and cuts n and all below it.
func (n *useNode) finish(most int) {
	n.keep(most)
	for _, p := range n.parts {
		p.finish(most)
	}
}

// waits reports whether something in n was put off.
func (n *useNode) waits() bool {
	return n.busy > 0 || slices.ContainsFunc(n.parts, (*useNode).waits)
}

// result is the node for others, with so many levels of parts.
func (n *useNode) result(depth int) Use {
	_, name := splitLast(n.raw)
	u := Use{
		Name: strings.ToValidUTF8(name, "�"), Path: Encode(n.raw), Kind: n.kind, Bytes: n.bytes, Size: n.size,
		Files: n.files, Folders: n.folders, Unread: n.unread, Rest: n.rest,
	}
	if n.modified > 0 {
		u.Modified = time.Unix(0, n.modified)
	}
	if depth == 0 {
		u.Rest = Rest{}
		return u
	}
	for _, p := range n.parts {
		u.Parts = append(u.Parts, p.result(depth-1))
	}
	return u
}
