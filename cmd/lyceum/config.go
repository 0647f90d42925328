package main

import (
	"fmt"
	"math"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lyceum/internal/lyceum"
)

// serveConfig is everything that can be set about `lyceum serve`: the one
// documented struct from which flags, environment variables, the keys of the
// configuration file and docs/reference/config.md are made.
type serveConfig struct {
	databaseConfig
	limitConfig
	Listen         string         `default:"127.0.0.1:8000" env:"LYCEUM_LISTEN" placeholder:"ADDR" help:"Address of the site: host:port."`
	InternalListen string         `default:"" env:"LYCEUM_INTERNAL_LISTEN" placeholder:"ADDR" help:"Address of metrics and probes, for operators only; empty: none."`
	BaseURL        string         `env:"LYCEUM_BASE_URL" placeholder:"URL" help:"The address that people type, with the base path if any: https://compute.example.edu/lyceum/. Default: made from --listen."`
	DatabasePool   int            `default:"10" env:"LYCEUM_DATABASE_POOL" placeholder:"N" help:"Most connections to PostgreSQL that are open at once."`
	TLSCert        string         `name:"tls-cert" env:"LYCEUM_TLS_CERT" type:"path" placeholder:"FILE" help:"Certificate chain (PEM); read again when it changes."`
	TLSKey         string         `name:"tls-key" env:"LYCEUM_TLS_KEY" type:"path" placeholder:"FILE" help:"Private key of the certificate (PEM)."`
	ACMEEmail      string         `name:"acme-email" env:"LYCEUM_ACME_EMAIL" placeholder:"MAIL" help:"Fetch certificates for the host of --base-url by ACME, giving this address; needs ports 443 and 80."`
	ACMEListen     string         `name:"acme-listen" default:":80" env:"LYCEUM_ACME_LISTEN" placeholder:"ADDR" help:"Where ACME's plain requests are answered; other requests there are led to https."`
	ACMEDirectory  string         `name:"acme-directory" env:"LYCEUM_ACME_DIRECTORY" placeholder:"URL" help:"Another ACME server than Let's Encrypt."`
	TrustedProxies []netip.Prefix `env:"LYCEUM_TRUSTED_PROXIES" placeholder:"CIDR,..." help:"Networks of reverse proxies that may say the client's address. Default: nobody."`
	TrustEveryone  bool           `env:"LYCEUM_TRUST_EVERYONE" help:"Allow several accounts although this machine cannot keep their projects apart."`
	Confinement    string         `default:"auto" enum:"auto,bubblewrap,uid,none" env:"LYCEUM_CONFINEMENT" help:"How projects are kept apart: ${enum}."`
	ProjectNetwork string         `default:"auto" enum:"auto,internet,none,shared" env:"LYCEUM_PROJECT_NETWORK" help:"What projects reach: internet (each has its own network, and the way out leaves out the machine and private networks), none, shared (the machine's network); auto: internet where that works, else shared."`
	ProjectAllow   []string       `name:"project-network-allow" env:"LYCEUM_PROJECT_NETWORK_ALLOW" placeholder:"ADDRESS,..." help:"Private addresses that projects reach all the same: an IPv4 address or network, and perhaps :PORT or :FIRST-LAST."`
	UnpackLimit    string         `default:"100GB" env:"LYCEUM_UNPACK_LIMIT" placeholder:"SIZE" help:"Most that one archive may become in a project, where the disk and the project's limit have so much: 500GB or none."`
	UIDs           int            `name:"uids" default:"60000" env:"LYCEUM_UIDS" placeholder:"N" help:"Run as root: how many numeric users there are for projects."`

	SetupAdminEmail        string        `env:"LYCEUM_SETUP_ADMIN_EMAIL" placeholder:"MAIL" help:"Make this first administrator instead of printing a set-up link."`
	SetupAdminPassword     lyceum.Secret `env:"LYCEUM_SETUP_ADMIN_PASSWORD" placeholder:"TEXT" help:"Password of the first administrator; better from a file."`
	SetupAdminPasswordFile string        `env:"LYCEUM_SETUP_ADMIN_PASSWORD_FILE" type:"path" placeholder:"FILE" help:"File with the password of the first administrator."`

	LogLevel     string        `default:"info" enum:"debug,info,warn,error" env:"LYCEUM_LOG_LEVEL" help:"What is logged: ${enum}."`
	LogFormat    string        `default:"text" enum:"text,json" env:"LYCEUM_LOG_FORMAT" help:"How it is logged: ${enum}."`
	DrainTimeout time.Duration `default:"10s" env:"LYCEUM_DRAIN_TIMEOUT" placeholder:"TIME" help:"How long open requests may take after SIGTERM."`
}

