package rest

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"lyceum/internal/lyceum"
)

// maxLoggedPath bounds the path in a log line, in bytes.
const maxLoggedPath = 512

// logRequest writes the access log's line. The query is left out: it may hold
// a token.
func logRequest(log *slog.Logger, r *http.Request, rec *record, w *writer, took time.Duration) {
	level := slog.LevelInfo
	switch {
	case w.status >= 500 && rec.err != nil && errors.Is(rec.err, context.Canceled):
		// The client went away in the middle; what was broken off is no fault.
	case w.status >= 500 && w.status != http.StatusServiceUnavailable:
		level = slog.LevelError
	case w.status >= 500:
		level = slog.LevelWarn
	case strings.HasPrefix(r.URL.Path, "/assets/"), r.URL.Path == "/healthz", r.URL.Path == "/readyz", r.URL.Path == "/metrics":
		level = slog.LevelDebug
	}
	if !log.Enabled(r.Context(), level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("request", rec.id),
		slog.String("method", r.Method),
		slog.String("path", redact(r.URL.Path)),
		slog.Int("status", w.code()),
		slog.Int64("bytes", w.bytes),
		slog.Duration("took", took.Round(time.Microsecond)),
	}
	if rec.client.IsValid() {
		attrs = append(attrs, slog.String("client", rec.client.String()))
	}
	if rec.account != "" {
		attrs = append(attrs, slog.String("account", string(rec.account)))
	}
	if rec.project != "" {
		attrs = append(attrs, slog.String("project", string(rec.project)))
	}
	if rec.err != nil && level >= slog.LevelWarn {
		attrs = append(attrs, slog.String("err", logText(rec.err)))
	}
	log.LogAttrs(r.Context(), level, "request", attrs...)
}

// logText is an error's text for the operator: with the cause, which users
// do not see.
func logText(err error) string {
	if e, ok := errors.AsType[*lyceum.Error](err); ok && e.Err != nil && !strings.Contains(err.Error(), e.Err.Error()) {
		return err.Error() + ": " + e.Err.Error()
	}
	return err.Error()
}

// redact hides the secret in the path of an invitation and shortens the path.
func redact(path string) string {
	segments := strings.Split(path, "/")
	for i := 1; i < len(segments); i++ {
		if (segments[i-1] == "invitations" || segments[i-1] == "invite" || segments[i-1] == "setup") && segments[i] != "" {
			segments[i] = "…"
		}
	}
	path = strings.Join(segments, "/")
	if len(path) > maxLoggedPath {
		path = path[:maxLoggedPath] + "…"
	}
	return strings.ToValidUTF8(path, "�")
}

// writer remembers what was answered. Flush, Hijack and deadlines reach the
// real one through http.ResponseController.
type writer struct {
	http.ResponseWriter
	status int // 0 until the answer has begun
	bytes  int64
}

// Unwrap is for http.ResponseController.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader notes the status.
func (w *writer) WriteHeader(status int) {
	if w.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write counts the bytes.
func (w *writer) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// ReadFrom lets a file be sent without copying it through our memory.
func (w *writer) ReadFrom(src io.Reader) (int64, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := io.Copy(w.ResponseWriter, src)
	w.bytes += n
	return n, err
}

// Flush sends what was written so far, where the connection can.
func (w *writer) Flush() {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	_ = http.NewResponseController(w.ResponseWriter).Flush()
}

// code is the status for log and metrics. A handler that wrote nothing answered
// 200; a hijacked connection became a WebSocket.
func (w *writer) code() int {
	if w.status == 0 {
		return http.StatusOK
	}
	return w.status
}

// Logger returns log with the request's identifier, for handlers that log.
func Logger(ctx context.Context, log *slog.Logger) *slog.Logger {
	return log.With("request", RequestID(ctx))
}
