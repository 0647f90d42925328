package project

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"sync"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/files"
	"lyceum/internal/lyceum"
	"lyceum/internal/preview"
	"lyceum/internal/rest"
)

// Bounds of the pictures that are kept scaled.
const (
	maxPictures     = 8
	maxPictureBytes = 16 << 20 // of all together
)

// pictures are the last ones that were scaled. One is scaled at a time.
type pictures struct {
	scaling sync.Mutex
	mu      sync.Mutex
	list    []scaled // the latest last
}

type scaled struct {
	tag, kind string
	data      []byte
}

// getPicture answers with what a picture's header tells, or with ?width= with the
// picture itself, not wider than that.
func (p *Project) getPicture(w http.ResponseWriter, r *http.Request, c call) error {
	real, err := p.visible(r.Context(), c)
	if err != nil {
		return err
	}
	f, err := p.dir.Open(r.Context(), real)
	if err != nil {
		return err
	}
	defer f.Close()
	if width := r.URL.Query().Get("width"); width != "" {
		n, err := strconv.Atoi(width)
		if err != nil || n < 1 || n > preview.MaxSide {
			return lyceum.Invalidf("width", "width must be a number from 1 to %d", preview.MaxSide)
		}
		return p.sendPicture(w, r, f, n)
	}
	s, err := preview.Look(f, f.Entry.Size)
	if err != nil {
		return err
	}
	return rest.WriteJSON(w, api.Picture{
		Version: f.Entry.Version, Format: s.Format, Width: s.Width, Height: s.Height, Size: f.Entry.Size,
		Scalable: s.Scalable, TooLarge: s.Pixels() > preview.MaxPixels,
	})
}

func (p *Project) sendPicture(w http.ResponseWriter, r *http.Request, f *files.Reader, width int) error {
	s, err := p.pictures.get(r.Context(), f, width)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", s.kind)
	h.Set("Etag", s.tag)
	h.Set("Cache-Control", "private, no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(s.data))
	return nil
}

func (s *pictures) get(ctx context.Context, f *files.Reader, width int) (scaled, error) {
	tag := fmt.Sprintf(`"%s-%d-%d"`, f.Entry.Version, f.Entry.Inode, width)
	if found, ok := s.kept(tag); ok {
		return found, nil
	}
	s.scaling.Lock()
	defer s.scaling.Unlock()
	if found, ok := s.kept(tag); ok {
		return found, nil
	}
	if err := ctx.Err(); err != nil {
		return scaled{}, err
	}
	data, kind, err := preview.Scale(ctx, f, f.Entry.Size, width)
	// What it took is not kept until the collector comes by: the project's memory
	// is limited, and most of it is for other programs.
	debug.FreeOSMemory()
	if err != nil {
		return scaled{}, err
	}
	made := scaled{tag, kind, data}
	s.keep(made)
	return made, nil
}

func (s *pictures) kept(tag string) (scaled, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.list, func(p scaled) bool { return p.tag == tag })
	if i < 0 {
		return scaled{}, false
	}
	return s.list[i], true
}

func (s *pictures) keep(p scaled) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = append(s.list, p)
	bytes := 0
	for _, k := range s.list {
		bytes += len(k.data)
	}
	for len(s.list) > 0 && (len(s.list) > maxPictures || bytes > maxPictureBytes) {
		bytes -= len(s.list[0].data)
		s.list = slices.Delete(s.list, 0, 1)
	}
}
