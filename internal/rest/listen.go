package rest

import (
	"log/slog"
	"net/http"
	"time"
)

// Limits of a connection. A client that sends or reads slower than these is
// cut, so that slow ones cannot use up the server.
const (
	headerTime = 10 * time.Second
	answerTime = 60 * time.Second
	idleTime   = 120 * time.Second
	maxHeader  = 32 << 10 // bytes
)

// NewServer returns a server with the limits of this room: request headers
// within 10 s and 32 KiB, answers within 60 s unless the handler called
// Stream, idle connections for 120 s. The caller listens, serves and shuts down.
func NewServer(h http.Handler, log *slog.Logger) *http.Server {
	var protocols http.Protocols
	// WebSockets over HTTP/2 (RFC 8441) are not spoken by net/http; browsers that
	// got HTTP/2 open a second connection for them.
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTime,
		WriteTimeout:      answerTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHeader,
		Protocols:         &protocols,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// Stream takes the limit of 60 s from an answer that may last: a download, an
// event stream, a socket.
func Stream(w http.ResponseWriter) {
	rc := http.NewResponseController(w)
	// A writer without deadlines (in tests) has no limit to take.
	_ = rc.SetWriteDeadline(time.Time{})
	_ = rc.SetReadDeadline(time.Time{})
}
