package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
	"golang.org/x/sync/errgroup"

	"lyceum/internal/rest"
)

// listener is a bound address. The zero value is none.
type listener struct {
	net.Listener
	challenge *challenge // answers ACME on port 80; nil without ACME
}

// challenge is the plain listener that ACME needs; it leads browsers to https.
type challenge struct {
	net.Listener
	handler http.Handler
}

// listen binds the addresses first of all, so that a taken port is told at once.
func (s *site) listen(ctx context.Context) error {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", s.cfg.Listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	s.public.Listener = l
	if s.base, err = s.cfg.base(); err != nil {
		return err
	}
	if s.cfg.BaseURL == "" {
		// Port 0 became a real one.
		_, port, err := net.SplitHostPort(l.Addr().String())
		if err != nil {
			return err
		}
		s.base.Host = net.JoinHostPort(s.base.Hostname(), port)
	}
	if s.cfg.InternalListen != "" {
		if s.internal.Listener, err = lc.Listen(ctx, "tcp", s.cfg.InternalListen); err != nil {
			return fmt.Errorf("--internal-listen: %w", err)
		}
	}
	return s.secure(ctx, &lc)
}

// secure puts TLS on the public listener when the configuration says so.
func (s *site) secure(ctx context.Context, lc *net.ListenConfig) error {
	switch {
	case s.cfg.TLSCert != "":
		files := &certificateFiles{cert: s.cfg.TLSCert, key: s.cfg.TLSKey, log: s.log}
		if _, err := files.get(nil); err != nil {
			return fmt.Errorf("--tls-cert: %w", err)
		}
		s.public.Listener = tls.NewListener(s.public.Listener, tlsConfig(files.get))
	case s.cfg.ACMEEmail != "":
		m := acmeManager(s.cfg, s.base)
		plain, err := lc.Listen(ctx, "tcp", s.cfg.ACMEListen)
		if err != nil {
			return fmt.Errorf("--acme-listen: %w", err)
		}
		s.public.challenge = &challenge{plain, m.HTTPHandler(nil)}
		c := tlsConfig(m.GetCertificate)
		c.NextProtos = append(c.NextProtos, acme.ALPNProto)
		s.public.Listener = tls.NewListener(s.public.Listener, c)
	}
	return nil
}

func acmeManager(cfg *serveConfig, base *url.URL) *autocert.Manager {
	m := &autocert.Manager{
		Prompt:     autocert.AcceptTOS,
		Cache:      autocert.DirCache(filepath.Join(cfg.Data, "acme")),
		HostPolicy: autocert.HostWhitelist(base.Hostname()),
		Email:      cfg.ACMEEmail,
	}
	if cfg.ACMEDirectory != "" {
		m.Client = &acme.Client{DirectoryURL: cfg.ACMEDirectory}
	}
	return m
}

func tlsConfig(get func(*tls.ClientHelloInfo) (*tls.Certificate, error)) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: get, NextProtos: []string{"h2", "http/1.1"}}
}

// certificateFiles reads a certificate again when its file changed: renewal needs
// no restart. A pair that cannot be read leaves the one before in force.
type certificateFiles struct {
	cert, key string
	log       *slog.Logger

	mu      sync.Mutex
	looked  time.Time
	changed time.Time // modification time of the certificate in force
	have    *tls.Certificate
}

// lookEvery bounds how often the files are looked at.
const lookEvery = time.Second

func (f *certificateFiles) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	if f.have != nil && now.Sub(f.looked) < lookEvery {
		return f.have, nil
	}
	f.looked = now
	info, err := os.Stat(f.cert)
	if err == nil && f.have != nil && info.ModTime().Equal(f.changed) {
		return f.have, nil
	}
	var pair tls.Certificate
	if err == nil {
		pair, err = tls.LoadX509KeyPair(f.cert, f.key)
	}
	switch {
	case err == nil:
		f.have, f.changed = &pair, info.ModTime()
	case f.have == nil:
		return nil, err
	default:
		f.log.Error("the new certificate cannot be read; the old one stays in force", "err", err)
	}
	return f.have, nil
}

// start serves on the listener within group.
func (l *listener) start(group *errgroup.Group, h http.Handler, log *slog.Logger) server {
	return serveOn(group, l.Listener, rest.NewServer(h, log))
}

func (c *challenge) start(group *errgroup.Group, log *slog.Logger) server {
	return serveOn(group, c.Listener, rest.NewServer(c.handler, log))
}

// server is an http.Server or what wraps one.
type server interface {
	Serve(l net.Listener) error
	Shutdown(ctx context.Context) error
	Close() error
}

func serveOn(group *errgroup.Group, l net.Listener, s server) server {
	group.Go(func() error {
		err := s.Serve(l)
		if errors.Is(err, http.ErrServerClosed) {
			return nil
		}
		return err
	})
	return s
}

func (l *listener) close() error {
	var err error
	for _, one := range []net.Listener{l.Listener, l.challengeListener()} {
		if one == nil {
			continue
		}
		if e := one.Close(); e != nil && !errors.Is(e, net.ErrClosed) {
			err = errors.Join(err, e)
		}
	}
	return err
}

func (l *listener) challengeListener() net.Listener {
	if l.challenge == nil {
		return nil
	}
	return l.challenge.Listener
}
