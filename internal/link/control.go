package link

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/compute"
	"lyceum/internal/lyceum"
)

// maxRecord bounds one record of a control stream, in bytes.
const maxRecord = 64 << 10

// silence is how long a control stream may say nothing: a project speaks every
// 10 s.
const silence = 35 * time.Second

// Control follows the control stream of a project: each is called with one record
// after the other. It returns when ctx ends, or with an error of kind Unavailable
// when the stream ends, breaks, is silent for 35 s or holds what is no record.
func (l *Link) Control(ctx context.Context, id lyceum.ProjectID, addr compute.Address, each func(api.Control)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r, err := l.system(ctx, http.MethodGet, "/control", id, addr)
	if err != nil {
		return err
	}
	watchdog := time.AfterFunc(silence, cancel)
	defer watchdog.Stop()
	res, err := l.transport.RoundTrip(r)
	if err != nil {
		return lyceum.Wrap(lyceum.Unavailable, err, "the control stream could not be opened")
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return lyceum.Errorf(lyceum.Unavailable, "the project answered the control stream with status %d", res.StatusCode)
	}
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(make([]byte, 0, 1024), maxRecord)
	for lines.Scan() {
		watchdog.Reset(silence)
		var c api.Control
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			return lyceum.Wrap(lyceum.Unavailable, err, "the control stream holds what is no record")
		}
		each(c)
	}
	err = lines.Err()
	if err == nil {
		err = io.EOF
	}
	return lyceum.Wrap(lyceum.Unavailable, err, "the control stream ended")
}

// Cut asks the project server to close the sockets that c names, and returns when
// it did.
func (l *Link) Cut(ctx context.Context, id lyceum.ProjectID, addr compute.Address, c api.Cut) error {
	body, err := json.Marshal(c)
	if err != nil {
		return err
	}
	r, err := l.system(ctx, http.MethodPost, "/cut", id, addr)
	if err != nil {
		return err
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	r.Header.Set("Content-Type", "application/json")
	res, err := l.transport.RoundTrip(r)
	if err != nil {
		return lyceum.Wrap(lyceum.Unavailable, err, "the project could not be asked to close sockets")
	}
	_ = res.Body.Close() // its status says all
	if res.StatusCode != http.StatusNoContent {
		return lyceum.Errorf(lyceum.Unavailable, "the project answered the closing of sockets with status %d", res.StatusCode)
	}
	return nil
}

// Tell tells the project what it may use, or what of it was ended.
func (l *Link) Tell(ctx context.Context, id lyceum.ProjectID, addr compute.Address, t api.Told) error {
	body, err := json.Marshal(t)
	if err != nil {
		return err
	}
	r, err := l.system(ctx, http.MethodPost, "/told", id, addr)
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	res, err := l.transport.RoundTrip(r)
	if err != nil {
		return lyceum.Wrap(lyceum.Unavailable, err, "the project could not be told")
	}
	_ = res.Body.Close() // its status says all
	if res.StatusCode != http.StatusNoContent {
		return lyceum.Errorf(lyceum.Unavailable, "the project was told, and answered with status %d", res.StatusCode)
	}
	return nil
}
