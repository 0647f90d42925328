package api

// MissingPackage is a package that the last run of a cell did not find, and how it
// comes into the environment of the notebook's kernel.
type MissingPackage struct {
	Cell    string `json:"cell"`
	Module  string `json:"module" doc:"as the program names it: sklearn"`
	Package string `json:"package" doc:"as it is installed: scikit-learn"`
	Install string `json:"install,omitempty" doc:"what installs it; absent where nothing is known to"`
	Where   string `json:"where,omitempty" enum:"cell,terminal" doc:"where Install is to be run: in a cell of this kernel, or in a terminal"`
	Lasts   *bool  `json:"lasts,omitempty" doc:"whether what is installed so is there when the project was restarted; absent when not known"`
	Note    string `json:"note" doc:"sentences about where it goes and whether it stays"`
}

// Conversions are the answer of convert: what a notebook can be downloaded as.
type Conversions struct {
	Items []Conversion `json:"items"`
}

// Conversion is one format of them.
type Conversion struct {
	To      string `json:"to" enum:"html,pdf"`
	Ready   bool   `json:"ready" doc:"all that it needs is installed"`
	Missing string `json:"missing,omitempty" doc:"what it needs and is not there: a sentence"`
	Install string `json:"install,omitempty" doc:"a command for a terminal that installs it, where one does"`
}
