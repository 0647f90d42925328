package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
)

// statementsMain writes what the API's write does, without any server in between and
// a transaction each: what PostgreSQL alone does on its core is the most that any API
// could that does not write several changes together, with a row of the audit log and
// a notification in the same durable transaction.
func statementsMain(url string, out io.Writer) error {
	const conns, long = 10, 2 * time.Second // as many as the hub has
	ctx, cancel := context.WithTimeout(context.Background(), 10*long)
	defer cancel()
	var done atomic.Int64
	errs := make(chan error, conns)
	began := time.Now()
	var all sync.WaitGroup
	for range conns {
		all.Go(func() { errs <- writeUntil(ctx, url, began.Add(long), &done) })
	}
	all.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			return err
		}
	}
	return json.NewEncoder(out).Encode(float64(done.Load()) / time.Since(began).Seconds())
}

func writeUntil(ctx context.Context, url string, end time.Time, done *atomic.Int64) error {
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	for time.Now().Before(end) {
		n := rand.IntN(200)
		var b pgx.Batch // one round trip, and one transaction
		b.Queue("UPDATE projects SET description = $2 WHERE id = $1 RETURNING *", projectID(n), fmt.Sprintf("Written %d.", n))
		b.Queue(`INSERT INTO audit (account, verb, kind, object, address, request) VALUES ($1, 'project.change', 'project', $2, '127.0.0.1', 'bench')`, personID(n), projectID(n))
		b.Queue("SELECT pg_notify('lyceum', $1)", fmt.Sprintf(`{"k":"project","id":"%s"}`, projectID(n)))
		if err := c.SendBatch(ctx, &b).Close(); err != nil {
			return err
		}
		done.Add(1)
	}
	return nil
}
