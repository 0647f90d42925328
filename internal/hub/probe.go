package hub

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"lyceum/internal/lyceum"
	"lyceum/internal/postgres"
	"lyceum/internal/rest"
)

// serveHealth says that the process answers.
func (h *Hub) serveHealth(w http.ResponseWriter, _ *http.Request) { plain(w, "ok\n") }

// serveReady says whether requests shall be sent here: from the start of Run to
// Drain. It does not look at PostgreSQL, else every hub would leave with it.
func (h *Hub) serveReady(w http.ResponseWriter, r *http.Request) {
	if !h.ready.Load() {
		rest.WriteError(w, r, lyceum.Errorf(lyceum.Unavailable, "the server is starting or stopping"))
		return
	}
	plain(w, "ready\n")
}

func plain(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write([]byte(text)) // the client may be gone
}

// InternalHandler serves the listener for operators: metrics and probes.
func (h *Hub) InternalHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", h.serveHealth)
	mux.HandleFunc("GET /readyz", h.serveReady)
	if h.Registry != nil {
		mux.Handle("GET /metrics", promhttp.HandlerFor(h.Registry, promhttp.HandlerOpts{}))
	}
	return mux
}

// registerMetrics adds what the hub knows of itself to reg.
func (h *Hub) registerMetrics(reg prometheus.Registerer) {
	gauge := func(name, help string, f func() float64) {
		reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, f))
	}
	gauge("lyceum_hub_sockets", "Requests that last and rest on a right: sockets, event streams, transfers.", func() float64 {
		return float64(len(h.sockets.find(func(postgres.Right) bool { return true })))
	})
	gauge("lyceum_hub_listeners", "People with an open event stream.", func() float64 { return float64(len(h.events.accounts())) })
	gauge("lyceum_database_connections", "Open connections of the pool.", func() float64 { return float64(h.DB.Stat().Open) })
	gauge("lyceum_database_connections_used", "Connections of the pool that are in use.", func() float64 { return float64(h.DB.Stat().InUse) })
}
