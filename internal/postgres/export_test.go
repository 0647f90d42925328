package postgres

// VersionProblem is for tests: no server here is old enough.
var VersionProblem = versionProblem

// UnderWay is how many changes of projects are being written or wait for their turn,
// if the first went alone.
func UnderWay(db *DB) int {
	c := &db.descriptions
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.away {
		return 0
	}
	return 1 + len(c.waiting)
}

// Ping tries the connection as a long silence does.
func Ping(a *Abreast) error { return a.write(pingMessage) }
