package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// filesSection compares listings with Jupyter Server, and the transfer of a large
// file with nginx. All go over the loopback address.
func filesSection(ctx context.Context, b *bench) error {
	s, err := b.site(ctx, "files", -1)
	if err != nil {
		return err
	}
	defer s.end(ctx)
	id, err := s.make(ctx, "Files")
	if err != nil {
		return err
	}
	if err := s.start(ctx, id); err != nil {
		return err
	}
	home := filepath.Join(s.data, "projects", id)
	var j *child // nil where Lyceum is measured alone
	if !b.solo {
		if j, err = b.jupyterServer(ctx, 100); err != nil {
			return err
		}
		defer j.end()
	}
	for _, n := range []int{10_000, 100_000} {
		if b.quick && n > 10_000 {
			break
		}
		if err := b.listingRow(ctx, s, id, home, j, n); err != nil {
			return err
		}
	}
	if b.solo {
		return nil // transfers are compared, or they say little
	}
	return b.transferRows(ctx, s, id, home)
}

// listingRow lists a folder of n small files: ours all of 10,000 in one page, of
// 100,000 the first page in each order; Jupyter's contents API has no pages. Until
// the last byte is there, for both.
func (b *bench) listingRow(ctx context.Context, s *site, id, home string, j *child, n int) error {
	name := "many" + strconv.Itoa(n)
	for _, dir := range []string{filepath.Join(home, name), filepath.Join(b.work, "jupyter", "100", name)} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		for i := range n {
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("file-%06d.txt", i)), []byte("x"), 0o644); err != nil {
				return err
			}
		}
	}
	type order struct {
		query, what string
		seen        int
		limit       float64
	}
	orders := []order{{"limit=10000", "list 10,000 files, all of them", n, 50}}
	if n > 10_000 {
		orders = nil
		for _, by := range []string{"name", "size", "modified"} {
			orders = append(orders, order{"sort=" + by, "first page (1,000) of 100,000 files, by " + by, 1000, 100})
		}
	}
	var theirs sample
	ours := make([]sample, len(orders))
	h := http.Header{"Cookie": {s.cookies()}, "Sec-Fetch-Site": {"same-origin"}}
	for i := range b.rounds + 1 {
		for k, o := range orders {
			took, err := listed(ctx, s.url+"/p/"+id+"/files/"+name+"?"+o.query, h, o.seen)
			if err != nil {
				return err
			}
			if i > 0 {
				ours[k] = append(ours[k], took)
			}
		}
		if j == nil {
			continue
		}
		took, err := listed(ctx, "http://"+j.addr+"/api/contents/"+name+"?content=1", http.Header{"Authorization": {"token " + jhToken}}, n)
		if err != nil {
			return err
		}
		if i > 0 {
			theirs = append(theirs, took)
		}
	}
	for k, o := range orders {
		b.report.add(row{What: o.what, Unit: "ms", Ours: ours[k], Peer: "jupyter server, all of them", Peers: theirs, Aim: fmt.Sprintf("≤ %.0f ms", o.limit), Met: met(ours[k].median() <= o.limit)})
	}
	return nil
}

// listed asks for a listing of so many files and returns the milliseconds it took.
func listed(ctx context.Context, address string, h http.Header, files int) (float64, error) {
	began := time.Now()
	body, err := get(ctx, address, h)
	took := time.Since(began).Seconds() * 1e3
	if err != nil {
		return 0, err
	}
	if c := strings.Count(string(body), `"name":"file-`) + strings.Count(string(body), `"name": "file-`); c != files {
		return 0, fmt.Errorf("GET %s: %d of %d files", address, c, files)
	}
	return took, nil
}

func get(ctx context.Context, address string, h http.Header) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, "GET", address, nil)
	if err != nil {
		return nil, err
	}
	for k, v := range h {
		r.Header[k] = v
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode >= 300 {
		err = fmt.Errorf("GET %s: %s: %.200s", address, res.Status, body)
	}
	return body, err
}

