package ydoc

// readRuns is what the readers of columns have in common: the column, and how
// often the value at hand still comes.
type readRuns struct {
	decoder
	n uint64
}

// byteColumn reads byteRuns.
type byteColumn struct {
	readRuns
	v byte
}

func (c *byteColumn) read() byte {
	if c.n == 0 {
		c.v = c.byte()
		c.n = 1 << 62 // the last one comes as often as wanted
		if c.pos < len(c.b) {
			c.n = c.uint() + 1
		}
	}
	c.n--
	return c.v
}

// uintColumn reads uintRuns.
type uintColumn struct {
	readRuns
	v uint64
}

func (c *uintColumn) read() uint64 {
	if c.n == 0 {
		negative, v := c.int()
		c.v, c.n = v, 1
		if negative {
			c.n = c.uint() + 2
		}
	}
	c.n--
	return c.v
}

// clock reads a number below 2^32.
func (c *uintColumn) clock() uint32 {
	v := c.read()
	if v >= 1<<32 {
		c.fail("a clock is too large")
		return 0
	}
	return uint32(v)
}

// diffColumn reads diffRuns, of numbers that are not negative.
type diffColumn struct {
	readRuns
	v, diff int64
}

func (c *diffColumn) read() uint32 {
	if c.n == 0 {
		negative, v := c.int()
		e := int64(v)
		if negative {
			e = -e
		}
		c.diff, c.n = e>>1, 1
		if e&1 != 0 {
			c.n = c.uint() + 2
		}
	}
	c.n--
	c.v += c.diff
	if c.v < 0 || c.v >= 1<<32 {
		c.fail("a clock is too large")
		c.v, c.diff = 0, 0
	}
	return uint32(c.v)
}

// textColumn reads texts.
type textColumn struct {
	uintColumn
	all  []byte // what is left
	left int    // units of it
	half bool   // the first unit of all belongs to the text before: a pair was cut
}

// open reads the texts; their lengths follow.
func (c *textColumn) open() {
	c.all = c.text()
	c.left = len16(c.all)
}

// next returns the next text. A pair of surrogates that belongs to two texts is
// U+FFFD in both.
func (c *textColumn) next() []byte {
	n := c.read()
	if n > uint64(c.left) {
		c.fail("the texts are shorter than their lengths")
		return nil
	}
	if n == 0 {
		return nil
	}
	c.left -= int(n)
	half := c.half
	if half {
		n--
	}
	i, cut := forward16(c.all, uint32(n))
	t := c.all[:i:i]
	c.all, c.half = c.all[i:], cut
	if cut {
		c.all = c.all[4:]
		t = append(t, replacement...)
	}
	if half {
		t = append([]byte(replacement), t...)
	}
	return t
}
