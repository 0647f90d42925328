package project_test

import (
	"fmt"
	"net/http"
	"testing"

	"lyceum/internal/api"
)

// job starts one and returns it when it has ended.
func (w *world) job(body string) api.Job {
	w.t.Helper()
	j := decode[api.Job](w.t, w.want(http.StatusAccepted, "POST", "jobs", body))
	for j.Ended == nil {
		j = decode[api.Job](w.t, w.want(http.StatusOK, "GET", fmt.Sprintf("jobs/%s?after=%d", j.ID, j.Seq), ""))
	}
	return j
}

func TestJobsByHTTP(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	w.write("a.txt", "a")
	w.write("in/b.txt", "b")
	j := w.job(`{"kind":"move","paths":["a.txt","missing.txt"],"to":"in"}`)
	if j.State != "done" || j.ProblemCount != 1 || len(j.Problems) != 1 || j.Problems[0].Path != "missing.txt" || len(j.Results) != 1 || j.Results[0].To != "in/a.txt" || j.Done != 1 || j.Total != 1 {
		t.Errorf("the job is %+v", j)
	}
	if j.ByName != w.editor().Name || j.Account != string(w.editor().Account) {
		t.Errorf("the job was begun by %q %q", j.ByName, j.Account)
	}
	if got := w.read("in/a.txt"); got != "a" {
		t.Errorf("in/a.txt holds %q", got)
	}
	list := decode[[]api.Job](t, w.want(http.StatusOK, "GET", "jobs", ""))
	if len(list) != 1 || list[0].ID != j.ID {
		t.Errorf("the list is %+v", list)
	}
	w.want(http.StatusNoContent, "DELETE", "jobs/"+j.ID, "") // has no effect
	if got := decode[api.Job](t, w.want(http.StatusOK, "GET", "jobs/"+j.ID, "")); got.State != "done" {
		t.Errorf("a job that had ended is %q after it was cancelled", got.State)
	}
}

func TestJobsThatAreRefused(t *testing.T) {
	t.Parallel()
	w, _ := serve(t)
	for _, c := range []struct {
		status       int
		method, path string
		body         string
	}{
		{http.StatusUnprocessableEntity, "POST", "jobs", `{"kind":"dance","paths":["a"]}`},
		{http.StatusUnprocessableEntity, "POST", "jobs", `{"kind":"copy","paths":[]}`},
		{http.StatusUnprocessableEntity, "POST", "jobs", `{"kind":"copy","paths":["../a"]}`},
		{http.StatusNotFound, "GET", "jobs/00000000-0000-4000-8000-000000000000", ""},
		{http.StatusNotFound, "DELETE", "jobs/x", ""},
	} {
		if res, body := w.do(w.editor(), c.method, c.path, c.body); res.StatusCode != c.status {
			t.Errorf("%s %s %s answered %d %s, want %d", c.method, c.path, c.body, res.StatusCode, body, c.status)
		}
	}
	if res, body := w.do(w.viewer(), "POST", "jobs", `{"kind":"copy","paths":["a"]}`); res.StatusCode != http.StatusForbidden {
		t.Errorf("a viewer's job: %d %s", res.StatusCode, body)
	}
}
