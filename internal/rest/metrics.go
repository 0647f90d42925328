package rest

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics counts requests by route pattern, never by path: paths are endless.
type Metrics struct {
	took   *prometheus.HistogramVec
	active prometheus.Gauge
}

// NewMetrics registers the metrics of one server with reg.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "lyceum_http_request_duration_seconds",
			Help:    "How long requests took, by method, route and class of status. Sockets and streams are counted when they end.",
			Buckets: []float64{.001, .005, .025, .1, .5, 2.5, 10, 60},
		}, []string{"method", "route", "status"}),
		active: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "lyceum_http_requests_active",
			Help: "Requests, sockets and streams that are open now.",
		}),
	}
	reg.MustRegister(m.took, m.active)
	return m
}

func (m *Metrics) observe(r *http.Request, rec *record, w *writer, took time.Duration) {
	route := rec.route
	if route == "" {
		route = r.Pattern
		if _, path, ok := strings.Cut(route, " "); ok {
			route = path
		}
	}
	if route == "" {
		route = "other"
	}
	m.took.WithLabelValues(method(r.Method), route, strconv.Itoa(w.code()/100)+"xx").Observe(took.Seconds())
}

// method keeps made-up methods from becoming time series.
func method(s string) string {
	switch s {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS":
		return s
	}
	return "other"
}
