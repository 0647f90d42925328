package hub

import (
	"context"
	"errors"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
)

// Reports tells what running projects said of themselves last (package lifecycle).
type Reports interface {
	Last(id lyceum.ProjectID) (c api.Control, ok bool)
}

// limitOperations are the rows about what projects may use.
func limitOperations() []operation {
	return []operation{
		op(lyceum.SeeProject, "GET /projects/{id}/limits", "getLimits", "What it may use of the machine, and why", (*Hub).getLimits),
		op(lyceum.AdministerSite, "PUT /admin/projects/{pid}/limits", "adminSetLimits", "Set a project's own limits; absent ones are the site's. They hold at once", (*Hub).adminSetLimits),
	}
}

func limitsOf(l lyceum.Limits) api.Limits {
	return api.Limits{CPU: l.CPU, Memory: l.Memory, Processes: l.Processes, Disk: l.Disk}
}

// limitChange checks what someone asks for; in is the field that it stands in.
func limitChange(in string, c api.LimitChange) (lyceum.LimitChange, error) {
	change := lyceum.LimitChange{CPU: c.CPU, Memory: c.Memory, Processes: c.Processes, Disk: c.Disk}
	err := change.Check()
	if e, ok := errors.AsType[*lyceum.Error](err); ok {
		field := map[string]string{"memory": "memoryBytes", "disk": "diskBytes"}[e.Field]
		if field == "" {
			field = e.Field
		}
		if in != "" {
			field = in + "." + field
		}
		err = lyceum.Invalidf(field, "%s", e.Message)
	}
	return change, err
}

func (h *Hub) limitsOf(ctx context.Context, list []postgres.ProjectView) (map[lyceum.ProjectID]lyceum.Limits, error) {
	return h.DB.LimitsOf(ctx, all(list, func(v postgres.ProjectView) lyceum.ProjectID { return v.ID }))
}

func (h *Hub) getLimits(ctx context.Context, _ *OfProject) (*body[api.ProjectLimits], error) {
	return h.projectLimits(ctx, grantOf(ctx).project)
}

func (h *Hub) projectLimits(ctx context.Context, id lyceum.ProjectID) (*body[api.ProjectLimits], error) {
	own, err := h.DB.ProjectLimits(ctx, id)
	if err != nil {
		return nil, err
	}
	s, err := h.DB.Settings(ctx)
	if err != nil {
		return nil, err
	}
	return reply(api.ProjectLimits{
		Limits: limitsOf(s.LimitsOf(own)), Defaults: limitsOf(s.Limits), Ceilings: limitsOf(s.Ceilings),
		Own: api.LimitChange{CPU: own.CPU, Memory: own.Memory, Processes: own.Processes, Disk: own.Disk},
	}), nil
}

func (h *Hub) adminSetLimits(ctx context.Context, in *struct {
	PID  string `path:"pid" doc:"the project"`
	Body api.LimitChange
}) (*body[api.ProjectLimits], error) {
	id, err := lyceum.ParseID[lyceum.ProjectID](in.PID)
	if err != nil {
		return nil, noProject()
	}
	c, err := limitChange("", in.Body)
	if err != nil {
		return nil, err
	}
	if err := h.DB.SetProjectLimits(ctx, act(ctx), id, c); err != nil {
		return nil, err
	}
	return h.projectLimits(ctx, id)
}
