package preview

import (
	"encoding/binary"
	"io"
)

// lookJPEG walks the segments of a JPEG file (ITU T.81, annex B) to its first frame:
// the orientation of its EXIF data, 1 when there is none, and whether the frame is
// progressive.
func lookJPEG(r *section) (orientation int, progressive bool) {
	orientation = 1
	at := int64(2)
	for range 1000 { // a file of nothing but small segments
		var h [4]byte
		if n, _ := r.ReadAt(h[:], at); n < 4 || h[0] != 0xff {
			return orientation, false
		}
		if h[1] == 0xff { // padding
			at++
			continue
		}
		length := int64(binary.BigEndian.Uint16(h[2:]))
		switch m := h[1]; {
		case m == 0xe1:
			if o := exifOf(r, at+4, length-2); o != 0 {
				orientation = o
			}
		case m >= 0xc0 && m <= 0xcf && m != 0xc4 && m != 0xc8 && m != 0xcc:
			return orientation, m == 0xc2
		case m == 0xd9, m == 0xda, length < 2:
			return orientation, false
		}
		at += 2 + length
	}
	return orientation, false
}

// exifOf is the orientation in an APP1 segment; 0 when it tells none.
func exifOf(r *section, at, length int64) int {
	var head [6]byte
	if n, _ := r.ReadAt(head[:], at); n < 6 || string(head[:]) != "Exif\x00\x00" || length < 6 {
		return 0
	}
	return orientationOf(io.NewSectionReader(r, at+6, length-6))
}

// orientationOf reads tag 0x0112 of the first directory of TIFF data (TIFF 6.0,
// section 2); 1 when there is none.
func orientationOf(r io.ReaderAt) int {
	var head [8]byte
	if n, _ := r.ReadAt(head[:], 0); n < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.LittleEndian
	if head[0] == 'M' {
		order = binary.BigEndian
	}
	at := int64(order.Uint32(head[4:]))
	var count [2]byte
	if n, _ := r.ReadAt(count[:], at); n < 2 {
		return 1
	}
	for i := range int64(min(order.Uint16(count[:]), 512)) {
		var e [12]byte
		if n, _ := r.ReadAt(e[:], at+2+12*i); n < 12 {
			return 1
		}
		if order.Uint16(e[:]) != 0x0112 {
			continue
		}
		if o := int(order.Uint16(e[8:])); o >= 1 && o <= 8 {
			return o
		}
	}
	return 1
}
