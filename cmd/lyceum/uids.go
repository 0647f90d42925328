package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"lyceum/internal/lyceum"
)

// uidClaims is where the sites of this machine say which uids their projects run
// as. It is emptied when the machine starts, as no project runs then.
const uidClaims = "/run/lyceum-uids"

// claim is what a site says: {"data":"/var/lib/lyceum","first":200000,"count":60000}.
type claim struct {
	Data  string `json:"data"`
	First int    `json:"first"`
	Count int    `json:"count"`
}

func (c claim) overlaps(o claim) bool {
	return c.First < o.First+o.Count && o.First < c.First+c.Count
}

// claimUIDs refuses a range that the projects of another site of this machine run
// as: each would take the other's processes for what an earlier run left behind,
// and could read its files. A site whose data folder is gone has no claim.
func claimUIDs(dir string, c claim) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		file := filepath.Join(dir, e.Name())
		other, err := readClaim(file)
		if err != nil {
			return err
		}
		if _, err := os.Stat(other.Data); errors.Is(err, fs.ErrNotExist) {
			if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			continue
		}
		if other.Data != c.Data && c.overlaps(other) {
			return lyceum.Errorf(lyceum.Invalid, "the site in %s uses the user numbers %d to %d for its projects: give this one others, as --first-uid %d",
				other.Data, other.First, other.First+other.Count-1, other.First+other.Count)
		}
	}
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(c.Data))
	return os.WriteFile(filepath.Join(dir, hex.EncodeToString(sum[:8])), text, 0o600)
}

// readClaim returns the zero claim for a file that is being written or is none.
func readClaim(file string) (c claim, err error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) || json.Unmarshal(text, &c) != nil {
		return claim{}, nil
	}
	return c, err
}
