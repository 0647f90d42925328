package computetest_test

import (
	"testing"

	"lyceum/internal/compute"
	"lyceum/internal/compute/computetest"
	"lyceum/internal/lyceum"
)

func TestFakePassesTheSuite(t *testing.T) {
	t.Parallel()
	computetest.Run(t, func(t *testing.T) *computetest.System {
		w := computetest.NewWorld()
		b := computetest.NewFake(w)
		return &computetest.System{
			Backend: func() compute.Backend { return b },
			UID:     300000,
			Reopen:  func(*testing.T) { b = computetest.NewFake(w) },
			Kill:    func(_ *testing.T, id lyceum.ProjectID) { w.Kill(id) },
			Ask:     func(_ *testing.T, at compute.Address, q string) string { return w.Ask(at, q) },
		}
	})
}
