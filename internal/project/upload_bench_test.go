package project_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"lyceum/internal/api"
)

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// BenchmarkUpload2GB sends 2 GiB in chunks of a megabyte, packs it as tar and says
// how much memory the project's processes ever had. Run it with -benchtime=1x.
func BenchmarkUpload2GB(b *testing.B) {
	w, super := launch(b, 0)
	const size, chunk = 2 << 30, 1_000_000
	for b.Loop() {
		res, body := w.tus(w.editor(), "POST", "uploads", "", "Upload-Length", strconv.Itoa(size), "Upload-Metadata", metadata("path", "a.bin", "conflict", "overwrite"))
		if res.StatusCode != 201 {
			b.Fatalf("%d %s", res.StatusCode, body)
		}
		at := res.Header.Get("Location")
		for offset := 0; offset < size; offset += chunk {
			n := min(chunk, size-offset)
			r := w.request(w.editor(), "PATCH", at, io.LimitReader(endless{}, int64(n)), "Tus-Resumable", "1.0.0", "Content-Type", "application/offset+octet-stream", "Upload-Offset", strconv.Itoa(offset))
			r.ContentLength = int64(n)
			if res, body := w.send(r); res.StatusCode != 204 {
				b.Fatalf("%d %s", res.StatusCode, body)
			}
		}
		if e := decode[api.Entry](b, w.want(200, "GET", "files/a.bin?entry=1", "")); e.Size != size {
			b.Fatalf("%d bytes are there", e.Size)
		}
	}
	b.SetBytes(size)
	b.ReportMetric(float64(peak(b, super)), "peak-kB")
	res, err := w.client.Do(w.request(w.editor(), "GET", "archive?path=a.bin&format=tar", nil))
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	if n, err := io.Copy(io.Discard, res.Body); err != nil || n < size {
		b.Fatalf("%d bytes came, %v", n, err)
	}
	b.ReportMetric(float64(peak(b, super)), "peak-kB-after-download")
}

// peak is the most memory that the project server ever had resident, in kB.
func peak(b *testing.B, super *exec.Cmd) (most int) {
	b.Helper()
	out, err := exec.Command("pgrep", "-P", strconv.Itoa(super.Process.Pid)).Output()
	if err != nil {
		b.Fatal(err)
	}
	for pid := range strings.FieldsSeq(string(out)) {
		status, err := os.ReadFile("/proc/" + pid + "/status")
		if err != nil {
			continue // ended
		}
		_, rest, _ := strings.Cut(string(status), "VmHWM:")
		var kB int
		if _, err := fmt.Sscan(rest, &kB); err == nil {
			most = max(most, kB)
		}
	}
	return most
}
