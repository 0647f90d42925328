package api

import "time"

// Terminal is a terminal session of a project.
type Terminal struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Title   string    `json:"title,omitempty" doc:"as set by the program in it"`
	Created time.Time `json:"created"`
	Viewers int       `json:"viewers"`
	Exited  *Exit     `json:"exited,omitempty"`
}

// Exit tells how a process ended.
type Exit struct {
	Code   int    `json:"code"`
	Signal string `json:"signal,omitempty"`
}

// NewTerminal is the request for a terminal.
type NewTerminal struct {
	Name string `json:"name,omitempty" maxLength:"100"`
	Dir  string `json:"dir,omitempty" doc:"where it begins, from the home"`
	Cols int    `json:"cols,omitempty" minimum:"0" maximum:"1000"`
	Rows int    `json:"rows,omitempty" minimum:"0" maximum:"1000"`
}

// TerminalChange is the request to rename a terminal.
type TerminalChange struct {
	Name string `json:"name" maxLength:"100"`
}
