package main

import (
	"lyceum/internal/hub"
)

// openAPICmd prints the API's document. It needs no database.
type openAPICmd struct{}

// Run prints it: the same bytes for the same program.
func (openAPICmd) Run(t *terminal) error {
	b, err := hub.OpenAPI()
	if err != nil {
		return err
	}
	_, err = t.out.Write(b)
	return err
}
