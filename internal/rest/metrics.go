package rest

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics counts requests by route pattern, never by path: paths are endless.
type Metrics struct {
	took   *prometheus.HistogramVec
	active prometheus.Gauge

	mu     sync.RWMutex
	series map[series]prometheus.Observer // of took; there are as many as routes
}

// series names one time series of took.
type series struct {
	method, route string
	class         int // of status: 2 for 2xx
}

// NewMetrics registers the metrics of one server with reg.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		series: map[series]prometheus.Observer{},
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
	m.of(series{method(r.Method), route, w.code() / 100}).Observe(took.Seconds())
}

// of finds a time series by less than what Prometheus does for it.
func (m *Metrics) of(s series) prometheus.Observer {
	m.mu.RLock()
	o, ok := m.series[s]
	m.mu.RUnlock()
	if !ok {
		o = m.took.WithLabelValues(s.method, s.route, strconv.Itoa(s.class)+"xx")
		m.mu.Lock()
		m.series[s] = o
		m.mu.Unlock()
	}
	return o
}

// method keeps made-up methods from becoming time series.
func method(s string) string {
	switch s {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS":
		return s
	}
	return "other"
}
