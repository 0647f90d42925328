package ydoc

import "bytes"

// format returns the key and the JSON value of an item of kindFormat.
func (it *item) format() (key string, value []byte) {
	d := decoder{b: it.data}
	key = string(d.bytes())
	return key, d.bytes()
}

// caret is a place in a text that has or gets formats, between left and right.
// What it does is what Yjs does there, to the byte: the order of the new items
// and which formats it takes away as needless.
type caret struct {
	tx          *Tx
	branch      *branch
	left, right *item
	holds       attrs // the formats at this place
	cleaned     bool  // it deleted: the order of holds is no longer that of the formats
}

// caret returns the place after pos units, behind the last of them.
func (tx *Tx) caret(b *branch, pos int) *caret {
	c := &caret{tx: tx, branch: b, right: b.seq.first}
	if pos > 0 {
		it, off := b.seq.at().find(pos - 1)
		c.left = tx.endingAt(ref{it.id.author, it.id.clock + uint32(off)})
		c.right = c.left.right
		c.holds = b.seq.holds(c.left)
	}
	return c
}

// forward passes the item to the right.
func (c *caret) forward() {
	if it := c.right; it.kind == kindFormat && !it.deleted {
		c.holds.pass(it.format())
	}
	c.left, c.right = c.right, c.right.right
}

// put inserts an item here and passes it.
func (c *caret) put(x planned) error {
	it, err := c.tx.plant(&c.branch.seq, c.left, c.right, x)
	if err != nil {
		return err
	}
	c.right = it
	c.forward()
	return nil
}

func (c *caret) putFormat(key string, value []byte) error {
	data := putText(putText(make([]byte, 0, len(key)+len(value)+2), []byte(key)), value)
	return c.put(planned{kind: kindFormat, data: data, length: 1})
}

// skip passes deleted items and the formats that say what attributes say already.
func (c *caret) skip(attributes attrs) {
	for c.right != nil {
		if !c.right.deleted {
			if c.right.kind != kindFormat {
				return
			}
			if key, value := c.right.format(); !equalFormats(attributes.get(key), value) {
				return
			}
		}
		c.forward()
	}
}

// begin inserts the formats that do not hold yet, and returns what held before.
func (c *caret) begin(attributes attrs) (before attrs, err error) {
	for _, x := range attributes {
		if now := c.holds.get(x.key); !equalFormats(now, x.value) {
			before.set(x.key, now)
			if err := c.putFormat(x.key, x.value); err != nil {
				return nil, err
			}
		}
	}
	return before, nil
}

// end inserts the formats that make hold again what held before, where they are
// not there already.
func (c *caret) end(before attrs) error {
	for c.right != nil {
		if !c.right.deleted {
			if c.right.kind != kindFormat {
				break
			}
			key, value := c.right.format()
			if i := before.find(key); i < 0 || !equalFormats(before[i].value, value) {
				break
			}
			before.delete(key)
		}
		c.forward()
	}
	for _, x := range before {
		if err := c.putFormat(x.key, x.value); err != nil {
			return err
		}
	}
	return nil
}

// insert puts content here with exactly those formats.
func (c *caret) insert(x planned, attributes attrs) error {
	for _, h := range c.holds {
		if attributes.find(h.key) < 0 {
			attributes.set(h.key, null)
		}
	}
	c.skip(attributes)
	before, err := c.begin(attributes)
	if err != nil {
		return err
	}
	if err := c.put(x); err != nil {
		return err
	}
	return c.end(before)
}

// format gives the next n units formats; null takes one away.
func (c *caret) format(n int, attributes attrs) error {
	c.skip(attributes)
	before, err := c.begin(attributes)
	if err != nil {
		return err
	}
	for c.right != nil && (n > 0 || len(before) > 0 && (c.right.deleted || c.right.kind == kindFormat)) {
		if it := c.right; it.kind == kindFormat && !it.deleted {
			key, value := it.format()
			if i := attributes.find(key); i >= 0 {
				if equalFormats(attributes[i].value, value) {
					before.delete(key)
				} else if n == 0 {
					break
				} else {
					before.set(key, bytes.Clone(value))
				}
				c.tx.delete(it)
			}
		} else if !it.deleted {
			if uint32(n) < it.length {
				c.tx.startingAt(ref{it.id.author, it.id.clock + uint32(n)})
			}
			n -= int(it.length)
		}
		c.forward()
	}
	return c.end(before)
}

// delete removes the next n units, and the formats around them that are needless then.
func (c *caret) delete(n int) {
	start, held := c.right, c.holds.clone()
	for n > 0 && c.right != nil {
		if it := c.right; it.visible() {
			if uint32(n) < it.length {
				c.tx.startingAt(ref{it.id.author, it.id.clock + uint32(n)})
			}
			n -= int(it.length)
			c.tx.delete(it)
		}
		c.forward()
	}
	if start != nil && c.branch.format {
		c.cleaned = true
		c.tx.cleanGap(start, c.right, held, &c.holds)
	}
}
