package hub

import (
	"lyceum/internal/api"
)

// Inputs and outputs that several operations share. huma reads the parts of a
// request from their tags, and skips embedded structs whose names are not
// exported: that is why some of these are.
type (
	none struct{}

	OfProject struct {
		ID string `path:"id" doc:"the project"`
	}
	OfInvitation struct {
		IID string `path:"iid" doc:"the invitation"`
	}
	OfSecret struct {
		Secret string `path:"secret" maxLength:"200" doc:"from the invitation's link"`
	}
	OfAccount struct {
		AID string `path:"aid" doc:"the account"`
	}
	ListInput struct {
		Query  string `query:"query" maxLength:"200" doc:"a part of the name"`
		Cursor string `query:"cursor" maxLength:"1000" doc:"next of the page before"`
		Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"how many at most"`
	}

	body[T any] struct {
		Body T
	}
	done struct{} // 204

	// signedIn is an answer that also sets or clears the session's cookie.
	signedIn struct {
		SetCookie string `header:"Set-Cookie"`
		Body      api.Account
	}
	signedOut struct {
		SetCookie string `header:"Set-Cookie"`
	}
)

func reply[T any](v T) *body[T] { return &body[T]{v} }
