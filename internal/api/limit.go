package api

import "time"

// Limits say how much of the machine a project may use; 0 is no limit.
type Limits struct {
	CPU       int64 `json:"cpu" minimum:"0" doc:"thousandths of a processor core"`
	Memory    int64 `json:"memoryBytes" minimum:"0" doc:"of all its programs together"`
	Processes int64 `json:"processes" minimum:"0" doc:"with threads"`
	Disk      int64 `json:"diskBytes" minimum:"0" doc:"of its home"`
}

// LimitChange states some limits; absent ones are left as they are, or to the site.
type LimitChange struct {
	CPU       *int64 `json:"cpu,omitempty" minimum:"0" doc:"thousandths of a processor core; 0 is no limit"`
	Memory    *int64 `json:"memoryBytes,omitempty" minimum:"0"`
	Processes *int64 `json:"processes,omitempty" minimum:"0"`
	Disk      *int64 `json:"diskBytes,omitempty" minimum:"0"`
}

// ProjectLimits tells what a project may use, and why.
type ProjectLimits struct {
	Limits   Limits      `json:"limits" doc:"what holds: the project's own or else the site's, none above the ceilings"`
	Own      LimitChange `json:"own" doc:"what an administrator set for this project"`
	Defaults Limits      `json:"defaults" doc:"the site's"`
	Ceilings Limits      `json:"ceilings" doc:"the most that any project may have"`
}

// Told is what the hub tells a project: what it may use, and what of it was ended.
type Told struct {
	Limits *Limits `json:"limits,omitempty"`
	Killed *Killed `json:"killed,omitempty"`
}

// Killed is a program of a project that was ended alone, while the rest goes on.
type Killed struct {
	At           time.Time `json:"at"`
	PID          int       `json:"pid,omitempty" doc:"as the project numbers it; absent when not known"`
	Command      string    `json:"command" doc:"empty when it was gone before anyone looked"`
	MemoryBytes  int64     `json:"memoryBytes" doc:"that it held"`
	LimitBytes   int64     `json:"limitBytes,omitempty" doc:"of the project's memory"`
	Reason       string    `json:"reason" enum:"memory"`
	Session      int       `json:"session,omitempty" doc:"the process that leads its session"`
	Terminal     string    `json:"terminal,omitempty" doc:"the terminal that it ran in"`
	TerminalName string    `json:"terminalName,omitempty"`
}

// Process is a program of a project.
type Process struct {
	PID          int       `json:"pid"`
	Parent       int       `json:"parent"`
	Command      string    `json:"command"`
	State        string    `json:"state" enum:"running,sleeping,waiting,stopped,ended"`
	CPUSeconds   float64   `json:"cpuSeconds"`
	CPUPercent   float64   `json:"cpuPercent" doc:"of one core, since the list was last read; over its whole life at the first time"`
	MemoryBytes  int64     `json:"memoryBytes" doc:"what it holds for itself"`
	Threads      int       `json:"threads"`
	Started      time.Time `json:"started"`
	Terminal     string    `json:"terminal,omitempty" doc:"the terminal that it was started in"`
	TerminalName string    `json:"terminalName,omitempty"`
	Kernel       string    `json:"kernel,omitempty" doc:"the kernel that it is, or that started it"`
	KernelName   string    `json:"kernelName,omitempty"`
	Notebook     string    `json:"notebook,omitempty" doc:"the notebook that the kernel is for"`
	Own          bool      `json:"own,omitempty" doc:"it is the project's own server and cannot be ended alone"`
}
