// Package api holds every JSON type that browser, hub and project exchange, and
// nothing else: no behaviour, no sockets. The TypeScript types in
// web/src/api/schema.d.ts are generated from it through the OpenAPI document.
//
// Times are RFC 3339 in UTC. Identifiers are UUIDs in lower case. Binary
// protocols are described where they are spoken: terminal frames in package
// term, documents in package livedoc.
package api

// MaxDocumentBytes is the largest file that can be edited together; larger ones
// are shown read-only or offered as a download.
const MaxDocumentBytes = 32 << 20

// TextRoot is the name of the shared text in a text document.
const TextRoot = "text"

// Problem is the body of every error answer, as in RFC 9457, with the media type
// application/problem+json:
//
//	{"status":404,"title":"Not Found","code":"not-found","detail":"there is no such file","request":"c0ffee00"}
type Problem struct {
	Type    string         `json:"type,omitempty" doc:"always absent or about:blank"`
	Title   string         `json:"title" doc:"the text of the HTTP status"`
	Status  int            `json:"status" doc:"the HTTP status"`
	Code    string         `json:"code" doc:"the kind of error" enum:"internal,invalid,unauthenticated,forbidden,not-found,conflict,too-large,exhausted,unavailable"`
	Detail  string         `json:"detail,omitempty" doc:"a sentence for people"`
	Request string         `json:"request,omitempty" doc:"the request's identifier, to be told to an administrator"`
	Errors  []ProblemField `json:"errors,omitempty" doc:"inputs that are at fault"`
}

// ProblemField is one input that is at fault.
type ProblemField struct {
	Location string `json:"location" doc:"where it is: body.name, query.limit"`
	Message  string `json:"message" doc:"what is wrong with it"`
}
