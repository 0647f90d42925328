package pgserver

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// probe connects as the product does and returns nil when the server is ready for
// queries. PostgreSQL 17 documentation, chapter 55: the start-up message, then
// messages of a type byte, a length that counts itself, and a body.
func probe(ctx context.Context, socket string) error {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", socket)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return err
	}
	if _, err := conn.Write(startup()); err != nil {
		return err
	}
	if err := readUntilReady(conn); err != nil {
		return err
	}
	_, err = conn.Write([]byte{'X', 0, 0, 0, 4}) // Terminate
	return err
}

func startup() []byte {
	body := binary.BigEndian.AppendUint32(nil, 3<<16) // protocol 3.0
	for _, s := range []string{"user", role, "database", database, "application_name", "lyceum start"} {
		body = append(append(body, s...), 0)
	}
	body = append(body, 0)
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(body)+4)), body...)
}

func readUntilReady(r io.Reader) error {
	for {
		var head [5]byte
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return err
		}
		n := binary.BigEndian.Uint32(head[1:])
		if n < 4 || n > 1<<16 {
			return fmt.Errorf("PostgreSQL sent a message of %d bytes", n)
		}
		body := make([]byte, n-4)
		if _, err := io.ReadFull(r, body); err != nil {
			return err
		}
		switch head[0] {
		case 'Z': // ReadyForQuery
			return nil
		case 'E': // ErrorResponse
			return answered(body)
		case 'R': // Authentication…: 0 is Ok, another asks for something we have not
			if len(body) < 4 || binary.BigEndian.Uint32(body) != 0 {
				return errors.New("PostgreSQL asks for a password")
			}
		}
	}
}

// answered gives the message of an ErrorResponse; nil when it shows a server that
// works and only has no place left.
func answered(body []byte) error {
	var code, text string
	for field := range bytes.SplitSeq(body, []byte{0}) {
		if len(field) == 0 {
			continue
		}
		switch field[0] {
		case 'C':
			code = string(field[1:])
		case 'M':
			text = string(field[1:])
		}
	}
	if code == "53300" { // too_many_connections
		return nil
	}
	return fmt.Errorf("PostgreSQL says: %s (%s)", text, code)
}
