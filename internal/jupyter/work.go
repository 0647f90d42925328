package jupyter

import "encoding/json"

// Work follows what a running kernel works on, by what it tells on iopub. The zero
// value works on nothing. Not safe for concurrent use.
type Work struct {
	on string // id of the request; "" when idle
}

// WorkOn is that of a kernel that works on a request already; "" is none.
func WorkOn(request string) Work { return Work{request} }

// On is the id of the request that it works on; "" when idle.
func (w *Work) On() string { return w.on }

// Busy reports whether it works on something.
func (w *Work) Busy() bool { return w.on != "" }

// Heard takes a message and reports whether Busy has changed. Requests on control
// are worked on beside the one on shell, whose end alone makes the kernel idle.
func (w *Work) Heard(m Message) (changed bool) {
	if m.Channel != IOPub || m.Head.Type != "status" || m.Parent.ID == "" {
		return false
	}
	var content struct {
		State string `json:"execution_state"`
	}
	if json.Unmarshal(m.Content, &content) != nil {
		return false // a status that says nothing
	}
	before := w.Busy()
	switch {
	case content.State == "busy" && (w.on == "" || m.Parent.Type == "execute_request"):
		w.on = m.Parent.ID
	case content.State == "idle" && w.on == m.Parent.ID:
		w.on = ""
	}
	return before != w.Busy()
}