// Validate checks what one field alone does not show. kong calls it.
func (c *serveConfig) Validate() error {
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	if c.InternalListen != "" {
		if _, _, err := net.SplitHostPort(c.InternalListen); err != nil {
			return fmt.Errorf("--internal-listen: %w", err)
		}
	}
	if _, err := c.base(); err != nil {
		return err
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return fmt.Errorf("--tls-cert and --tls-key go together")
	}
	if c.ACMEEmail != "" && c.TLSCert != "" {
		return fmt.Errorf("--acme-email and --tls-cert exclude each other")
	}
	if c.ACMEEmail != "" && !strings.HasPrefix(c.BaseURL, "https://") {
		return fmt.Errorf("--acme-email needs a --base-url that begins with https://")
	}
	if c.DatabasePool < 2 {
		return fmt.Errorf("--database-pool: at least 2")
	}
	if c.FirstUID < 1000 || c.UIDs < 1 {
		return fmt.Errorf("--first-uid must be 1000 or more, and --uids 1 or more")
	}
	if _, err := c.fixed(); err != nil {
		return err
	}
	if _, err := c.unpackBytes(); err != nil {
		return err
	}
	if c.SetupAdminEmail != "" && c.SetupAdminPassword == "" && c.SetupAdminPasswordFile == "" {
		return fmt.Errorf("--setup-admin-email needs a password or a password file")
	}
	return nil
}

// base is the parsed --base-url, with a path that ends in a slash. Without the
// setting it is made from --listen, whose port may not be known before it is
// bound: then it is "".
func (c *serveConfig) base() (*url.URL, error) {
	s := c.BaseURL
	if s == "" {
		scheme := "http"
		if c.TLSCert != "" {
			scheme = "https"
		}
		host, port, err := net.SplitHostPort(c.Listen)
		if err != nil {
			return nil, fmt.Errorf("--listen: %w", err)
		}
		if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
			host = "localhost"
		}
		s = scheme + "://" + net.JoinHostPort(host, port) + "/"
	}
	u, err := url.Parse(s)
	if err != nil {
		return nil, fmt.Errorf("--base-url: %w", err)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("--base-url: %q is not of the form https://host/ or https://host/path/", s)
	}
	if !strings.HasSuffix(u.Path, "/") {
		u.Path += "/"
	}
	return u, nil
}

// unpackBytes is the parsed --unpack-limit; "none" is more than any disk has.
func (c *serveConfig) unpackBytes() (int64, error) {
	if c.UnpackLimit == "none" {
		return math.MaxInt64, nil
	}
	n, err := parseSize(c.UnpackLimit)
	if err == nil && n == 0 {
		err = fmt.Errorf("it must be 1 byte or more")
	}
	if err != nil {
		return 0, fmt.Errorf("--unpack-limit: %w", err)
	}
	return n, nil
}

// setupPassword returns the first administrator's password.
func (c *serveConfig) setupPassword() (lyceum.Secret, error) {
	if c.SetupAdminPasswordFile == "" {
		return c.SetupAdminPassword, nil
	}
	b, err := os.ReadFile(c.SetupAdminPasswordFile)
	if err != nil {
		return "", fmt.Errorf("--setup-admin-password-file: %w", err)
	}
	return lyceum.Secret(strings.TrimRight(string(b), "\r\n")), nil
}

// defaultData is /var/lib/lyceum for root, else the user's data folder.
func defaultData() string {
	if os.Geteuid() == 0 {
		return "/var/lib/lyceum"
	}
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "lyceum")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "lyceum-data"
	}
	return filepath.Join(home, ".local", "share", "lyceum")
}
