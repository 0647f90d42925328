package project

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
	"lyceum/internal/rest"
)

func jobRoutes() []route {
	return []route{
		{method: "POST", path: "jobs", verb: lyceum.WriteFiles, handle: (*Project).startJob},
		{method: "GET", path: "jobs", verb: lyceum.WriteFiles, handle: (*Project).listJobs},
		{method: "GET", path: "jobs/{jid}", verb: lyceum.WriteFiles, handle: (*Project).followJob},
		{method: "DELETE", path: "jobs/{jid}", verb: lyceum.WriteFiles, handle: (*Project).cancelJob},
	}
}

// workers is the table of the kinds of job, an area after the other.
func workers() map[string]work {
	return map[string]work{
		"copy":    {lyceum.WriteFiles, copyJob},
		"move":    {lyceum.WriteFiles, moveJob},
		"trash":   {lyceum.WriteFiles, trashJob},
		"delete":  {lyceum.WriteFiles, deleteJob},
		"unpack":  {lyceum.WriteFiles, unpackJob},
		"replace": {lyceum.WriteFiles, replaceJob},
	}
}

// pollTime is how long an answer waits for a change.
const pollTime = 20 * time.Second

func (p *Project) startJob(w http.ResponseWriter, r *http.Request, c call) error {
	var req api.NewJob
	if err := rest.ReadJSON(w, r, &req); err != nil {
		return err
	}
	kind, ok := workers()[req.Kind]
	switch {
	case !ok:
		return lyceum.Invalidf("kind", "there is no kind of job %.40q", req.Kind)
	case !c.ticket.Can(kind.verb):
		return lyceum.Errorf(lyceum.Forbidden, "your role does not allow %s", kind.verb)
	}
	if err := checkJob(req); err != nil {
		return err
	}
	j, err := p.jobs.start(req, kind.verb, c, func(ctx context.Context, j *jobRun) error { return kind.run(p, ctx, j, req, c) })
	if err != nil {
		return err
	}
	v, _ := j.view()
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Location", "jobs/"+v.ID)
	w.WriteHeader(http.StatusAccepted)
	return json.NewEncoder(w).Encode(v)
}

func (p *Project) listJobs(w http.ResponseWriter, _ *http.Request, _ call) error {
	list := []api.Job{}
	for _, j := range p.jobs.all() {
		v, _ := j.view()
		list = append(list, v)
	}
	return rest.WriteJSON(w, list)
}

// followJob answers with a job; with ?after= it waits until there is something new.
func (p *Project) followJob(w http.ResponseWriter, r *http.Request, c call) error {
	j, err := p.jobs.get(c.id)
	if err != nil {
		return err
	}
	after := int64(-1)
	if s := r.URL.Query().Get("after"); s != "" {
		if after, err = strconv.ParseInt(s, 10, 64); err != nil {
			return lyceum.Invalidf("after", "after must be the seq of a job")
		}
	}
	ctx, cancel := context.WithTimeout(r.Context(), pollTime)
	defer cancel()
	return rest.WriteJSON(w, j.wait(ctx, after))
}

// cancelJob tells a job to end. What ended before is left as it is.
func (p *Project) cancelJob(w http.ResponseWriter, _ *http.Request, c call) error {
	j, err := p.jobs.get(c.id)
	if err != nil {
		return err
	}
	j.cancel(errCancelled)
	w.WriteHeader(http.StatusNoContent)
	return nil
}
