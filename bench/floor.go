package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"

	"lyceum/internal/rest"
)

// floorMain is a server as ours is, net/http with the same limits, that does nothing
// but give the fixed answer: below what this costs, no hub on net/http can come.
func floorMain() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	answer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, "hello world\n") // the generator may be gone
	})
	return rest.NewServer(answer, slog.New(slog.DiscardHandler)).Serve(l)
}

// floorTarget is floorMain on the server's core. It passes nothing on.
func (b *bench) floorTarget(context.Context, string) (*target, error) {
	c, addr, err := b.self("floor", serverCore)
	if err != nil {
		return nil, err
	}
	return &target{name: "net/http alone", addr: addr, request: plainRequest(addr), pids: func() []int { return []int{c.pid()} }, end: c.end}, nil
}
