package livedoc

import (
	"path/filepath"
	"sync"
)

// people are the names of those who have edited in this project, so that a history
// can tell them when they are gone. They are a file of lines in the folder of
// documents; the last line of an account counts.
type people struct {
	name string

	mu    sync.Mutex
	names map[string]string // by account
}

type person struct {
	Account string `json:"account"`
	Name    string `json:"name"`
}

func openPeople(state string) (*people, error) {
	p := &people{name: filepath.Join(state, "people"), names: map[string]string{}}
	all, err := linesIn[person](p.name)
	for _, one := range all {
		p.names[one.Account] = one.Name
	}
	return p, err
}

// meet notes somebody who may edit.
func (p *people) meet(account, name string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if old, ok := p.names[account]; account == "" || ok && old == name {
		return nil
	}
	p.names[account] = name
	return addLine(p.name, person{account, name})
}

// called returns the name of an account, "" when it is not known.
func (p *people) called(account string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.names[account]
}
