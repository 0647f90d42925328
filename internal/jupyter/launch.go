package jupyter

import "time"

// Launch asks the supervisor of a project to start a kernel, and is kept with it:
// a restart launches the same again.
type Launch struct {
	ID          string        `json:"id"`
	Spec        string        `json:"spec"`
	DisplayName string        `json:"displayName"`
	Language    string        `json:"language"`
	Interrupt   string        `json:"interrupt"` // signal or message
	Transport   string        `json:"transport"` // ipc or tcp
	Argv        []string      `json:"argv"`      // the program by its path; {connection_file} stands for the file
	Env         []string      `json:"env,omitempty"`
	Dir         string        `json:"dir"`               // absolute path of the first folder
	Path        string        `json:"path,omitempty"`    // the notebook that it is for
	Note        []byte        `json:"note,omitempty"`    // whatever the project server wants to know again
	Patience    time.Duration `json:"patience"`          // until its first answer; 0 means 60 s
	Reserve     bool          `json:"reserve,omitempty"` // it is nobody's yet, and counts as no use of the project
}

// MaxNote is how long a note may be, in bytes.
const MaxNote = 256 << 10

// ConnectionFile stands in Launch.Argv for the path of the connection file.
const ConnectionFile = "{connection_file}"

// Process is a kernel as the supervisor tells of it.
type Process struct {
	Launch
	Status      Status    `json:"status"`
	Working     string    `json:"working,omitempty"` // id of the request that it works on
	Started     time.Time `json:"started"`
	UsedAt      time.Time `json:"usedAt"`            // last request to it, or when it finished one
	Acked       uint64    `json:"acked"`             // of its records, the highest number that was acknowledged
	Last        uint64    `json:"last"`              // and the highest there is
	Refused     int64     `json:"refused,omitempty"` // messages with wrong signatures, or that were none
	MemoryBytes int64     `json:"memoryBytes"`       // with what it started
	CPUPercent  *float64  `json:"cpuPercent,omitempty"`
}

// Change changes what the supervisor keeps with a kernel. What is nil stays.
type Change struct {
	Note *[]byte `json:"note,omitempty"`
	Path *string `json:"path,omitempty"`
	Dir  *string `json:"dir,omitempty"` // absolute: where it was made to go, and where a restart begins

	Taken bool `json:"taken,omitempty"` // it is in reserve no longer
}

// StreamProtocol is what a connection of the project server to a kernel upgrades
// to: records (Record.AppendTo) in both directions.
const StreamProtocol = "lyceum-kernel"
