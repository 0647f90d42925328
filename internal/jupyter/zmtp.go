package jupyter

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// Times of a connection.
const (
	dialPause     = 20 * time.Millisecond // between two attempts to reach a kernel that starts
	handshakeTime = 10 * time.Second      // for the greeting and the READY of the peer
)

// socketType is what we are to the peer.
type socketType string

const (
	typeDealer socketType = "DEALER"
	typeSub    socketType = "SUB"
	typeReq    socketType = "REQ"
)

// peers are the types that each of ours may meet (rfc.zeromq.org/spec/23).
var peers = map[socketType][]string{
	typeDealer: {"ROUTER", "REP", "DEALER"},
	typeSub:    {"PUB", "XPUB"},
	typeReq:    {"REP", "ROUTER"},
}

// conn is a connection after the handshake.
type conn struct {
	net.Conn
	frames frameReader
	ahead  *ahead // nil where nothing is read ahead
}

// Close ends the connection; what was read ahead is forgotten.
func (z *conn) Close() error {
	err := z.Conn.Close()
	if z.ahead != nil {
		z.ahead.close()
	}
	return err
}

// endpoint is an address as package net writes it. Several names are tried in
// turn, because kernels write the number of an ipc socket differently.
type endpoint struct {
	network string
	names   []string
}

// dial connects to an endpoint, which may not be there yet, until ctx ends, and
// shakes hands. identity is what a ROUTER calls us.
func dial(ctx context.Context, e endpoint, kind socketType, identity string, buffer int) (*conn, error) {
	var d net.Dialer
	for {
		var err error
		for _, name := range e.names {
			var c net.Conn
			if c, err = d.DialContext(ctx, e.network, name); err != nil {
				continue
			}
			z, err := shake(ctx, c, kind, identity, buffer)
			if err == nil || errors.Is(err, errPeer) {
				return z, err
			}
			break // it went again while it begins
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(context.Cause(ctx), err)
		case <-time.After(dialPause):
		}
	}
}

// errPeer is a peer with which there is no way to speak.
var errPeer = errors.New("no peer for us")

// greeting is ours: version 3.0, mechanism NULL, a client.
//
//	signature(10) version(2) mechanism(20) as-server(1) filler(31)
func greeting() []byte {
	b := make([]byte, 64)
	b[0], b[8], b[9] = 0xff, 1, 0x7f
	b[10] = 3
	copy(b[12:], "NULL")
	return b
}

// shake exchanges greetings and READY. It closes c when it fails.
func shake(ctx context.Context, c net.Conn, kind socketType, identity string, buffer int) (*conn, error) {
	z := &conn{Conn: c}
	from := io.Reader(c)
	if kind == typeSub { // it is published to, and a publisher does not wait
		z.ahead = newAhead(c)
		from = z.ahead
	}
	z.frames.r = bufio.NewReaderSize(from, buffer)
	deadline := time.Now().Add(handshakeTime)
	if d, ok := ctx.Deadline(); ok && d.Before(deadline) {
		deadline = d
	}
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	err := c.SetDeadline(deadline)
	if err == nil {
		_, err = c.Write(appendFrame(greeting(), flagCommand, ready(kind, identity)))
	}
	if err == nil {
		err = z.meet(kind)
	}
	if stop() && err == nil {
		err = c.SetDeadline(time.Time{})
	}
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = z.Close() // the error that matters is the one above
		return nil, err
	}
	return z, nil
}

// ready is the body of the command READY.
func ready(kind socketType, identity string) []byte {
	b := append([]byte{5}, "READY"...)
	property := func(name, value string) {
		b = append(append(b, byte(len(name))), name...)
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(value))), value...)
	}
	property("Socket-Type", string(kind))
	property("Identity", identity)
	return b
}

// meet reads the greeting of the peer and its READY.
func (z *conn) meet(kind socketType) error {
	var g [64]byte
	if _, err := io.ReadFull(z.frames.r, g[:]); err != nil {
		return err
	}
	switch {
	case g[0] != 0xff || g[9]&1 != 1:
		return fmt.Errorf("%w: it does not speak ZeroMQ", errPeer)
	case g[10] < 3:
		return fmt.Errorf("%w: it speaks version %d of ZMTP, and we 3", errPeer, g[10])
	case string(g[12:17]) != "NULL\x00":
		return fmt.Errorf("%w: it wants a secure connection", errPeer)
	}
	flags, size, err := z.frames.next()
	if err != nil {
		return err
	}
	if flags&flagCommand == 0 {
		return fmt.Errorf("%w: a message before READY", errPeer)
	}
	body, err := z.frames.body(size, maxCommand)
	if err != nil {
		return err
	}
	name, rest, _ := cutCommand(body)
	if name != "READY" {
		return fmt.Errorf("%w: %.20q in place of READY", errPeer, name)
	}
	their, err := readProperty(rest, "socket-type")
	if err != nil {
		return err
	}
	for _, p := range peers[kind] {
		if p == their {
			return nil
		}
	}
	return fmt.Errorf("%w: a socket of type %.20q", errPeer, their)
}

// readProperty finds a property of READY by its name in lower case.
func readProperty(b []byte, want string) (string, error) {
	for len(b) > 0 {
		n := int(b[0])
		if len(b) < 1+n+4 {
			return "", fmt.Errorf("%w: a property that is cut off", errPeer)
		}
		name, size := b[1:1+n], binary.BigEndian.Uint32(b[1+n:])
		b = b[1+n+4:]
		if uint64(size) > uint64(len(b)) {
			return "", fmt.Errorf("%w: a property that is cut off", errPeer)
		}
		if equalFold(name, want) {
			return string(b[:size]), nil
		}
		b = b[size:]
	}
	return "", fmt.Errorf("%w: it does not say what it is", errPeer)
}

func equalFold(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}
