package ydoc

// value returns one unit of a visible item as a caller gets it.
func (it *item) value(unit uint32) any {
	switch it.kind {
	case kindType:
		return it.branch.shared()
	case kindAny:
		d := decoder{b: it.data, pos: skipElements(kindAny, it.data, unit)}
		return d.any(0)
	case kindJSON:
		d := decoder{b: it.data, pos: skipElements(kindJSON, it.data, unit)}
		return parseJSON(d.bytes())
	}
	return it.values()[unit]
}

// values returns all units of a visible item.
func (it *item) values() []any {
	d := decoder{b: it.data}
	list := make([]any, 0, it.length)
	switch it.kind {
	case kindType:
		return append(list, it.branch.shared())
	case kindAny:
		for range it.length {
			list = append(list, d.any(0))
		}
	case kindJSON:
		for range it.length {
			list = append(list, parseJSON(d.bytes()))
		}
	case kindBinary:
		list = append(list, append([]byte{}, d.bytes()...))
	case kindEmbed:
		list = append(list, parseJSON(d.bytes()))
	case kindDoc:
		s := &Subdocument{GUID: string(d.text())}
		s.Options, _ = d.any(0).(map[string]any)
		list = append(list, s)
	case kindString: // in an array only by a mistake of its writer: it has characters
		for _, r := range string(it.data) {
			list = append(list, string(r))
			if r > 0xFFFF {
				list = append(list, "")
			}
		}
	}
	return list
}

// plain returns a value with what shared types hold in their place; those that
// nest deeper than any program makes them are nil.
func plain(v any, depth int) any {
	if depth > maxDepth {
		return nil
	}
	switch v := v.(type) {
	case *Text:
		return v.String()
	case *Array:
		return v.toJSON(depth)
	case *Map:
		return v.toJSON(depth)
	case *XML:
		return v.Name()
	case *Subdocument:
		return map[string]any{"guid": v.GUID}
	}
	return v
}
