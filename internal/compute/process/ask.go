package process

import (
	"bytes"
	"context"
	"io"
	"time"

	"lyceum/internal/compute"
)

// answer is what came of asking a project for a sign of life.
type answer int

const (
	silent  answer = iota // no socket, or nobody listens on it
	accepts               // somebody listens and says nothing in time
	answers               // an HTTP server
)

// askTime bounds how long a project may think about the question.
const askTime = 2 * time.Second

// ask sends the smallest HTTP request. It carries no ticket, so a project server
// refuses it; any answer that is HTTP is a sign of life.
func ask(ctx context.Context, socket string) answer {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	conn, err := compute.DialSocket(ctx, socket)
	if err != nil {
		return silent
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if _, err := io.WriteString(conn, "HEAD / HTTP/1.1\r\nHost: project\r\nConnection: close\r\n\r\n"); err != nil {
		return silent
	}
	head := make([]byte, len("HTTP/1."))
	switch _, err := io.ReadFull(conn, head); {
	case err == nil && bytes.Equal(head, []byte("HTTP/1.")):
		return answers
	case ctx.Err() != nil:
		return accepts
	}
	return silent
}
