package livedoc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"strconv"
)

// A file of lines is only added to. Each line is the CRC-32C of the rest as eight
// hexadecimal digits, a space, and JSON. A line that cannot be read is left out
// alone, and so is the end of one that a crash has cut off.

// appendSummed adds the line of v to b.
func appendSummed(b []byte, v any) ([]byte, error) {
	j, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	b = fmt.Appendf(b, "%08x ", crc32.Checksum(j, castagnoli))
	return append(append(b, j...), '\n'), nil
}

// readSummed returns the JSON of a line, or an error when its checksum is wrong.
func readSummed(line []byte) ([]byte, error) {
	if len(line) < 10 || line[8] != ' ' {
		return nil, errors.New("no line with a checksum")
	}
	sum, err := strconv.ParseUint(string(line[:8]), 16, 32)
	if err != nil {
		return nil, err
	}
	if crc32.Checksum(line[9:], castagnoli) != uint32(sum) {
		return nil, errors.New("a line is damaged")
	}
	return line[9:], nil
}

// linesIn reads the lines of the file name, none if it is not there. Those that
// cannot be read are left out.
func linesIn[T any](name string) ([]T, error) {
	b, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return decodeLines[T](b), nil
}

func decodeLines[T any](b []byte) []T {
	var all []T
	for line := range bytes.Lines(b) {
		j, err := readSummed(bytes.TrimSuffix(line, []byte("\n")))
		if err != nil {
			continue
		}
		var v T
		if json.Unmarshal(j, &v) == nil {
			all = append(all, v)
		}
	}
	return all
}

// addLine brings a line to the end of the file name, and to disk. It is one write,
// so that several processes may add lines.
func addLine(name string, v any) error {
	// In front of it another end of line, should the last one have been cut off.
	b, err := appendSummed([]byte("\n"), v)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	if _, err = f.Write(b); err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
