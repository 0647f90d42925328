// Package web holds the browser app as it was built: `npm run build` writes
// web/dist, and this package embeds it.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Dist is the built app; index.html is at its root. A program compiled before
// the app was built gets a folder without it.
func Dist() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		return nil // dist is a valid path: this cannot happen
	}
	return sub
}
