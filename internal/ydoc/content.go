package ydoc

import "unicode/utf8"

const replacement = "\uFFFD"

// cut divides the content of length units after n of them, 0 < n < length.
// Text cut inside a surrogate pair gets U+FFFD on both sides, as in Yjs.
func cut(k kind, data []byte, length, n uint32) (left, right []byte) {
	switch k {
	case kindString:
		i, inside := offset16(data, length, n)
		if !inside {
			return data[:i:i], data[i:]
		}
		left = append(append(make([]byte, 0, i+len(replacement)), data[:i]...), replacement...)
		right = append(append(make([]byte, 0, len(data)-i), replacement...), data[i+4:]...)
		return left, right
	case kindJSON, kindAny:
		i := skipElements(k, data, n)
		return data[:i:i], data[i:]
	}
	return nil, nil
}

// skipElements returns how many bytes the first n elements of a kindJSON or
// kindAny take; data was checked when it was decoded.
func skipElements(k kind, data []byte, n uint32) int {
	d := decoder{b: data}
	for range n {
		if k == kindJSON {
			d.bytes()
		} else {
			d.skipAny(0)
		}
	}
	return d.pos
}

// offset16 returns where in data, UTF-8 of length UTF-16 units, the unit n
// begins. When n is inside a surrogate pair it returns where the character
// begins, and true. It starts from the nearer end, so that cutting a text into
// pieces again and again costs little in all.
func offset16(data []byte, length, n uint32) (at int, inside bool) {
	switch {
	case uint32(len(data)) == length:
		return int(n), false
	case n <= length/2:
		return forward16(data, n)
	}
	return backward16(data, length-n)
}

func forward16(data []byte, n uint32) (int, bool) {
	i := 0
	for n > 0 {
		size := width(data[i])
		if size == 4 {
			if n == 1 {
				return i, true
			}
			n--
		}
		n--
		i += size
	}
	return i, false
}

// backward16 is forward16 with n counted from the end.
func backward16(data []byte, n uint32) (int, bool) {
	i := len(data)
	for n > 0 {
		i--
		for !utf8.RuneStart(data[i]) {
			i--
		}
		if data[i] >= 0xF0 {
			if n == 1 {
				return i, true
			}
			n--
		}
		n--
	}
	return i, false
}

// width is how many bytes the character takes that begins with b, in valid UTF-8.
func width(b byte) int {
	switch {
	case b < 0x80:
		return 1
	case b < 0xE0:
		return 2
	case b < 0xF0:
		return 3
	}
	return 4
}

// len16 counts the UTF-16 units of valid UTF-8.
func len16[T []byte | string](s T) int {
	n := 0
	for i := range len(s) {
		b := s[i]
		if b&0xC0 != 0x80 {
			n++
		}
		if b >= 0xF0 {
			n++
		}
	}
	return n
}
