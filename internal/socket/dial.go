package socket

import (
	"context"
	"net/http"

	"github.com/coder/websocket"

	"lyceum/internal/lyceum"
)

// Client is the other end of a socket of a server of ours, of binary messages. Read
// and Write may be called from one goroutine each, Close from any.
type Client struct{ ws *websocket.Conn }

// Dial opens the socket at url by a transport, with headers, a sub-protocol, and
// messages of at most limit bytes. The error is of kind Unavailable, or NotFound when
// that is the answer. The caller calls Close.
func Dial(ctx context.Context, by http.RoundTripper, url string, h http.Header, subprotocol string, limit int64) (*Client, error) {
	ws, res, err := websocket.Dial(ctx, url, &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: by}, HTTPHeader: h, Subprotocols: []string{subprotocol},
	})
	if res != nil && res.Body != nil {
		_ = res.Body.Close()
	}
	if err != nil {
		if res != nil && res.StatusCode == http.StatusNotFound {
			return nil, lyceum.Wrap(lyceum.NotFound, err, "it is not there")
		}
		return nil, lyceum.Wrap(lyceum.Unavailable, err, "it cannot be reached at this moment; try again")
	}
	ws.SetReadLimit(limit)
	return &Client{ws}, nil
}

// Read returns the next message. When ctx ends, so does the connection.
func (c *Client) Read(ctx context.Context) ([]byte, error) {
	_, b, err := c.ws.Read(ctx)
	return b, err
}

// Write sends a message. When ctx ends, so does the connection.
func (c *Client) Write(ctx context.Context, msg []byte) error {
	return c.ws.Write(ctx, websocket.MessageBinary, msg)
}

// Close ends the connection.
func (c *Client) Close() { _ = c.ws.CloseNow() }
