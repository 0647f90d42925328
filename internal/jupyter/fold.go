package jupyter

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// Bounds of one message. What is within maxWhole is kept as it is. The content of a
// longer one is folded while it is read: of each string longer than maxString the
// beginning and the end are kept.
const (
	maxWhole  = 32 << 20
	maxString = 1 << 20
	keepHead  = 256 << 10
	keepTail  = 512 << 10 // at least half of it
)

// leftOut is what stands where something was left out, within a string of JSON.
func leftOut(n int64) string { return fmt.Sprintf(`\n[… %d bytes left out …]\n`, n) }

const leftOutMark = " bytes left out …]"

// folder copies JSON and leaves out the middle of long strings. It does not check
// the JSON, whoever parses what comes out does. The zero value is ready.
type folder struct {
	out      []byte
	cut      int64 // bytes that were left out
	overflow bool  // more than maxWhole is left: out is useless

	inside bool   // a string
	head   []byte // of the string, to its first maxString bytes
	tails  [2][]byte
	gone   int64  // bytes of this string that are in neither
	unit   []byte // a character or an escape that is not whole yet
	need   int    // length of the unit; 0 when not known
}

// write takes the next piece.
func (f *folder) write(p []byte) {
	for len(p) > 0 && !f.overflow {
		if !f.inside {
			n := bytes.IndexByte(p, '"') + 1
			if f.inside = n > 0; !f.inside {
				n = len(p)
			}
			f.put(p[:n])
			p = p[n:]
			continue
		}
		p = p[f.text(p):]
	}
}

// text takes bytes of a string, to its end, and returns how many.
func (f *folder) text(p []byte) int {
	for i := 0; i < len(p); i++ {
		if len(f.unit) == 0 {
			n := plain(p[i:])
			f.keep(p[i : i+n])
			if i += n; i == len(p) {
				break
			}
		}
		c := p[i]
		if len(f.unit) == 0 && c == '"' {
			f.endString()
			return i + 1
		}
		f.unit = append(f.unit, c)
		switch {
		case len(f.unit) == 1:
			f.need = unitLength(c)
		case len(f.unit) == 2 && f.unit[0] == '\\':
			if f.need = 2; c == 'u' {
				f.need = 6
			}
		}
		if len(f.unit) == f.need {
			f.keep(f.unit)
			f.unit = f.unit[:0]
		}
	}
	return len(p)
}

// plain is how many bytes at the beginning of b are characters of one byte, of what
// fits into a tail.
func plain(b []byte) int {
	for i, c := range b {
		if c == '"' || c == '\\' || c >= 0x80 || i == keepTail/2 {
			return i
		}
	}
	return len(b)
}

// unitLength is how long the character or escape is that begins with c.
func unitLength(c byte) int {
	switch {
	case c == '\\':
		return 2
	case c >= 0xf0:
		return 4
	case c >= 0xe0:
		return 3
	case c >= 0xc0:
		return 2
	}
	return 1
}

// keep takes whole units of a string. What has no room in the head goes into two tails,
// of which the older one is dropped when the younger is full.
func (f *folder) keep(unit []byte) {
	if len(f.head)+len(unit) <= maxString && len(f.tails[1]) == 0 {
		f.head = append(f.head, unit...)
		return
	}
	if len(f.tails[1])+len(unit) > keepTail {
		f.gone += int64(len(f.tails[0]))
		f.tails[0], f.tails[1] = f.tails[1], f.tails[0][:0]
	}
	f.tails[1] = append(f.tails[1], unit...)
}

func (f *folder) endString() {
	if len(f.tails[1]) == 0 {
		f.put(f.head)
	} else {
		n := wholeUnits(f.head, keepHead)
		gone := f.gone + int64(len(f.head)-n)
		f.put(f.head[:n])
		f.put([]byte(leftOut(gone)))
		f.put(f.tails[0])
		f.put(f.tails[1])
		f.cut += gone
	}
	f.put([]byte{'"'})
	f.head, f.tails[0], f.tails[1] = f.head[:0], f.tails[0][:0], f.tails[1][:0]
	f.gone, f.inside = 0, false
}

// wholeUnits is the length of the units that end within the first most bytes.
func wholeUnits(b []byte, most int) int {
	n := 0
	for n < len(b) {
		size := unitLength(b[n])
		if b[n] == '\\' && n+1 < len(b) && b[n+1] == 'u' {
			size = 6
		}
		if n+size > most {
			break
		}
		n += size
	}
	return min(n, len(b))
}

func (f *folder) put(b []byte) {
	if len(f.out)+len(b) > maxWhole {
		f.overflow, f.out = true, nil
		return
	}
	f.out = append(f.out, b...)
}

// result is the folded content of a message of type typ, which had size bytes.
func (f *folder) result(typ string, size uint64) json.RawMessage {
	if f.overflow || !json.Valid(f.out) {
		return stub(typ, size)
	}
	if f.cut == 0 {
		return f.out
	}
	return withoutBroken(typ, f.out, size)
}

// stub stands for a content that was too large to keep any of.
func stub(typ string, size uint64) json.RawMessage {
	text := fmt.Sprintf("[an output of %s was left out: at most %s are kept]", mega(size), mega(maxWhole))
	var content any = struct{}{}
	switch {
	case isDisplay(typ):
		content = map[string]any{"data": map[string]string{"text/plain": text}, "metadata": struct{}{}, "execution_count": nil}
	case typ == "stream":
		content = map[string]string{"name": "stderr", "text": text + "\n"}
	case strings.HasSuffix(typ, "_reply"):
		content = map[string]any{"status": "error", "ename": "TooLarge", "evalue": text, "traceback": []string{text}}
	}
	b, err := json.Marshal(content)
	if err != nil {
		return emptyObject // strings and maps have no way to fail
	}
	return b
}

func mega(n uint64) string { return fmt.Sprintf("%d MB", n>>20) }

func isDisplay(typ string) bool {
	return typ == "display_data" || typ == "execute_result" || typ == "update_display_data"
}

// withoutBroken takes out of an output what is of no use without its middle: all
// but text.
func withoutBroken(typ string, content json.RawMessage, size uint64) json.RawMessage {
	if !isDisplay(typ) {
		return content
	}
	var all map[string]json.RawMessage
	var data map[string]json.RawMessage
	if json.Unmarshal(content, &all) != nil || json.Unmarshal(all["data"], &data) != nil {
		return stub(typ, size)
	}
	for mime, value := range data {
		if mime != "text/plain" && bytes.Contains(value, []byte(leftOutMark)) {
			delete(data, mime)
		}
	}
	if len(data) == 0 {
		return stub(typ, size)
	}
	var err error
	if all["data"], err = json.Marshal(data); err != nil {
		return stub(typ, size)
	}
	b, err := json.Marshal(all)
	if err != nil {
		return stub(typ, size)
	}
	return b
}
