package pgserver

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"lyceum/internal/lyceum"
)

var discard = slog.New(slog.DiscardHandler)

// bundle is what a Maven repository serves: a zip with a tar.xz, in it programs
// that say no more than their version.
func bundle(t *testing.T) []byte {
	t.Helper()
	var files bytes.Buffer
	tw := tar.NewWriter(&files)
	for name, text := range map[string]string{
		"bin/postgres": "#!/bin/sh\necho 'postgres (PostgreSQL) 18.3'\n",
		"bin/initdb":   "#!/bin/sh\nexit 1\n",
		"bin/pg_ctl":   "#!/bin/sh\nexit 1\n",
	} {
		if err := tw.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(text)), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := tw.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := tw.Close(); err != nil {
		t.Fatal(err)
	}
	xz := exec.Command("xz", "-c")
	xz.Stdin = &files
	packed, err := xz.Output()
	if err != nil {
		t.Fatalf("xz (package xz-utils): %v", err)
	}
	var jar bytes.Buffer
	zw := zip.NewWriter(&jar)
	w, err := zw.Create("postgres-linux-x86_64.txz")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(packed); err != nil {
		t.Fatal(err)
	}
	if err := zw.Close(); err != nil {
		t.Fatal(err)
	}
	return jar.Bytes()
}

// mirror serves jar, and sum as its checksum.
func mirror(t *testing.T, jar []byte, sum string) string {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case jar == nil:
			http.NotFound(w, r)
		case strings.HasSuffix(r.URL.Path, ".sha256"):
			_, _ = w.Write([]byte(sum))
		default:
			_, _ = w.Write(jar)
		}
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

func TestFetch(t *testing.T) {
	t.Parallel()
	jar := bundle(t)
	sum := sha256.Sum256(jar)
	cfg := Config{Cache: filepath.Join(t.TempDir(), "programs"), Log: discard, Mirror: mirror(t, jar, hex.EncodeToString(sum[:]))}
	p, err := fetchPrograms(t.Context(), cfg, 0)
	if err != nil {
		t.Fatal(err)
	}
	if p.major != 18 || p.version != "18.3" {
		t.Errorf("fetched %+v, want version 18.3", p)
	}
	left, err := filepath.Glob(filepath.Join(cfg.Cache, "*"))
	if err != nil || len(left) != 1 {
		t.Errorf("in the cache: %v, %v, want one folder", left, err)
	}
	found := findPrograms(t.Context(), cfg)
	if len(found) == 0 || found[0].dir != p.dir {
		t.Errorf("found %v, want the fetched %s first", found, p.dir)
	}
}

func TestFetchFails(t *testing.T) {
	t.Parallel()
	jar := bundle(t)
	for name, url := range map[string]string{
		"nobody there":   "http://127.0.0.1:1",
		"not found":      mirror(t, nil, ""),
		"wrong checksum": mirror(t, jar, strings.Repeat("0", 64)),
		"not an archive": mirror(t, []byte("hello"), strings.Repeat("0", 64)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := Config{Cache: t.TempDir(), Log: discard, Mirror: url}
			_, err := fetchPrograms(t.Context(), cfg, 0)
			if !lyceum.IsKind(err, lyceum.Unavailable) || !strings.Contains(err.Error(), "apt-get install postgresql") || !strings.Contains(err.Error(), "--database-url") {
				t.Errorf("fetchPrograms = %v, want Unavailable with what to do", err)
			}
			if left, err := filepath.Glob(filepath.Join(cfg.Cache, "*")); err != nil || len(left) > 0 {
				t.Errorf("left in the cache: %v, %v", left, err)
			}
		})
	}
}
