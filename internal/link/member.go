package link

import (
	"errors"
	"net"
	"syscall"
	"time"

	"lyceum/internal/fan"
)

// begin lets what waits go to the client. A nil member is a socket without a fan.
func (m *member) begin(client net.Conn) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.client = client
	// Over TLS there is no writing without waiting.
	if s, ok := client.(*net.TCPConn); ok {
		m.raw, _ = s.SyscallConn() // without it a goroutine writes
	}
	m.drainLocked()
}

// deliver gives the client data, at once when it takes it.
func (m *member) deliver(data []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed || m.last {
		return
	}
	if m.raw != nil && !m.draining {
		n, err := tryWrite(m.raw, data)
		if err != nil {
			m.dropLocked()
			return
		}
		if data = data[n:]; len(data) == 0 {
			return
		}
	}
	m.pending = append(m.pending, data...)
	m.fan.waiting.Add(int64(len(data)))
	if len(m.pending) > fan.MaxHeld {
		m.dropLocked()
		return
	}
	if !m.stopped && len(m.pending) > stopAt {
		m.stopped = true
		m.fan.signal(fan.Stop, m.number)
	}
	m.drainLocked()
}

// tryWrite writes what the kernel takes now.
func tryWrite(raw syscall.RawConn, b []byte) (n int, err error) {
	gone := raw.Write(func(fd uintptr) bool {
		for {
			n, err = syscall.Write(int(fd), b)
			if !errors.Is(err, syscall.EINTR) {
				return true
			}
		}
	})
	if errors.Is(err, syscall.EAGAIN) {
		return 0, gone
	}
	return max(n, 0), errors.Join(gone, err)
}

// end notes that nothing more comes for the client.
func (m *member) end() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.last = true
	m.drainLocked()
}

// drainLocked sees to it that what waits is written.
func (m *member) drainLocked() {
	switch {
	case m.closed || m.draining || m.client == nil:
	case len(m.pending) > 0:
		m.draining = true
		go m.drain() // ends with the client's connection
	case m.last:
		m.dropLocked()
	}
}

// drain writes what waits, until nothing does.
func (m *member) drain() {
	for {
		m.mu.Lock()
		b := m.pending
		m.pending = nil
		if len(b) == 0 || m.closed {
			m.draining = false
			if m.stopped && !m.closed {
				m.stopped = false
				m.fan.signal(fan.Go, m.number)
			}
			m.drainLocked()
			m.mu.Unlock()
			return
		}
		m.mu.Unlock()
		_, err := m.client.Write(b)
		m.fan.waiting.Add(-int64(len(b)))
		if err != nil {
			m.mu.Lock()
			m.dropLocked()
			m.mu.Unlock()
		}
	}
}

// dropLocked ends the client's connection: it went, takes too little, or has all.
func (m *member) dropLocked() {
	if m.closed {
		return
	}
	m.closed = true
	close(m.done)
	m.fan.waiting.Add(-int64(len(m.pending)))
	m.pending = nil
	if m.client != nil {
		_ = m.client.Close() // which ends its tunnel
	}
}

// finish waits, not for long, until the client has what was sent to it.
func (m *member) finish() {
	t := time.NewTimer(lastTime)
	defer t.Stop()
	select {
	case <-m.done:
	case <-t.C:
	}
}
