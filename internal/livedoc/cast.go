package livedoc

// castLocked sends msg to the viewers that are meant: once for all those that have
// nothing else to be sent and can be reached without waiting, each of which so costs
// neither a goroutine's turn nor a copy. The others are left to late.
func (d *document) castLocked(msg []byte, meant func(*viewer) bool, late func(*viewer)) {
	d.conns = d.conns[:0]
	for _, v := range d.viewers {
		switch {
		case !meant(v):
		case v.busy:
			late(v)
		default:
			v.meant = true
			d.conns = append(d.conns, v.conn)
		}
	}
	if len(d.conns) == 0 {
		return
	}
	rest := d.store.cfg.Cast(msg, d.conns)
	for _, v := range d.viewers {
		if v.meant && len(rest) > 0 && rest[0] == v.conn {
			late(v)
			rest = rest[1:]
		}
		v.meant = false
	}
	clear(d.conns)
}

// tellSavedLocked tells v what is safe: at once if it can be reached without waiting.
func (d *document) tellSavedLocked(v *viewer) {
	if v.busy {
		v.wakeUp()
		return
	}
	n := v.saved
	d.conns = append(d.conns[:0], v.conn)
	if rest := d.store.cfg.Cast(notice{T: "saved", N: &n}.encode(), d.conns); len(rest) > 0 {
		v.wakeUp()
	} else {
		v.savedSent = n
	}
	clear(d.conns)
}
