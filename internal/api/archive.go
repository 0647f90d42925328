package api

import "time"

// ArchiveListing is what is in an archive, as far as it was looked at.
type ArchiveListing struct {
	Format  string         `json:"format" enum:"zip,tar,tar.gz,tar.bz2,tar.xz,tar.zst,gz,bz2,xz,zst"`
	Size    int64          `json:"size" doc:"of the archive, in bytes"`
	Items   []ArchiveEntry `json:"items"`
	More    bool           `json:"more,omitempty" doc:"there are others: the look was bounded"`
	Problem string         `json:"problem,omitempty" doc:"why it cannot be read on: it is damaged, or beyond a limit"`
}

// ArchiveEntry is a thing in an archive.
type ArchiveEntry struct {
	Path     string    `json:"path" doc:"as the archive has it"`
	Kind     string    `json:"kind" enum:"file,dir,symlink,hardlink"`
	Size     int64     `json:"size" doc:"in bytes; -1 when it is not known before it is unpacked"`
	Modified time.Time `json:"modified,omitzero"`
	Target   string    `json:"target,omitempty" doc:"where a link leads"`
	Refused  string    `json:"refused,omitempty" doc:"why it would not be unpacked"`
}
