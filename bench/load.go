package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The load generator is a process of its own, so that it can be held on its own
// core. It speaks just enough HTTP/1.1 to be much faster than what it measures:
// requests are bytes made beforehand, answers need a Content-Length or chunks.

// loadSpec is one run of it.
type loadSpec struct {
	Addr     string        `json:"addr"`
	Requests []string      `json:"requests"` // whole requests, taken in turn
	Conns    int           `json:"conns"`
	For      time.Duration `json:"for"`
	Rate     float64       `json:"rate"` // requests a second in all; 0: as many as go
	Status   int           `json:"status"`
}

// loadResult is what it saw. Latencies are in microseconds; at a fixed rate they
// count from when the request was due, so that a stall is not hidden.
type loadResult struct {
	Done    int     `json:"done"`
	Errors  int     `json:"errors"`
	Error   string  `json:"error,omitempty"`
	Seconds float64 `json:"seconds"`
	P50     float64 `json:"p50"`
	P99     float64 `json:"p99"`
	Max     float64 `json:"max"`
	CPU     float64 `json:"cpu"` // seconds that the generator computed
}

func (r loadResult) rate() float64 { return float64(r.Done) / r.Seconds }

// load runs the generator on a core.
func load(ctx context.Context, core int, spec loadSpec) (loadResult, error) {
	in, err := json.Marshal(spec)
	if err != nil {
		return loadResult{}, err
	}
	self, err := os.Executable()
	if err != nil {
		return loadResult{}, err
	}
	cmd := exec.CommandContext(ctx, "taskset", "-c", strconv.Itoa(core), self, "load")
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	cmd.Stdin = bytes.NewReader(in)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return loadResult{}, fmt.Errorf("the load generator: %w: %s", err, errs.String())
	}
	var r loadResult
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		return r, err
	}
	if r.Errors > 0 || r.Done == 0 {
		return r, fmt.Errorf("%d of %d requests failed: %s", r.Errors, r.Done+r.Errors, r.Error)
	}
	return r, nil
}

func loadMain(in io.Reader, out io.Writer) error {
	var spec loadSpec
	if err := json.NewDecoder(in).Decode(&spec); err != nil {
		return err
	}
	if spec.Status == 0 {
		spec.Status = 200
	}
	var (
		mu    sync.Mutex
		all   []float64
		fails int
		why   string
		group sync.WaitGroup
	)
	began := time.Now()
	end := began.Add(spec.For)
	for i := range spec.Conns {
		group.Go(func() {
			times, err := drive(spec, i, began, end)
			mu.Lock()
			defer mu.Unlock()
			all = append(all, times...)
			if err != nil {
				fails++
				why = err.Error()
			}
		})
	}
	group.Wait()
	r := loadResult{Done: len(all), Errors: fails, Error: why, Seconds: time.Since(began).Seconds(), CPU: cpuOf(os.Getpid())}
	slices.Sort(all)
	if n := len(all); n > 0 {
		r.P50, r.P99, r.Max = all[n/2], all[min(n-1, n*99/100)], all[n-1]
	}
	return json.NewEncoder(out).Encode(r)
}

// drive sends requests on one connection until end.
func drive(spec loadSpec, i int, began, end time.Time) ([]float64, error) {
	conn, err := net.DialTimeout("tcp", spec.Addr, 5*time.Second)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(end.Add(30 * time.Second)); err != nil {
		return nil, err
	}
	r := bufio.NewReaderSize(conn, 64<<10)
	var times []float64
	pause := time.Duration(0)
	if spec.Rate > 0 {
		pause = time.Duration(float64(spec.Conns) / spec.Rate * float64(time.Second))
	}
	due := began.Add(pause * time.Duration(i) / time.Duration(spec.Conns))
	for n := i; ; n += spec.Conns { // each connection has requests of its own
		at := time.Now()
		if spec.Rate > 0 {
			if wait := due.Sub(at); wait > 0 {
				<-time.After(wait)
			}
			at = due
			due = due.Add(pause)
		}
		if at.After(end) {
			return times, nil
		}
		if _, err := conn.Write([]byte(spec.Requests[n%len(spec.Requests)])); err != nil {
			return times, err
		}
		status, err := readAnswer(r)
		if err != nil {
			return times, err
		}
		if status != spec.Status {
			return times, fmt.Errorf("status %d, want %d, to %.120q", status, spec.Status, spec.Requests[n%len(spec.Requests)])
		}
		times = append(times, float64(time.Since(at).Nanoseconds())/1e3)
	}
}

// readAnswer reads one answer whole and returns its status.
func readAnswer(r *bufio.Reader) (int, error) {
	line, err := r.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	if len(line) < 12 {
		return 0, errors.New("no answer of HTTP/1.1")
	}
	status, err := strconv.Atoi(string(line[9:12]))
	if err != nil {
		return 0, err
	}
	length, chunked := 0, false
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		if len(line) <= 2 {
			break
		}
		k, v, _ := bytes.Cut(line, []byte(":"))
		switch {
		case bytes.EqualFold(k, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(bytes.TrimSpace(v))); err != nil {
				return 0, err
			}
		case bytes.EqualFold(k, []byte("Transfer-Encoding")):
			chunked = true
		}
	}
	if !chunked {
		_, err = r.Discard(length)
		return status, err
	}
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		n, err := strconv.ParseInt(strings.TrimSpace(string(line)), 16, 64)
		if err != nil {
			return 0, err
		}
		if _, err := r.Discard(int(n) + 2); err != nil {
			return 0, err
		}
		if n == 0 {
			return status, nil
		}
	}
}

// backendMain is a server with one fixed answer: what the peers' proxies stand in
// front of, and what the generator's own ceiling is measured with.
func backendMain(at []string) error {
	network, address := "tcp", "127.0.0.1:0"
	if len(at) > 0 {
		network, address = "unix", at[0]
	}
	l, err := net.Listen(network, address)
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	const answer = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 12\r\n\r\nhello world\n"
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer conn.Close()
			r := bufio.NewReaderSize(conn, 16<<10)
			for {
				for {
					line, err := r.ReadSlice('\n')
					if err != nil {
						return
					}
					if len(line) <= 2 {
						break
					}
				}
				if _, err := io.WriteString(conn, answer); err != nil {
					return
				}
			}
		}()
	}
}
