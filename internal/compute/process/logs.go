package process

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lyceum/internal/lyceum"
)

// A supervisor writes into its log itself, so that it needs no hub. Once a
// minute, and at each start, a log that grew past maxLog is cut to its last
// keptLog bytes.
const (
	maxLog  = 1 << 20
	keptLog = 256 << 10
)

// openLogs opens what a project's supervisor prints to, and bubblewrap's report.
func (b *Backend) openLogs(id lyceum.ProjectID) (log, status *os.File, err error) {
	trimLog(b.at.logs(id))
	// O_APPEND, so that cutting the file moves the writer too.
	log, err = os.OpenFile(b.at.logs(id), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, nil, err
	}
	status, err = os.OpenFile(b.at.status(id), os.O_CREATE|os.O_WRONLY|os.O_APPEND|os.O_TRUNC, 0o600)
	if err != nil {
		_ = log.Close()
	}
	return log, status, err
}

func (b *Backend) trimLogs() {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-b.life.Done():
			return
		case <-tick.C:
		}
		logs, err := filepath.Glob(filepath.Join(b.at.records, "*", "log"))
		if err != nil {
			continue
		}
		for _, path := range logs {
			trimLog(path)
		}
	}
}

func trimLog(path string) {
	if fi, err := os.Stat(path); err != nil || fi.Size() <= maxLog {
		return
	}
	keep := tail(path, keptLog)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_TRUNC, 0o600)
	if err != nil {
		return
	}
	_, _ = f.WriteString(keep)
	_ = f.Close()
}

// tail returns the last whole lines of a file, at most n bytes.
func tail(path string, n int64) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return ""
	}
	from := max(fi.Size()-n, 0)
	b, err := io.ReadAll(io.NewSectionReader(f, from, n))
	if err != nil {
		return ""
	}
	s := string(b)
	if from > 0 {
		if _, rest, ok := strings.Cut(s, "\n"); ok {
			s = rest
		}
	}
	return s
}
