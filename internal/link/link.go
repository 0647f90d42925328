// Package link reaches a running project from the hub's side: HTTP and WebSocket
// requests with a ticket, the cutting of sockets, and the control stream. It
// decides nothing about who may do what (the hub did before it signs), and
// trusts nothing that comes back: answers are bounded and stripped of what would
// speak for the site.
//
// A project is reached over the Unix socket of its compute.Address. The project
// never dials us.
package link

import (
	"context"
	"encoding/hex"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"time"

	"lyceum/internal/compute"
	"lyceum/internal/lyceum"
	"lyceum/internal/rest"
	"lyceum/internal/ticket"
)

// Limits of what a project may make us wait for or hold.
const (
	dialTime       = 3 * time.Second
	headerTime     = 10 * time.Minute // from the end of a request to its answer: copying a tree takes its time
	headerSlack    = time.Minute      // how much later that is noticed at most
	maxHeaderBytes = 64 << 10
	idlePerProject = 256
	idleTime       = 30 * time.Second
)

// Config is what New needs. Both are required.
type Config struct {
	Signer *ticket.Signer
	Log    *slog.Logger
}

// Link carries requests to project servers. It is safe for concurrent use.
type Link struct {
	signer    *ticket.Signer
	log       *slog.Logger
	pool      pool
	fans      fans
	buffers   buffers
	transport *http.Transport // for what exchange does not carry
	proxy     *httputil.ReverseProxy
}

// New returns a Link. The caller calls Close.
func New(c Config) *Link {
	l := &Link{signer: c.Signer, log: c.Log}
	l.transport = &http.Transport{
		DialContext:            dial,
		DisableCompression:     true, // bytes pass as they are
		MaxIdleConnsPerHost:    idlePerProject,
		IdleConnTimeout:        idleTime,
		ResponseHeaderTimeout:  headerTime,
		MaxResponseHeaderBytes: maxHeaderBytes,
		WriteBufferSize:        16 << 10,
		ReadBufferSize:         16 << 10,
	}
	l.proxy = &httputil.ReverseProxy{
		Rewrite:        func(*httputil.ProxyRequest) {}, // ServeProject made the request
		Transport:      l.transport,
		FlushInterval:  -1, // whatever a project says is passed on at once
		BufferPool:     &l.buffers,
		ModifyResponse: harmless,
		ErrorHandler:   l.failed,
		ErrorLog:       slog.NewLogLogger(c.Log.Handler(), slog.LevelDebug),
	}
	return l
}

// Close gives up idle connections. Requests under way go on.
func (l *Link) Close() {
	l.pool.close()
	l.transport.CloseIdleConnections()
}

// ServeProject sends r, whose path is the project's own ("/files/a.txt"), to the
// project server at addr with the ticket, and its answer back; WebSockets too. It
// writes errors by itself, returns when the exchange has ended, and ends a socket
// when r's context ends.
func (l *Link) ServeProject(w http.ResponseWriter, r *http.Request, addr compute.Address, t ticket.Ticket) {
	if addr.Socket == "" {
		rest.WriteError(w, r, noAddress())
		return
	}
	if rest.IsWebSocket(r) {
		if err := l.tunnel(w, r, addr, t); err != nil {
			rest.WriteError(w, r, tunnelError(r.Context(), err))
		}
		return
	}
	signed := l.signer.Sign(t, time.Now())
	if simple(r) {
		if err := l.exchange(w, r, addr.Socket, signed); err != nil {
			rest.WriteError(w, r, broken(r.Context(), err))
		}
		return
	}
	out := r.Clone(r.Context())
	out.URL.Scheme, out.URL.Host, out.Host = "http", hostOf(addr), "project"
	out.Header.Set(ticket.Header, signed)
	out.Header.Del("Upgrade") // ServeProject has no other protocol to switch to
	if out.ContentLength > 0 {
		out.Body = &announced{out.Body, out.ContentLength}
	}
	l.proxy.ServeHTTP(w, out)
}

// announced is a body of a known length. http.Transport reads once more after the
// last byte is on its way, to see that it was the last. The project may have begun to
// answer by then, and our server, which closes the body when an answer begins, would
// fail that read: the transport would break the answer off.
type announced struct {
	io.ReadCloser
	left int64
}

// Read implements io.Reader.
func (b *announced) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, io.EOF
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// failed answers a request that did not reach the project, or got no answer.
func (l *Link) failed(w http.ResponseWriter, r *http.Request, err error) {
	rest.WriteError(w, r, broken(r.Context(), err))
}

// socketHeaders are those of an answer that becomes a WebSocket (RFC 6455,
// section 4.2.2). It bypasses whatever the caller's ResponseWriter enforces, so
// nothing else passes: a cookie above all would be the site's.
var socketHeaders = []string{"Upgrade", "Connection", "Sec-Websocket-Accept", "Sec-Websocket-Protocol", "Sec-Websocket-Extensions"}

// harmless strips an answer of what would speak for the site.
func harmless(res *http.Response) error {
	rest.ContentHeaders(res.Header)
	return nil
}

// hostOf turns an address into the host part of a URL, so that one transport
// serves all projects and keeps their connections apart.
func hostOf(addr compute.Address) string { return "x" + hex.EncodeToString([]byte(addr.Socket)) }

func noAddress() error {
	return lyceum.Errorf(lyceum.Unavailable, "the project has no address that can be reached from here")
}

func dial(ctx context.Context, _, hostPort string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(hostPort)
	if err != nil {
		return nil, err
	}
	path, err := hex.DecodeString(host[1:])
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	return compute.DialSocket(ctx, string(path))
}

// buffers lends the proxy its copy buffers.
type buffers struct{ pool sync.Pool }

// Get implements httputil.BufferPool.
func (b *buffers) Get() []byte {
	if p, ok := b.pool.Get().(*[]byte); ok {
		return *p
	}
	return make([]byte, 32<<10)
}

// Put implements httputil.BufferPool.
func (b *buffers) Put(p []byte) { b.pool.Put(&p) }

// system makes a request of the hub itself to a project.
func (l *Link) system(ctx context.Context, method, path string, id lyceum.ProjectID, addr compute.Address) (*http.Request, error) {
	if addr.Socket == "" {
		return nil, noAddress()
	}
	u := url.URL{Scheme: "http", Host: hostOf(addr), Path: path}
	r, err := http.NewRequestWithContext(ctx, method, u.String(), http.NoBody)
	if err != nil {
		return nil, err
	}
	r.Host = "project"
	r.Header.Set(ticket.Header, l.signer.Sign(ticket.Ticket{Project: id, System: true}, time.Now()))
	return r, nil
}
