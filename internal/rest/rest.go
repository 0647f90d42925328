// Package rest holds what every HTTP server of ours does around its handlers:
// request identifiers, the client's address, one access-log line and metrics for
// each request, security headers, the refusal of cross-site requests, limits,
// and one place that turns an error into an answer (application/problem+json,
// RFC 9457). It knows no routes and no permissions: those are the servers'.
package rest

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"time"

	"lyceum/internal/lyceum"
)

// Config is what Wrap needs. Logger is required.
type Config struct {
	Logger         *slog.Logger
	TrustedProxies []netip.Prefix // who may say the client's address, protocol and request identifier; nobody by default
	BaseURL        *url.URL       // the site's address; its origin may send requests even when a proxy changes Host
	TrustSocket    bool           // who connects over a Unix socket may say the request identifier
	Metrics        *Metrics       // nil: nothing is counted
	Headers        http.Header    // added to each answer before its handler runs, which may change them
}

// Wrap returns h with everything around it that this room holds. The order
// matters: the access log sees the status of every refusal, and a panic becomes
// a logged 500.
func Wrap(h http.Handler, c Config) http.Handler {
	origins := newOrigins(c.BaseURL)
	inner := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer answerPanic(w, r, c.Logger)
		maps.Copy(w.Header(), c.Headers)
		if err := origins.check(r); err != nil {
			WriteError(w, r, err)
			return
		}
		h.ServeHTTP(w, r)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		rec := newRecord(r, c)
		r = r.WithContext(rec)
		w.Header()["X-Request-Id"] = []string{rec.id}
		rw := &writer{ResponseWriter: w}
		if c.Metrics != nil {
			c.Metrics.active.Inc()
			defer c.Metrics.active.Dec()
		}
		defer func() {
			took := time.Since(began)
			logRequest(c.Logger, r, rec, rw, took)
			if c.Metrics != nil {
				c.Metrics.observe(r, rec, rw, took)
			}
		}()
		inner.ServeHTTP(rw, r)
	})
}

// answerPanic turns a panic of a handler into a logged 500. ErrAbortHandler
// goes on: it is how a handler drops its connection on purpose.
func answerPanic(w http.ResponseWriter, r *http.Request, log *slog.Logger) {
	p := recover()
	if p == nil {
		return
	}
	if p == http.ErrAbortHandler {
		panic(p)
	}
	log.ErrorContext(r.Context(), "panic in a handler", "request", RequestID(r.Context()), "err", fmt.Sprint(p), "stack", string(debug.Stack()))
	if rw, ok := w.(*writer); ok && rw.status != 0 {
		// The answer has begun: only a broken connection tells the client.
		panic(http.ErrAbortHandler)
	}
	WriteError(w, r, lyceum.Errorf(lyceum.Internal, "panic"))
}

// record is what is known of one request. Only the goroutine that serves the
// request writes it. It is the request's context at the same time: every request
// needs both.
type record struct {
	context.Context
	id      string
	client  netip.Addr
	secure  bool
	route   string
	account lyceum.AccountID
	project lyceum.ProjectID
	err     error
}

type recordKey struct{}

// Value implements context.Context.
func (rec *record) Value(key any) any {
	if _, ok := key.(recordKey); ok {
		return rec
	}
	return rec.Context.Value(key)
}

func recordOf(ctx context.Context) *record {
	if rec, ok := ctx.Value(recordKey{}).(*record); ok {
		return rec
	}
	return &record{Context: context.Background()}
}

func newRecord(r *http.Request, c Config) *record {
	rec := &record{Context: r.Context(), secure: r.TLS != nil, client: remote(r)}
	trusted := isTrusted(rec.client, c.TrustedProxies)
	if trusted {
		rec.client = forwardedFor(r, rec.client, c.TrustedProxies)
		if proto := r.Header.Get("X-Forwarded-Proto"); proto != "" {
			rec.secure = proto == "https"
		}
	}
	if id := r.Header.Get("X-Request-Id"); isRequestID(id) && (trusted || c.TrustSocket && !rec.client.IsValid()) {
		rec.id = id
	}
	if rec.id == "" {
		rec.id = newRequestID()
	}
	return rec
}

// newRequestID returns 64 random bits. They tell requests apart and guard nothing.
func newRequestID() string {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], rand.Uint64())
	var text [16]byte
	hex.Encode(text[:], b[:])
	return string(text[:])
}

func isRequestID(s string) bool {
	if len(s) < 8 || len(s) > 64 {
		return false
	}
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return true
}

// RequestID is the identifier of the request that ctx belongs to, or "".
func RequestID(ctx context.Context) string { return recordOf(ctx).id }

// ClientAddr is the client's address, as far as the trusted proxies tell. It is
// the zero Addr when the request came over a Unix socket or outside Wrap.
func ClientAddr(ctx context.Context) netip.Addr { return recordOf(ctx).client }

// Secure reports whether the client speaks https, to us or to a trusted proxy.
func Secure(ctx context.Context) bool { return recordOf(ctx).secure }

// SetRoute names the route for log and metrics where net/http's own pattern
// says too little. It must come from a fixed list: each value is a time series.
func SetRoute(ctx context.Context, pattern string) { recordOf(ctx).route = pattern }

// SetActor notes who asked, for the access log.
func SetActor(ctx context.Context, id lyceum.AccountID) { recordOf(ctx).account = id }

// SetProject notes which project the request is about, for the access log.
func SetProject(ctx context.Context, id lyceum.ProjectID) { recordOf(ctx).project = id }
