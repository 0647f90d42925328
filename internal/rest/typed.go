package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
)

// MaxBody is the most bytes that the body of an API request may have.
const MaxBody = 1 << 20

// bodyTime is how long the body of an API request may take to arrive.
const bodyTime = 30 * time.Second

// API says what the OpenAPI document begins with.
type API struct {
	Title       string
	Version     string
	Description string
	Prefix      string // before each path on the mux: "/api/v1"
	Server      string // the address of the prefix, as clients type it: "/lyceum/api/v1"
}

// NewAPI returns a huma API of typed operations on mux. Error answers are
// api.Problem; nothing but JSON is spoken; unknown fields and query parameters are
// refused. It serves no documentation itself.
func NewAPI(mux *http.ServeMux, a API) huma.API {
	setUp()
	schemas := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	schemas.RegisterTypeAlias(reflect.TypeFor[api.Problem](), reflect.TypeFor[Problem]()) // where one is part of an answer
	c := huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI:    "3.1.0",
			Info:       &huma.Info{Title: a.Title, Version: a.Version, Description: a.Description},
			Servers:    []*huma.Server{{URL: a.Server}},
			Components: &huma.Components{Schemas: schemas},
		},
		Formats:                      map[string]huma.Format{"application/json": jsonFormat, "json": jsonFormat},
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
	}
	return humago.NewWithPrefix(mux, a.Prefix, c)
}

var jsonFormat = huma.Format{
	Marshal: func(w io.Writer, v any) error {
		if done, err := writeAppended(w, v); done {
			return err
		}
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		return e.Encode(v)
	},
	Unmarshal: json.Unmarshal,
}

// appender is a value that encodes itself: see package api.
type appender interface {
	AppendJSON(b []byte) (out []byte, ok bool)
}

var appended = sync.Pool{New: func() any { return new([]byte) }}

// writeAppended writes v and a line feed to w if v encodes itself.
func writeAppended(w io.Writer, v any) (done bool, err error) {
	a, ok := v.(appender)
	if !ok {
		return false, nil
	}
	buf := appended.Get().(*[]byte)
	defer appended.Put(buf)
	b, ok := a.AppendJSON((*buf)[:0])
	*buf = b
	if !ok {
		return false, nil
	}
	_, err = w.Write(append(b, '\n'))
	return true, err
}

// Register adds an operation. What handler returns as an error becomes the
// answer through the same rules as WriteError.
func Register[I, O any](a huma.API, op huma.Operation, handler func(context.Context, *I) (*O, error)) {
	op.MaxBodyBytes = MaxBody + 1 // huma refuses a body that has exactly the limit
	op.BodyReadTimeout = bodyTime
	huma.Register(a, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handler(ctx, in)
		if err == nil {
			return out, nil
		}
		p, retry := problemOf(ctx, err)
		if retry > 0 {
			return nil, huma.ErrorWithHeaders(p, http.Header{"Retry-After": {retryAfter(retry)}})
		}
		return nil, p
	})
}

// setUp makes huma answer with our Problem, and describe lists as never null.
// huma offers package variables for this and nothing else; they are set here,
// once, before the first API is made, and never changed again.
var setUp = sync.OnceFunc(func() {
	huma.DefaultArrayNullable = false
	huma.NewError = func(status int, detail string, _ ...error) huma.StatusError {
		return newProblem("", status, kindOf(status), detail)
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, detail string, errs ...error) huma.StatusError {
		return typedProblem(ctx.Context(), status, detail, errs)
	}
})

// typedProblem turns what huma found wrong with a request into a Problem.
// The values at fault are not echoed: one of them may be a password.
func typedProblem(ctx context.Context, status int, detail string, errs []error) *Problem {
	rec := recordOf(ctx)
	if status >= 500 {
		cause := errors.Join(errs...)
		if cause == nil {
			cause = errors.New(detail)
		}
		if errors.Is(cause, io.ErrUnexpectedEOF) {
			// The client went away in the middle of its body.
			cause = lyceum.Wrap(lyceum.Invalid, cause, "the body ended early")
		}
		p, _ := problemOf(ctx, cause)
		return p
	}
	if status == http.StatusRequestEntityTooLarge {
		detail = fmt.Sprintf("the body is larger than %d bytes", MaxBody)
	}
	p := newProblem(rec.id, status, kindOf(status), detail)
	for _, err := range errs {
		f := api.ProblemField{Message: err.Error()}
		if d, ok := err.(huma.ErrorDetailer); ok {
			f.Location, f.Message = d.ErrorDetail().Location, d.ErrorDetail().Message
		}
		p.Errors = append(p.Errors, f)
	}
	if len(p.Errors) > 0 && status == http.StatusUnprocessableEntity {
		p.Detail = p.Errors[0].Location + ": " + p.Errors[0].Message
	}
	rec.err = p
	return p
}
