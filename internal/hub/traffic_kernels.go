package hub

import (
	"reflect"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
)

// kernelTraffic are the rows for kernels: who may run programs may run these.
func kernelTraffic() []projectRoute {
	const id = "{kid}"
	row := func(method, path string, doc projectDoc) projectRoute {
		return projectRoute{method: method, path: path, verb: lyceum.UseTerminals, doc: doc}
	}
	return []projectRoute{
		row("GET", "kernels", projectDoc{id: "listKernels", summary: "The kernels that are installed, and those that run", answer: reflect.TypeFor[api.Kernels](),
			doc: "A kernelspec that cannot be started says why. A kernel that died stays in the list, with its reason, until it is restarted or shut down."}),
		row("POST", "kernels", projectDoc{id: "startKernel", summary: "Start a kernel", body: reflect.TypeFor[api.NewKernel](), answer: reflect.TypeFor[api.Kernel](),
			doc: "It is answered when the process runs. A kernel that does not start is in state dead, and tells what it printed."}),
		row("PATCH", "kernels/"+id, projectDoc{id: "changeKernel", summary: "Interrupt or restart a kernel", body: reflect.TypeFor[api.KernelChange](), answer: reflect.TypeFor[api.Kernel]()}),
		row("DELETE", "kernels/"+id, projectDoc{id: "endKernel", summary: "Shut a kernel down"}),
	}
}
