package hub

import "lyceum/internal/lyceum"

// jupyterTraffic are the rows of Jupyter's own API, as its clients know it. A viewer
// may read contents.
func jupyterTraffic() []projectRoute {
	const contents, all = "jupyter/api/contents/{path...}", "jupyter/{path...}"
	token := []string{"token: an API token"}
	row := func(method, path string, verb lyceum.Verb, id, summary string) projectRoute {
		return projectRoute{method: method, path: path, verb: verb, query: true, doc: projectDoc{id: id, summary: summary, query: token,
			doc: "As Jupyter Server 2 has it: docs/reference/jupyter.md."}}
	}
	return []projectRoute{
		row("GET", "jupyter/files/{path...}", lyceum.ReadFiles, "jupyterFile", "Jupyter: the bytes of a file"),
		row("GET", contents, lyceum.ReadFiles, "jupyterContents", "Jupyter: a file, notebook or folder, or its checkpoints"),
		row("PUT", contents, lyceum.WriteFiles, "jupyterSave", "Jupyter: save, by an edit of the live document"),
		row("POST", contents, lyceum.WriteFiles, "jupyterCreate", "Jupyter: make, copy, or a checkpoint"),
		row("PATCH", contents, lyceum.WriteFiles, "jupyterRename", "Jupyter: rename"),
		row("DELETE", contents, lyceum.WriteFiles, "jupyterDelete", "Jupyter: move into the trash"),
		row("GET", all, lyceum.UseTerminals, "jupyterGet", "Jupyter: kernels, kernelspecs, sessions, terminals, status; WebSockets of kernels and terminals"),
		row("POST", all, lyceum.UseTerminals, "jupyterPost", "Jupyter: start, interrupt, restart"),
		row("PUT", all, lyceum.UseTerminals, "jupyterPut", "Jupyter: keep a section of configuration"),
		row("PATCH", all, lyceum.UseTerminals, "jupyterPatch", "Jupyter: change a session or a section of configuration"),
		row("DELETE", all, lyceum.UseTerminals, "jupyterEnd", "Jupyter: shut down"),
	}
}
