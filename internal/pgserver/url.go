package pgserver

import "lyceum/internal/lyceum"

// URL is how this program's user reaches the PostgreSQL that another program runs
// with the same Config, whether it does now or not. Errors are of kind Invalid.
func URL(cfg Config) (lyceum.Secret, error) {
	if err := cfg.setDefaults(); err != nil {
		return "", err
	}
	return connectURL(cfg.RunDir), nil
}
