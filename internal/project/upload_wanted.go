package project

import (
	"context"
	"crypto/sha1" // the protocol asks for it; it guards against broken bytes, not against people
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"io/fs"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"lyceum/internal/files"
	"lyceum/internal/lyceum"
)

// wantedUpload reads what a creation says. Metadata that is not ours is passed over.
func wantedUpload(h http.Header) (uploadInfo, error) {
	var i uploadInfo
	var err error
	i.Size, err = strconv.ParseInt(h.Get("Upload-Length"), 10, 64)
	switch {
	case err != nil && isDigits(h.Get("Upload-Length")), i.Size > maxUploadSize:
		return i, lyceum.Errorf(lyceum.TooLarge, "a file can have %d bytes at most", int64(maxUploadSize))
	case err != nil, i.Size < 0:
		return i, lyceum.Errorf(lyceum.Invalid, "Upload-Length must say how many bytes will come")
	}
	i.Metadata = h.Get("Upload-Metadata")
	m, err := parseMetadata(i.Metadata)
	if err != nil {
		return i, err
	}
	i.Path = m["path"]
	if i.Path == "" {
		i.Path = m["filename"] // what clients of others call it
	}
	i.Conflict, i.Version, i.Parents = m["conflict"], m["version"], m["parents"] == "1"
	if i.Conflict == "" {
		i.Conflict = "fail"
	}
	if !isConflict(i.Conflict) {
		return i, lyceum.Errorf(lyceum.Invalid, "conflict must be fail, overwrite or keep-both")
	}
	if s := m["modified"]; s != "" {
		if i.Modified, err = time.Parse(time.RFC3339Nano, s); err != nil {
			return i, lyceum.Errorf(lyceum.Invalid, "modified must be a time such as 2026-11-26T21:00:00Z")
		}
	}
	if s := m["mode"]; s != "" {
		n, err := strconv.ParseUint(s, 8, 32)
		if err != nil || n > 0o777 {
			return i, lyceum.Errorf(lyceum.Invalid, "mode must be permissions in octal, such as 644")
		}
		i.Mode = fs.FileMode(n)
	}
	return i, nil
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

func isConflict(s string) bool { return slices.Contains([]string{"fail", "overwrite", "keep-both"}, s) }

// parseMetadata reads Upload-Metadata (creation extension): pairs of a key and a
// value in base64, with a comma between them; the value may be left out.
func parseMetadata(s string) (map[string]string, error) {
	m := map[string]string{}
	if strings.TrimSpace(s) == "" {
		return m, nil
	}
	for pair := range strings.SplitSeq(s, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(pair), " ")
		text, err := base64.StdEncoding.DecodeString(value)
		_, twice := m[key]
		if err != nil || twice || !isKey(key) {
			return nil, lyceum.Errorf(lyceum.Invalid, "Upload-Metadata must be keys and base64, as tus says")
		}
		m[key] = string(text)
	}
	return m, nil
}

func isKey(s string) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' || c == ',' {
			return false
		}
	}
	return s != ""
}

// checkUpload refuses what cannot come to a good end before any byte is sent.
func (p *Project) checkUpload(ctx context.Context, i *uploadInfo) error {
	raw, err := files.Decode(i.Path)
	if err != nil {
		return err
	}
	if raw == "" {
		return lyceum.Errorf(lyceum.Invalid, "say in Upload-Metadata which path the file shall have")
	}
	if strings.HasPrefix(i.Path+"/", ownFolder+"/") {
		return lyceum.Errorf(lyceum.Forbidden, "this folder is Lyceum's own")
	}
	if err := files.CheckNew(i.Path); err != nil {
		return err
	}
	e, err := p.dir.StatFollow(ctx, i.Path)
	switch {
	case lyceum.IsKind(err, lyceum.NotFound):
		if i.Version != "" {
			return lyceum.Errorf(lyceum.Conflict, "the file is not there any more")
		}
		return p.checkFolder(ctx, i)
	case err != nil:
		return err
	case i.Conflict == "keep-both":
		return nil
	case e.Kind != files.File:
		return lyceum.Errorf(lyceum.Conflict, "there is a folder, or something else, of that name")
	case i.Conflict == "fail":
		return lyceum.Errorf(lyceum.Conflict, "there is a file of that name already")
	case i.Version != "" && i.Version != e.Version:
		return lyceum.Errorf(lyceum.Conflict, "the file was changed by someone else in the meantime")
	}
	return nil
}

// checkFolder holds that the folder is there, or may be made.
func (p *Project) checkFolder(ctx context.Context, i *uploadInfo) error {
	dir, _ := files.Split(i.Path)
	if i.Parents || dir == "" {
		return nil
	}
	e, err := p.dir.StatFollow(ctx, dir)
	if err == nil && e.Kind != files.Folder {
		err = lyceum.Errorf(lyceum.Conflict, "%s is not a folder", dir)
	}
	return err
}

// checksum is what a request says of its bytes.
type checksum struct {
	hash hash.Hash
	want []byte
}

var checksums = []struct {
	name string
	new  func() hash.Hash
}{{"sha256", sha256.New}, {"sha1", sha1.New}}

func checksumNames() (names []string) {
	for _, c := range checksums {
		names = append(names, c.name)
	}
	return names
}

// checksumOf reads Upload-Checksum (checksum extension); nil when there is none.
func checksumOf(h http.Header) (*checksum, error) {
	s := h.Get("Upload-Checksum")
	if s == "" {
		return nil, nil
	}
	name, sum, _ := strings.Cut(s, " ")
	for _, c := range checksums {
		if c.name != name {
			continue
		}
		want, err := base64.StdEncoding.DecodeString(sum)
		k := &checksum{hash: c.new(), want: want}
		if err != nil || len(want) != k.hash.Size() {
			return nil, lyceum.Errorf(lyceum.Invalid, "Upload-Checksum must be a name and base64")
		}
		return k, nil
	}
	return nil, lyceum.Errorf(lyceum.Invalid, "checksums are made with %s here", strings.Join(checksumNames(), " or "))
}
