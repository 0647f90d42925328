package postgres

// VersionProblem is for tests: no server here is old enough.
var VersionProblem = versionProblem
