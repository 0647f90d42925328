package api

import "time"

// Kernels is the answer of kernels: what can be started, and what runs.
type Kernels struct {
	Specs   []KernelSpec `json:"specs"`
	Kernels []Kernel     `json:"kernels" doc:"oldest first"`
	Reserve *Kernel      `json:"reserve,omitempty" doc:"a kernel that is kept started for whoever asks for one next"`
}

// KernelSpec is an installed kernel.
type KernelSpec struct {
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
	Language    string `json:"language"`
	Default     bool   `json:"default,omitempty" doc:"what a notebook that names none gets"`
	Folder      string `json:"folder" doc:"absolute path of the kernelspec"`
	Place       string `json:"place" enum:"home,ext,machine" doc:"where its program is: in the project's home, which stays; in what the site offers to all projects; else a part of the machine or image. Only what is in the home can be changed in a project and is kept with it"`
	Problem     string `json:"problem,omitempty" doc:"why it cannot be started"`
}

// Kernel is a kernel that was started.
type Kernel struct {
	ID          string    `json:"id"`
	Spec        string    `json:"spec"`
	DisplayName string    `json:"displayName"`
	Language    string    `json:"language"`
	State       string    `json:"state" enum:"starting,idle,busy,restarting,dead"`
	Since       time.Time `json:"since" doc:"of the state"`
	Started     time.Time `json:"started"`
	UsedAt      time.Time `json:"usedAt" doc:"when it was last asked for something, or finished it"`
	Path        string    `json:"path,omitempty" doc:"the notebook that it was started for"`
	PID         int       `json:"pid,omitempty"`
	MemoryBytes int64     `json:"memoryBytes" doc:"with the programs that it started"`
	CPUPercent  *float64  `json:"cpuPercent,omitempty" doc:"of one core; absent when not known yet"`
	Connections int       `json:"connections" doc:"how many listen to it"`
	Reason      string    `json:"reason,omitempty" doc:"why it is dead: a sentence"`
	Memory      bool      `json:"memory,omitempty" doc:"it is dead because it used more memory than the project has"`
	Stderr      string    `json:"stderr,omitempty" doc:"the last lines that it printed, when it did not start or failed"`
}

// NewKernel is the body of POST kernels.
type NewKernel struct {
	Spec string `json:"spec,omitempty" doc:"name of a kernelspec; without it the default one"`
	Path string `json:"path,omitempty" doc:"the notebook that it is for; its folder is the first one of the kernel"`
}

// KernelChange is the body of PATCH kernels/{kid}.
type KernelChange struct {
	Action string `json:"action" enum:"interrupt,restart"`
}
