package project_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"lyceum/internal/project"
)

// TestUploadThroughNginx sends what the browser sends through an nginx with the
// settings of its package: a body of a megabyte at most.
func TestUploadThroughNginx(t *testing.T) {
	t.Parallel()
	nginx, err := exec.LookPath("nginx")
	if err != nil {
		if nginx = "/usr/sbin/nginx"; !isThere(nginx) {
			t.Skip("nginx is not installed; tools/test-deps does that")
		}
	}
	w, _ := serve(t)
	dir := filepath.Dir(w.home)
	socket := filepath.Join(dir, "nginx.sock")
	config := fmt.Sprintf(`daemon off; pid %[1]s/nginx.pid; error_log stderr;
events {}
http {
  access_log off;
  client_body_temp_path %[1]s/b; proxy_temp_path %[1]s/p; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
  server { listen unix:%[2]s; location / { proxy_pass http://unix:%[3]s; } }
}
`, dir, socket, filepath.Join(w.run, project.SocketName))
	if os.Geteuid() == 0 {
		config = "user root;\n" + config // its workers must get to the folders of the test
	}
	path := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(nginx, "-c", path, "-e", "stderr")
	out := &lockedBuffer{}
	cmd.Stderr = out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		var ended *exec.ExitError
		if err := cmd.Wait(); err != nil && !errors.As(err, &ended) {
			t.Errorf("nginx ended with %v", err)
		}
	})
	w.until("nginx answers", func() error {
		c, err := net.Dial("unix", socket)
		if err == nil {
			_ = c.Close()
		}
		return err
	})
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", socket)
	}}
	t.Cleanup(transport.CloseIdleConnections)
	w.client = &http.Client{Transport: transport}
	const chunk = 1_000_000 // as web/src/api/uploads.ts has it
	content := strings.Repeat("0123456789", 250_000)
	at := w.begin(len(content), "path", "a.bin")
	for offset := 0; offset < len(content); offset += chunk {
		end := min(offset+chunk, len(content))
		w.patch(at, content[offset:end], offset, 204, end)
	}
	if w.read("a.bin") != content {
		t.Error("the file is not what was sent")
	}
	// And the limit is there.
	at = w.begin(len(content), "path", "b.bin")
	if res, _ := w.tus(w.editor(), "PATCH", at, content, "Content-Type", "application/offset+octet-stream", "Upload-Offset", "0"); res.StatusCode != 413 || w.offset(at) != 0 {
		t.Errorf("a chunk of %d bytes: %d", len(content), res.StatusCode)
	}
}

func isThere(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