// transferRows downloads and uploads one large file. nginx serves it from a folder
// and takes it by WebDAV's PUT; ours goes through the hub and the project server,
// and is on disk (fsync) when the upload is answered.
func (b *bench) transferRows(ctx context.Context, s *site, id, home string) error {
	size := int64(1 << 30)
	if b.quick {
		size = 64 << 20
	}
	n, err := b.nginxFiles(ctx)
	if err != nil {
		return err
	}
	defer n.end()
	for _, dir := range []string{home, n.dir} {
		if err := writeLarge(filepath.Join(dir, "large.bin"), size); err != nil {
			return err
		}
	}
	pids, err := s.runOf(id)
	if err != nil {
		return err
	}
	watch := func() float64 { return rss(append(pids[:len(pids):len(pids)], s.child.pid())) / 1e6 }
	mb := float64(size) / 1e6
	var down, downPeer, up, upPeer, grown sample
	before := watch()
	h := http.Header{"Cookie": {s.cookies()}, "Sec-Fetch-Site": {"same-origin"}}
	for i := range b.rounds + 1 {
		d, err := download(ctx, s.url+"/p/"+id+"/files/large.bin", h, size)
		if err != nil {
			return err
		}
		dp, err := download(ctx, "http://"+n.addr+"/large.bin", nil, size)
		if err != nil {
			return err
		}
		u, err := upload(ctx, s.url+"/p/"+id+"/files/new.bin", h, size)
		if err != nil {
			return err
		}
		grown = append(grown, watch()-before)
		p, err := upload(ctx, "http://"+n.addr+"/up/new.bin", nil, size)
		if err != nil {
			return err
		}
		if i > 0 {
			down, downPeer, up, upPeer = append(down, mb/d), append(downPeer, mb/dp), append(up, mb/u), append(upPeer, mb/p)
		}
	}
	b.report.add(row{What: fmt.Sprintf("download of %.0f MB", mb), Unit: "MB/s", Ours: down, Peer: "nginx", Peers: downPeer})
	b.report.add(row{What: fmt.Sprintf("upload of %.0f MB", mb), Unit: "MB/s", Ours: up, Peer: "nginx (WebDAV)", Peers: upPeer, Note: "ours is on disk when it is answered; nginx's is in the system's cache"})
	b.report.add(row{What: "memory that the transfers added to hub and project", Unit: "MB", Ours: grown, Aim: "flat: ≤ 32 MB", Met: met(grown.at(1) <= 32)})
	return nil
}

func writeLarge(path string, size int64) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	block := make([]byte, 1<<20)
	if _, err := rand.Read(block); err != nil {
		return err
	}
	for done := int64(0); done < size; done += int64(len(block)) {
		if _, err := f.Write(block); err != nil {
			return err
		}
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return os.Chmod(path, 0o644)
}

func download(ctx context.Context, address string, h http.Header, size int64) (seconds float64, err error) {
	r, err := http.NewRequestWithContext(ctx, "GET", address, nil)
	if err != nil {
		return 0, err
	}
	for k, v := range h {
		r.Header[k] = v
	}
	began := time.Now()
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, res.Body, make([]byte, 256<<10))
	if err == nil && (n != size || res.StatusCode != 200) {
		err = fmt.Errorf("GET %s: %s, %d bytes of %d", address, res.Status, n, size)
	}
	return time.Since(began).Seconds(), err
}

// zeros is a body of so many bytes.
type zeros struct{ left int64 }

func (z *zeros) Read(b []byte) (int, error) {
	if z.left <= 0 {
		return 0, io.EOF
	}
	n := int(min(int64(len(b)), z.left))
	z.left -= int64(n)
	return n, nil
}

func upload(ctx context.Context, address string, h http.Header, size int64) (seconds float64, err error) {
	r, err := http.NewRequestWithContext(ctx, "PUT", address, &zeros{size})
	if err != nil {
		return 0, err
	}
	for k, v := range h {
		r.Header[k] = v
	}
	r.ContentLength = size
	began := time.Now()
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode >= 300 {
		err = fmt.Errorf("PUT %s: %s: %.200s", address, res.Status, text)
	}
	return time.Since(began).Seconds(), err
}

// nginxFiles serves and takes files.
type nginxFiles struct {
	*child
	dir string
}

func (b *bench) nginxFiles(ctx context.Context) (*nginxFiles, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(b.work, "nginx-files")
	if err := os.MkdirAll(filepath.Join(dir, "up"), 0o755); err != nil {
		return nil, err
	}
	if err := os.Chmod(filepath.Join(dir, "up"), 0o777); err != nil { // its workers are other users
		return nil, err
	}
	addr := "127.0.0.1:" + strconv.Itoa(port)
	conf := strings.NewReplacer("DIR", dir, "ADDR", addr).Replace(`
daemon off; worker_processes 1; pid DIR/../nginx-files.pid; error_log DIR/../nginx-files.log;
events { worker_connections 256; }
http {
  access_log off; sendfile on; client_max_body_size 0;
  client_body_temp_path DIR/up/body; proxy_temp_path DIR/../np; fastcgi_temp_path DIR/../nf; uwsgi_temp_path DIR/../nu; scgi_temp_path DIR/../ns;
  server { listen ADDR; root DIR; location /up/ { dav_methods PUT; create_full_put_path on; dav_access all:rw; } }
}
`)
	file := filepath.Join(b.work, "nginx-files.conf")
	if err := os.WriteFile(file, []byte(conf), 0o644); err != nil {
		return nil, err
	}
	c, err := b.begin("nginx-files", -1, nil, "nginx", "-c", file, "-p", dir)
	if err != nil {
		return nil, err
	}
	c.drain()
	c.addr = addr
	return &nginxFiles{c, dir}, answers(ctx, addr)
}
