package api

import "time"

// NotebookState is what runs in a notebook.
type NotebookState struct {
	Path     string            `json:"path"`
	Kernel   *NotebookKernel   `json:"kernel,omitempty"`
	Queue    []QueuedCell      `json:"queue"` // in the order in which they run, the running one first
	Problems []NotebookProblem `json:"problems,omitempty"`
	Input    *NotebookInput    `json:"input,omitempty"`
	// Produced are the cells whose outputs were all made by kernels of this project, as
	// far as the project server knows; scripts in other outputs are nobody's here.
	Produced []string `json:"produced,omitempty"`
	// Failed is why the last action came to nothing: the kernel did not start.
	Failed string `json:"failed,omitempty"`
	// Missing are packages that cells did not find when they ran last.
	Missing []MissingPackage `json:"missing,omitempty"`
}

// NotebookKernel is the kernel of a notebook.
type NotebookKernel struct {
	ID          string    `json:"id"`
	Spec        string    `json:"spec"`
	DisplayName string    `json:"displayName"`
	Language    string    `json:"language,omitempty"`
	State       string    `json:"state" enum:"starting,idle,busy,dead,restarting"`
	Since       time.Time `json:"since"`
	Reason      string    `json:"reason,omitempty"` // why it is dead, a sentence
}

// QueuedCell is a cell that runs or is to be run.
type QueuedCell struct {
	Cell    string    `json:"cell"`
	By      string    `json:"by"` // account
	ByName  string    `json:"byName,omitempty"`
	At      time.Time `json:"at"` // when it was asked for
	Running bool      `json:"running,omitempty"`
}

// NotebookProblem is something in the file that is not as it should be.
type NotebookProblem struct {
	Cell    int    `json:"cell"` // from 0; -1 when it is about the file
	Message string `json:"message"`
}

// NotebookInput is a question that a running cell waits for: input() of Python.
type NotebookInput struct {
	Cell     string `json:"cell"`
	Prompt   string `json:"prompt"`
	Password bool   `json:"password"`
}

// NotebookAction is something to be done with a notebook's cells or its kernel.
type NotebookAction struct {
	Action string   `json:"action" enum:"run,run-all,run-above,run-below,stop,restart,restart-run-all,start,shutdown,clear-outputs,input"`
	Cells  []string `json:"cells,omitempty"` // of run and clear-outputs; ids, in order
	Cell   string   `json:"cell,omitempty"`  // of run-above (without it) and run-below (with it)
	Spec   string   `json:"spec,omitempty"`  // of start, and of others when no kernel runs
	Value  *string  `json:"value,omitempty"` // of input
}

// NotebookEvent is a message of a notebook's channel (docs/reference/notebooks.md).
// From the server: state, reply, comm, input; from the page: request, comm, input.
type NotebookEvent struct {
	T              string         `json:"t" enum:"state,reply,comm,input,request"`
	*NotebookState                // of state, in the message itself
	ID             string         `json:"id,omitempty"`   // of a request, and its reply
	Type           string         `json:"type,omitempty"` // of a request: complete, inspect, …
	Content        map[string]any `json:"content,omitempty"`
	Error          string         `json:"error,omitempty"` // of a reply: why there is none
	Msg            *CommMessage   `json:"msg,omitempty"`
	Input          *NotebookInput `json:"input,omitempty"`
	Value          *string        `json:"value,omitempty"` // of input from the page
}

// CommMessage is a message of Jupyter's widgets.
type CommMessage struct {
	Header       map[string]any `json:"header"`
	ParentHeader map[string]any `json:"parent_header"`
	Metadata     map[string]any `json:"metadata"`
	Content      map[string]any `json:"content"`
	Buffers      []string       `json:"buffers"` // base64
}

// NotebookRun says what of a notebook `lyceum run` executes.
type NotebookRun struct {
	Cells []string `json:"cells,omitempty"` // ids; all when there are none
	Spec  string   `json:"spec,omitempty"`  // of the kernel, when none runs
	Keep  bool     `json:"keep,omitempty"`  // go on with the kernel that runs; else it is restarted first
}

// RunEvent is a line of the answer to a NotebookRun: one of its kinds is set.
type RunEvent struct {
	Cell   string         `json:"cell,omitempty"`   // the cell that the rest is about
	Begun  bool           `json:"begun,omitempty"`  // it begins to run
	Output map[string]any `json:"output,omitempty"` // an output as nbformat has it, or a part of a stream
	Ended  string         `json:"ended,omitempty" enum:"ok,error"`
	Cells  int            `json:"cells,omitempty"`  // the first line: how many will run
	Failed string         `json:"failed,omitempty"` // the last line: why the run came to nothing
	Done   bool           `json:"done,omitempty"`   // the last line: all was run, and is in the file
}
