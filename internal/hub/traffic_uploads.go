package hub

import (
	"reflect"

	"lyceum/internal/api"
	"lyceum/internal/lyceum"
)

// uploadTraffic are the rows for uploads by tus 1.0.0.
func uploadTraffic() []projectRoute {
	upload := reflect.TypeFor[api.Upload]()
	return []projectRoute{
		{method: "OPTIONS", path: "uploads", verb: lyceum.WriteFiles, doc: projectDoc{id: "uploadOptions", summary: "What this tus 1.0.0 server can do", doc: "In the headers Tus-Version, Tus-Extension, Tus-Max-Size and Tus-Checksum-Algorithm."}},
		{method: "GET", path: "uploads", verb: lyceum.WriteFiles, doc: projectDoc{id: "listUploads", summary: "Uploads of yours that are not finished", answer: upload, list: true, query: []string{"all: 1: those of everybody in the project"}}},
		{method: "POST", path: "uploads", verb: lyceum.WriteFiles, doc: projectDoc{id: "createUpload", summary: "Begin an upload (tus: creation, creation-with-upload)", status: "201",
			doc: "Upload-Length says how many bytes will come; Upload-Metadata may have path, parents (1), conflict (fail, overwrite, keep-both), version, modified (RFC 3339) and mode (octal). The answer is 201 with Location."}},
		{method: "POST", path: "uploads/many", verb: lyceum.WriteFiles, doc: projectDoc{id: "uploadMany", summary: "Write many small files that come as a tar archive", bytes: "body", answer: reflect.TypeFor[api.UploadMany](),
			doc:   "Up to 5,000 files and folders of at most 1 MiB each. Those that came as a whole before a request broke off are there; sent again they are the same.",
			query: []string{"to: the folder, from the home", "parents: 1: make it when it is missing", "conflict: fail, overwrite, keep-both or skip what is there already"}}},
		{method: "GET", path: "uploads/{uid}", verb: lyceum.WriteFiles, doc: projectDoc{id: "readUpload", summary: "How far an upload is; HEAD as tus says", answer: upload}},
		{method: "PATCH", path: "uploads/{uid}", verb: lyceum.WriteFiles, doc: projectDoc{id: "continueUpload", summary: "Send bytes of an upload (tus)", bytes: "body",
			doc: "Content-Type: application/offset+octet-stream, and Upload-Offset as HEAD told it. With the last byte the file gets its name, and Upload-Path tells it. 409: another offset, or something is in the way of the name, and then the bytes are kept until POST decides. 423: another request writes. 460: a wrong checksum, and nothing is kept. 507: the disk is full, and what came is kept."}},
		{method: "POST", path: "uploads/{uid}", verb: lyceum.WriteFiles, doc: projectDoc{id: "decideUpload", summary: "Decide about an upload that waits, or take over another's", body: reflect.TypeFor[api.UploadDecision](), answer: upload}},
		{method: "DELETE", path: "uploads/{uid}", verb: lyceum.WriteFiles, doc: projectDoc{id: "endUpload", summary: "Give an upload up (tus: termination)"}},
	}
}

// archiveTraffic are the rows for packing, and for looking into archives.
func archiveTraffic() []projectRoute {
	return []projectRoute{
		{method: "GET", path: "archive", verb: lyceum.ReadFiles, doc: projectDoc{id: "packFiles", summary: "Files and folders as one archive, streamed", bytes: "answer", answer: reflect.TypeFor[api.Problem](),
			doc:   "Symlinks are kept as such and never followed. What cannot be read is told in an entry ERRORS.txt; an answer that breaks off is no whole archive.",
			query: []string{"path: a file or folder, from the home; as often as needed", "format: zip, tar, tar.gz or tar.zst", "name: of the archive"}}},
		{method: "GET", path: "archive/{path...}", verb: lyceum.ReadFiles, doc: projectDoc{id: "listArchive", summary: "What is in an archive", answer: reflect.TypeFor[api.ArchiveListing](), query: []string{"list: 1"}}},
	}
}
