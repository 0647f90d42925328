package lyceum

import (
	"errors"
	"fmt"
	"io"
	"testing"
)

func TestKindOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		want Kind
	}{
		{nil, Internal},
		{io.EOF, Internal},
		{Errorf(NotFound, "there is no such thing"), NotFound},
		{fmt.Errorf("read it: %w", Errorf(Conflict, "it changed")), Conflict},
		{errors.Join(io.EOF, Errorf(Exhausted, "the disk is full")), Exhausted},
		{Wrap(Unavailable, Errorf(NotFound, "inner"), "outer"), Unavailable},
	} {
		if got := KindOf(c.err); got != c.want {
			t.Errorf("%v: got %v, want %v", c.err, got, c.want)
		}
		for k := Internal; k <= Unavailable; k++ {
			if got, want := IsKind(c.err, k), c.err != nil && k == c.want; got != want {
				t.Errorf("IsKind(%v, %v): got %v, want %v", c.err, k, got, want)
			}
		}
	}
}

func TestKindNames(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for k := Internal; k <= Unavailable; k++ {
		if seen[k.String()] {
			t.Errorf("two kinds are called %s", k)
		}
		seen[k.String()] = true
	}
	for _, k := range []Kind{-1, Unavailable + 1} {
		if k.String() != "internal" {
			t.Errorf("kind %d: got %s, want internal", int(k), k)
		}
	}
}

func TestCauseIsForTheOperatorOnly(t *testing.T) {
	t.Parallel()
	e := Wrap(Unavailable, io.ErrUnexpectedEOF, "the project %s does not answer", "p")
	if e.Message != "the project p does not answer" {
		t.Errorf("message: got %q", e.Message)
	}
	if want := "the project p does not answer: unexpected EOF"; e.Error() != want {
		t.Errorf("got %q, want %q", e.Error(), want)
	}
	if !errors.Is(e, io.ErrUnexpectedEOF) {
		t.Error("the cause is not found")
	}
	if e := Errorf(Invalid, "bad: %w", io.EOF); !errors.Is(e, io.EOF) || e.Message != "bad: EOF" {
		t.Errorf("got %q, cause %v", e.Message, e.Err)
	}
	if e := Invalidf("email", "not %d", 1); e.Field != "email" || e.Kind != Invalid || e.Error() != "not 1" {
		t.Errorf("got %+v", e)
	}
}
