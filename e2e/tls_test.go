//go:build e2e

package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// certify writes a certificate that signs itself, and its key.
func certify(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, args, 4, "certify HOST SERIAL CERTFILE KEYFILE")
	serial, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ts.Check(err)
	c := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: args[0]}, DNSNames: []string{args[0]},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	ts.Check(err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[3]), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
}

// secured asks for /healthz by TLS at an address, as the host, trusting the roots
// of a file, until the certificate has the serial number ("" for any).
func secured(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, args, 3, "secured HOST ADDRESS ROOTS [SERIAL]")
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(ts.ReadFile(args[2]))) {
		ts.Fatalf("there is no certificate in %s", args[2])
	}
	client := &http.Client{Timeout: patience, Transport: &http.Transport{
		DisableKeepAlives: true, ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: args[0]},
	}}
	var got string
	for end := time.Now().Add(patience); time.Now().Before(end); <-time.After(100 * time.Millisecond) {
		res, err := client.Get("https://" + args[1] + "/healthz")
		if err != nil {
			got = err.Error()
			continue
		}
		res.Body.Close()
		got = fmt.Sprintf("status %d, serial %v, %s", res.StatusCode, res.TLS.PeerCertificates[0].SerialNumber, res.Proto)
		if res.StatusCode == http.StatusOK && (len(args) < 4 || res.TLS.PeerCertificates[0].SerialNumber.String() == args[3]) {
			fmt.Fprintln(ts.Stdout(), got)
			return
		}
	}
	ts.Fatalf("no such certificate came: %s", got)
}

// pebble starts a real ACME server, and a DNS server that leads every name to this
// machine. It sets ACME to its directory, SSL_CERT_FILE to what it is trusted by,
// and LISTEN and CHALLENGE to the addresses at which it looks for the site.
func pebble(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, args, 0, "pebble")
	ports := freePorts(ts, 6)
	at := func(i int) string { return "127.0.0.1:" + strconv.Itoa(ports[i]) }
	module := strings.TrimSpace(output(ts, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/letsencrypt/pebble/v2"))
	certs := filepath.Join(module, "test", "certs")
	config, err := json.Marshal(map[string]any{"pebble": map[string]any{
		"listenAddress": at(0), "managementListenAddress": at(1), "httpPort": ports[2], "tlsPort": ports[3],
		"certificate": filepath.Join(certs, "localhost", "cert.pem"), "privateKey": filepath.Join(certs, "localhost", "key.pem"),
	}})
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("pebble.json"), config, 0o600))
	background(ts, "pebble-challtestsrv", "-dnsserver", at(4), "-management", at(5), "-http01", "", "-https01", "", "-tlsalpn01", "", "-doh", "", "-defaultIPv6", "", "-defaultIPv4", "127.0.0.1")
	background(ts, "pebble", "-config", ts.MkAbs("pebble.json"), "-dnsserver", at(4))
	ts.Setenv("ACME", "https://"+at(0)+"/dir")
	ts.Setenv("SSL_CERT_FILE", filepath.Join(certs, "pebble.minica.pem"))
	ts.Setenv("CHALLENGE", at(2))
	ts.Setenv("LISTEN", at(3))

	// Its root is made anew at each start.
	insecure := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	for end := time.Now().Add(patience); ; <-time.After(50 * time.Millisecond) {
		res, err := insecure.Get("https://" + at(1) + "/roots/0")
		if err == nil {
			defer res.Body.Close()
			root, err := io.ReadAll(res.Body)
			ts.Check(err)
			ts.Check(os.WriteFile(ts.MkAbs("acme-root.pem"), root, 0o600))
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("pebble does not answer: %v", err)
		}
	}
}

// background starts a tool of go.mod, until the script ends.
func background(ts *testscript.TestScript, tool string, args ...string) {
	cmd := exec.Command(strings.TrimSpace(output(ts, "go", "tool", "-n", tool)), args...)
	cmd.Env = append(os.Environ(), "PEBBLE_VA_NOSLEEP=1")
	log, err := os.Create(ts.MkAbs(tool + ".log"))
	ts.Check(err)
	cmd.Stdout, cmd.Stderr = log, log
	ts.Check(cmd.Start())
	ts.Defer(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = log.Close()
	})
}

// output runs a command outside of the script's own environment.
func output(ts *testscript.TestScript, name string, args ...string) string {
	out, err := exec.Command(name, args...).Output()
	if err != nil {
		ts.Fatalf("%s %s: %v", name, strings.Join(args, " "), err)
	}
	return string(out)
}

func port(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, args, 1, "port VAR")
	ts.Setenv(args[0], strconv.Itoa(freePorts(ts, 1)[0]))
}

// web serves a folder by HTTP until the script ends.
func web(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg, args, 2, "web FOLDER VAR")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	s := &http.Server{Handler: http.FileServer(http.Dir(ts.MkAbs(args[0])))}
	go func() { _ = s.Serve(l) }() // it ends with Close
	ts.Defer(func() { _ = s.Close() })
	ts.Setenv(args[1], "http://"+l.Addr().String())
}

func freePorts(ts *testscript.TestScript, n int) []int {
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		ts.Check(err)
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}
