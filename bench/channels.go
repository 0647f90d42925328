package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/coder/websocket"
)

// jupyter is a server that speaks Jupyter's HTTP API: ours below a project, or
// Jupyter Server.
type jupyter struct {
	url    string // with a slash at the end
	header http.Header
}

func (s *site) jupyter(project string) jupyter {
	return jupyter{s.url + "/p/" + project + "/jupyter/", http.Header{"Cookie": {s.cookies()}, "Origin": {s.url}}}
}

func jupyterAt(c *child) jupyter {
	return jupyter{"http://" + c.addr + "/", http.Header{"Authorization": {"token " + jhToken}}}
}

// call makes one request, and parses the answer into out unless that is nil.
func (j jupyter) call(ctx context.Context, method, path, body string, out any) error {
	r, err := http.NewRequestWithContext(ctx, method, j.url+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	r.Header = j.header.Clone()
	r.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s", method, path, res.Status)
	}
	if out == nil {
		return nil
	}
	return json.NewDecoder(res.Body).Decode(out)
}

// channels is a connection to the channels of a kernel, by the default protocol.
type channels struct {
	conn *websocket.Conn
	asks int
}

// said is what is looked at of a message.
type said struct {
	Header struct {
		Type string `json:"msg_type"`
	} `json:"header"`
	Parent struct {
		ID string `json:"msg_id"`
	} `json:"parent_header"`
	Content json.RawMessage `json:"content"`
}

// start starts the usual kernel and connects to it; end parts and shuts it down.
func (j jupyter) start(ctx context.Context) (c *channels, end func(), err error) {
	var made struct{ ID string }
	if err := j.call(ctx, "POST", "api/kernels", `{"name":"python3"}`, &made); err != nil {
		return nil, nil, err
	}
	conn, _, err := websocket.Dial(ctx, j.url+"api/kernels/"+made.ID+"/channels?session_id="+benchSession, &websocket.DialOptions{HTTPHeader: j.header})
	if err != nil {
		return nil, nil, err
	}
	conn.SetReadLimit(64 << 20)
	return &channels{conn: conn}, func() {
		_ = conn.CloseNow()
		_ = j.call(context.WithoutCancel(ctx), "DELETE", "api/kernels/"+made.ID, "", nil) // its server ends soon anyway
	}, nil
}

const benchSession = "6d7a1f6e-9f6e-4f7b-9d3c-0d1a5f6e7b10"

// execute sends a request to run code, and returns its id.
func (c *channels) execute(ctx context.Context, code string) (id string, err error) {
	c.asks++
	id = "bench-" + strconv.Itoa(c.asks)
	text, err := json.Marshal(map[string]any{
		"channel": "shell", "buffers": []any{}, "metadata": map[string]any{}, "parent_header": map[string]any{},
		"header":  map[string]any{"msg_id": id, "msg_type": "execute_request", "session": benchSession, "username": "", "version": "5.3", "date": time.Now().UTC().Format(time.RFC3339Nano)},
		"content": map[string]any{"code": code, "silent": false, "store_history": true, "user_expressions": struct{}{}, "allow_stdin": false, "stop_on_error": false},
	})
	if err != nil {
		return "", err
	}
	return id, c.conn.Write(ctx, websocket.MessageText, text)
}

// until reads what is said about a request until f is content.
func (c *channels) until(ctx context.Context, id string, f func(m said) bool) error {
	for {
		_, b, err := c.conn.Read(ctx)
		if err != nil {
			return err
		}
		var m said
		if json.Unmarshal(b, &m) != nil || m.Parent.ID != id {
			continue // binary, or about something else
		}
		if f(m) {
			return nil
		}
	}
}

// isIdle reports whether the kernel says that it is done.
func isIdle(m said) bool {
	return m.Header.Type == "status" && strings.Contains(string(m.Content), `"idle"`)
}

// echo runs 1+1 and returns the milliseconds until the kernel was idle.
func (c *channels) echo(ctx context.Context) (float64, error) {
	began := time.Now()
	id, err := c.execute(ctx, "1+1")
	if err == nil {
		err = c.until(ctx, id, isIdle)
	}
	return float64(time.Since(began).Microseconds()) / 1e3, err
}

// echoes are the times of so many, after some that warm up.
func (c *channels) echoes(ctx context.Context, n int) (all sample, err error) {
	for i := range n + 50 {
		ms, err := c.echo(ctx)
		if err != nil {
			return nil, err
		}
		if i >= 50 {
			all = append(all, ms)
		}
	}
	return all, nil
}

// flood runs code and returns how many lines and displays arrived, and the seconds
// from the request to the last of them. Where the end does not come either, it ends
// when nothing has come for a while.
func (c *channels) flood(ctx context.Context, code string) (got int, seconds float64, err error) {
	began := time.Now()
	last := began
	id, err := c.execute(ctx, code)
	if err != nil {
		return 0, 0, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	silence := time.AfterFunc(floodSilence, cancel)
	defer silence.Stop()
	err = c.until(ctx, id, func(m said) bool {
		silence.Reset(floodSilence)
		last = time.Now()
		switch m.Header.Type {
		case "stream":
			var s struct{ Text string }
			if json.Unmarshal(m.Content, &s) == nil {
				got += countLines(s.Text)
			}
		case "display_data":
			got++
		}
		return isIdle(m)
	})
	if ctx.Err() != nil {
		err = nil
	}
	return got, last.Sub(began).Seconds(), err
}

// floodSilence is after how long without a message a flood is over.
const floodSilence = 5 * time.Second

// countLines counts those that the flood has printed: a server may say things of its own.
func countLines(text string) (n int) {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, floodLine) {
			n++
		}
	}
	return n
}
