package main

import (
	"errors"
	"strings"
	"testing"
)

// TestShowRun prints what a run tells, and ends as it ended.
func TestShowRun(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lines, out, errs string
		want             error
	}{
		"good": {
			`{"cells":1}` + "\n" + `{"cell":"a","begun":true}` + "\n" + `{"cell":"a","output":{"output_type":"stream","name":"stdout","text":"hi\n"}}` + "\n" +
				`{"cell":"a","output":{"output_type":"execute_result","data":{"text/plain":"2"}}}` + "\n" + `{"cell":"a","ended":"ok"}` + "\n" + `{"done":true}` + "\n",
			"hi\n2\n", "", nil,
		},
		"bad": {
			`{"cell":"a","output":{"output_type":"error","ename":"E","evalue":"v","traceback":["line"]}}` + "\n" + `{"cell":"a","ended":"error"}` + "\n" + `{"done":true}` + "\n",
			"", "line\n", errCellFailed,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out, errs strings.Builder
			err := (&runCmd{Quiet: true}).show(&terminal{out: &out, err: &errs}, strings.NewReader(c.lines))
			if !errors.Is(err, c.want) || out.String() != c.out || errs.String() != c.errs {
				t.Errorf("got %q, %q, %v, want %q, %q, %v", out.String(), errs.String(), err, c.out, c.errs, c.want)
			}
		})
	}
	err := (&runCmd{}).show(&terminal{out: &strings.Builder{}, err: &strings.Builder{}}, strings.NewReader(`{"failed":"No kernel."}`+"\n"))
	if err == nil || err.Error() != "No kernel" {
		t.Errorf("a run that failed gives %v", err)
	}
	if err := (&runCmd{}).show(&terminal{out: &strings.Builder{}, err: &strings.Builder{}}, strings.NewReader("")); err == nil {
		t.Error("an answer that breaks off gives no error")
	}
}
