package postgres

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"lyceum/internal/lyceum"
)

// Settings are the site's settings that an administrator changes in the browser.
type Settings struct {
	SiteName    string
	SignUp      lyceum.SignUp
	IdleTimeout time.Duration // a project without use is stopped after this long; whole seconds
	DeleteGrace time.Duration // a deleted project can be restored for this long; whole days
	Limits      lyceum.Limits // of projects that have none of their own
	Ceilings    lyceum.Limits // the most that any project may have
	Fixed       []string      // what the configuration sets: limits.memory; it cannot be changed
}

// DefaultSettings are those of a new site.
func DefaultSettings() Settings {
	return Settings{SiteName: "Lyceum", SignUp: lyceum.SignUpClosed, IdleTimeout: time.Hour, DeleteGrace: 30 * 24 * time.Hour, Limits: lyceum.DefaultLimits()}
}

// SettingsChange names what to change; nil fields stay.
type SettingsChange struct {
	SiteName    *string
	SignUp      *lyceum.SignUp
	IdleTimeout *time.Duration
	DeleteGrace *time.Duration
	Limits      lyceum.LimitChange
	Ceilings    lyceum.LimitChange
}

// storedSettings is how settings lie in the table: one row each, by these keys.
type storedSettings struct {
	SiteName           string             `json:"siteName"`
	SignUp             lyceum.SignUp      `json:"signUp"`
	IdleTimeoutSeconds int64              `json:"idleTimeoutSeconds"`
	DeleteGraceDays    int64              `json:"deleteGraceDays"`
	Limits             lyceum.LimitChange `json:"limits"`
	Ceilings           lyceum.LimitChange `json:"ceilings"`
}

const day = 24 * time.Hour

func (s Settings) stored() storedSettings {
	return storedSettings{SiteName: s.SiteName, SignUp: s.SignUp, IdleTimeoutSeconds: int64(s.IdleTimeout / time.Second), DeleteGraceDays: int64(s.DeleteGrace / day)}
}

func (s storedSettings) settings() Settings {
	return Settings{
		SiteName: s.SiteName, SignUp: s.SignUp, IdleTimeout: time.Duration(s.IdleTimeoutSeconds) * time.Second, DeleteGrace: time.Duration(s.DeleteGraceDays) * day,
		Limits: lyceum.DefaultLimits().With(s.Limits), Ceilings: lyceum.Limits{}.With(s.Ceilings),
	}
}

// Settings returns the site's settings, defaults where nothing was set.
func (db *DB) Settings(ctx context.Context) (Settings, error) {
	var s Settings
	err := db.read(ctx, "read settings", func(q querier) (err error) {
		s, err = readSettings(ctx, q)
		return err
	})
	return db.fixed.in(s), err
}

// in returns the settings with what is fixed in its place.
func (f FixedLimits) in(s Settings) Settings {
	s.Limits, s.Ceilings, s.Fixed = s.Limits.With(f.Limits), s.Ceilings.With(f.Ceilings), f.names()
	return s
}

func readSettings(ctx context.Context, q querier) (Settings, error) {
	s, err := readStored(ctx, q)
	return s.settings(), err
}

func readStored(ctx context.Context, q querier) (storedSettings, error) {
	s := DefaultSettings().stored()
	var text []byte
	err := q.QueryRow(ctx, `SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM settings`).Scan(&text)
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	return s, err
}

// UpdateSettings changes the site's settings and returns them as they are then.
func (db *DB) UpdateSettings(ctx context.Context, act Act, c SettingsChange) (Settings, error) {
	if err := db.fixed.refuse(c); err != nil {
		return Settings{}, err
	}
	var s Settings
	err := db.write(ctx, "change settings", func(tx pgx.Tx) (err error) {
		s, err = updateSettings(ctx, tx, act, c)
		return err
	})
	return db.fixed.in(s), err
}

func updateSettings(ctx context.Context, tx pgx.Tx, act Act, c SettingsChange) (Settings, error) {
	changed := detail{}
	if c.SiteName != nil {
		changed["siteName"] = *c.SiteName
	}
	if c.SignUp != nil {
		changed["signUp"] = *c.SignUp
	}
	if c.IdleTimeout != nil {
		changed["idleTimeoutSeconds"] = int64(*c.IdleTimeout / time.Second)
	}
	if c.DeleteGrace != nil {
		changed["deleteGraceDays"] = int64(*c.DeleteGrace / day)
	}
	if !c.Limits.IsZero() || !c.Ceilings.IsZero() {
		before, err := readStored(ctx, tx)
		if err != nil {
			return Settings{}, err
		}
		if !c.Limits.IsZero() {
			changed["limits"] = merge(before.Limits, c.Limits)
		}
		if !c.Ceilings.IsZero() {
			changed["ceilings"] = merge(before.Ceilings, c.Ceilings)
		}
	}
	for key, value := range changed {
		text, err := json.Marshal(value)
		if err != nil {
			return Settings{}, err
		}
		_, err = tx.Exec(ctx, `INSERT INTO settings (key, value) VALUES ($1, $2::jsonb) ON CONFLICT (key) DO UPDATE SET value = excluded.value`, key, string(text))
		if err != nil {
			return Settings{}, err
		}
	}
	if err := notify(ctx, tx, Notification{What: SettingsChanged}); err != nil {
		return Settings{}, err
	}
	if err := record(ctx, tx, act, "settings.change", "site", "", changed); err != nil {
		return Settings{}, err
	}
	return readSettings(ctx, tx)
}

// secret returns the named secret, storing fresh as it when there is none yet.
// All callers, in all programs, get the same one.
func secret(ctx context.Context, tx pgx.Tx, name string, fresh []byte) ([]byte, error) {
	_, err := tx.Exec(ctx, `INSERT INTO secrets (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`, name, fresh)
	if err != nil {
		return nil, err
	}
	var value []byte
	err = tx.QueryRow(ctx, `SELECT value FROM secrets WHERE name = $1`, name).Scan(&value)
	return value, err
}

// SigningKey returns the key that the site signs tickets with. It is made at the
// first call; every hub on the database gets the same one.
func (db *DB) SigningKey(ctx context.Context) (ed25519.PrivateKey, error) {
	_, fresh, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, err
	}
	var seed []byte
	err = db.write(ctx, "read the signing key", func(tx pgx.Tx) (err error) {
		seed, err = secret(ctx, tx, "ticket-key", fresh.Seed())
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(seed) != ed25519.SeedSize {
		return nil, lyceum.Errorf(lyceum.Internal, "the signing key in the database is damaged")
	}
	return ed25519.NewKeyFromSeed(seed), nil
}
