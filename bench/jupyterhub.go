package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// jupyterhub is a running JupyterHub with its proxy, the dummy authenticator and
// the spawner that starts local processes.
type jupyterhub struct {
	child  *child
	public string // host:port of the proxy
	hub    string // host:port of the hub itself, past the proxy
	conf   string
}

// jhToken is of the service bench, which may do everything.
var jhToken = strings.Repeat("b", 32)

// jupyterhub starts one on a core with a database, as SQLAlchemy writes it.
func (b *bench) jupyterhub(ctx context.Context, core int, db string) (*jupyterhub, error) {
	dir := filepath.Join(b.work, "jupyterhub")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	var ports [3]int
	for i := range ports {
		var err error
		if ports[i], err = freePort(); err != nil {
			return nil, err
		}
	}
	conf := fmt.Sprintf(`
c = get_config()
c.JupyterHub.db_url = %q
c.JupyterHub.authenticator_class = "dummy"
c.JupyterHub.spawner_class = "simple"
c.Authenticator.allow_all = True
c.JupyterHub.log_level = "ERROR"
c.JupyterHub.ip = "127.0.0.1"
c.JupyterHub.port = %d
c.JupyterHub.hub_port = %d
c.JupyterHub.concurrent_spawn_limit = 0
c.Spawner.start_timeout = 900
c.Spawner.http_timeout = 900
c.JupyterHub.active_server_limit = 0
c.JupyterHub.cookie_secret_file = "%s/cookie"
c.ConfigurableHTTPProxy.pid_file = "%s/proxy.pid"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:%d"
c.ConfigurableHTTPProxy.command = ["node", "%s/node/node_modules/configurable-http-proxy/bin/configurable-http-proxy"]
c.SimpleLocalProcessSpawner.home_dir_template = "%s/home/{username}"
c.Spawner.cmd = ["%s/python/bin/jupyterhub-singleuser"]
c.Spawner.args = ["--allow-root", "--ServerApp.log_level=ERROR"]
c.Spawner.environment = {"JUPYTERHUB_SINGLEUSER_APP": "jupyter_server.serverapp.ServerApp"}
c.JupyterHub.services = [{"name": "bench", "api_token": %q}]
c.JupyterHub.load_roles = [{"name": "bench", "services": ["bench"], "scopes": ["admin:users", "admin:servers", "tokens", "list:users", "users:activity", "access:servers"]}]
`, db, ports[0], ports[1], dir, dir, ports[2], b.peers, dir, b.peers, jhToken)
	file := filepath.Join(dir, "config.py")
	if err := os.WriteFile(file, []byte(conf), 0o644); err != nil {
		return nil, err
	}
	c, err := b.begin("jupyterhub", core, []string{"PATH=" + filepath.Join(b.peers, "python/bin") + ":" + os.Getenv("PATH")}, filepath.Join(b.peers, "python/bin/jupyterhub"), "-f", file)
	if err != nil {
		return nil, err
	}
	c.drain()
	j := &jupyterhub{child: c, public: "127.0.0.1:" + strconv.Itoa(ports[0]), hub: "127.0.0.1:" + strconv.Itoa(ports[1]), conf: file}
	for _, addr := range []string{j.hub, j.public} {
		if err := answers(ctx, addr); err != nil {
			c.end()
			said, _ := os.ReadFile(c.log)
			return nil, fmt.Errorf("JupyterHub: %w: %s", err, tail(said))
		}
	}
	return j, nil
}

// request is a whole request to the hub's API.
func (j *jupyterhub) request(method, path, body string) string {
	r := method + " /hub/api" + path + " HTTP/1.1\r\nHost: " + j.hub + "\r\nAuthorization: token " + jhToken + "\r\nAccept: application/json\r\n"
	if body != "" {
		r += "Content-Type: application/json\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n"
	}
	return r + "\r\n" + body
}
