package rest

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"syscall"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
)

// Problem is api.Problem as an error that knows its status: what huma writes.
type Problem api.Problem

// Error is the sentence for people.
func (p *Problem) Error() string { return p.Detail }

// GetStatus is the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is the media type of RFC 9457.
func (p *Problem) ContentType(string) string { return problemType }

const problemType = "application/problem+json"

// defaultRetry is what Retry-After says when an unavailable thing does not say
// itself when to try again.
const defaultRetry = 2 * time.Second

// WriteError answers with err: its kind gives the status, its Message the
// detail. An error without a kind is answered with the request's identifier
// only, and its text goes to the log. It notes err for the access log.
func WriteError(w http.ResponseWriter, r *http.Request, err error) {
	p, retry := problemOf(r.Context(), err)
	h := w.Header()
	h.Set("Content-Type", problemType)
	h.Set("Cache-Control", "no-store")
	h.Del("Content-Disposition")
	h.Del("Content-Length")
	h.Del("Etag")
	if retry > 0 {
		h.Set("Retry-After", retryAfter(retry))
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", "Bearer")
	}
	w.WriteHeader(p.Status)
	if r.Method != http.MethodHead {
		_ = json.NewEncoder(w).Encode(p) // the client may be gone; there is nobody to tell
	}
}

// ProblemOf is what WriteError would answer, for an answer that has begun: the
// last line of a stream. It notes err for the access log.
func ProblemOf(r *http.Request, err error) api.Problem {
	p, _ := problemOf(r.Context(), err)
	return api.Problem(*p)
}

// retryAfter is the header's value: whole seconds, rounded up.
func retryAfter(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}

// problemOf makes the answer to err and says when to try again (0: nothing to
// say). It notes err in the request's record.
func problemOf(ctx context.Context, err error) (*Problem, time.Duration) {
	rec := recordOf(ctx)
	rec.err = err
	if p, ok := errors.AsType[*Problem](err); ok {
		return p, 0
	}
	e, ok := errors.AsType[*lyceum.Error](err)
	if !ok {
		e = &lyceum.Error{Kind: lyceum.Internal, Err: err}
		if big, ok := errors.AsType[*http.MaxBytesError](err); ok {
			e = lyceum.Wrap(lyceum.TooLarge, err, "the body is larger than %d bytes", big.Limit)
		}
		if errors.Is(err, context.DeadlineExceeded) {
			e = lyceum.Wrap(lyceum.Unavailable, err, "this took too long; try again")
		}
	}
	p := newProblem(rec.id, statusOf(e), e.Kind, e.Message)
	if p.Status == http.StatusInternalServerError {
		p.Detail = "something went wrong on our side; tell an administrator the request " + rec.id
	}
	if e.Field != "" {
		p.Errors = []api.ProblemField{{Location: "body." + e.Field, Message: e.Message}}
	}
	retry := e.Retry
	if e.Kind == lyceum.Unavailable && retry == 0 {
		retry = defaultRetry
	}
	return p, retry
}

func newProblem(id string, status int, kind lyceum.Kind, detail string) *Problem {
	return &Problem{Title: http.StatusText(status), Status: status, Code: kind.String(), Detail: detail, Request: id}
}

// statusOf gives each kind its status. Invalid is 422 when an input is named
// (the request was understood) and 400 otherwise; Exhausted is 507 when it is
// the disk that is full.
func statusOf(e *lyceum.Error) int {
	switch e.Kind {
	case lyceum.Invalid:
		if e.Field != "" {
			return http.StatusUnprocessableEntity
		}
		return http.StatusBadRequest
	case lyceum.Unauthenticated:
		return http.StatusUnauthorized
	case lyceum.Forbidden:
		return http.StatusForbidden
	case lyceum.NotFound:
		return http.StatusNotFound
	case lyceum.Conflict:
		return http.StatusConflict
	case lyceum.TooLarge:
		return http.StatusRequestEntityTooLarge
	case lyceum.Exhausted:
		if errors.Is(e.Err, syscall.ENOSPC) || errors.Is(e.Err, syscall.EDQUOT) {
			return http.StatusInsufficientStorage
		}
		return http.StatusTooManyRequests
	case lyceum.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// kindOf is the kind whose status is nearest to one that a library chose.
func kindOf(status int) lyceum.Kind {
	switch status {
	case http.StatusUnauthorized:
		return lyceum.Unauthenticated
	case http.StatusForbidden:
		return lyceum.Forbidden
	case http.StatusNotFound:
		return lyceum.NotFound
	case http.StatusConflict, http.StatusPreconditionFailed:
		return lyceum.Conflict
	case http.StatusRequestEntityTooLarge:
		return lyceum.TooLarge
	case http.StatusTooManyRequests, http.StatusInsufficientStorage:
		return lyceum.Exhausted
	case http.StatusServiceUnavailable, http.StatusBadGateway, http.StatusGatewayTimeout:
		return lyceum.Unavailable
	}
	if status >= 400 && status < 500 {
		return lyceum.Invalid
	}
	return lyceum.Internal
}
