package process

import (
	"io"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"lyceum/internal/compute"
	"lyceum/internal/compute/computetest"
	"lyceum/internal/lyceum"
)

// gitServer serves a repository with one file over HTTP, by git itself.
func gitServer(t *testing.T, wrap func(http.Handler) http.Handler) string {
	t.Helper()
	root := t.TempDir()
	run := func(args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "git", args...)
		cmd.Dir = root
		cmd.Env = append(os.Environ(), "HOME="+root, "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.org", "GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.org")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	run("init", "-q", "work")
	mustWrite(t, filepath.Join(root, "work", "README"))
	run("-C", "work", "add", "README")
	run("-C", "work", "commit", "-q", "-m", "begin")
	run("clone", "-q", "--bare", "work", "repo.git")
	path, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		t.Fatal(err)
	}
	var h http.Handler = &cgi.Handler{Path: filepath.Join(strings.TrimSpace(string(path)), "git-http-backend"), Dir: root, Stderr: io.Discard,
		Env: []string{"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*"}}
	if wrap != nil {
		h = wrap(h)
	}
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func TestAHomeIsFilledFromARepository(t *testing.T) {
	t.Parallel()
	url := gitServer(t, nil) + "/repo.git"
	for _, w := range ways() {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, w)
			spec := r.spec()
			spec.Source = compute.Source{GitURL: url}
			o := r.start(t, spec)
			if got := sh(t, o.Address, "cat README; git -C . log --format=%%s; ls -A | wc -l"); got != "READMEbegin\n2\n" {
				t.Errorf("the home holds %q", got)
			}
			// It is filled once.
			sh(t, o.Address, "rm README")
			if err := r.Stop(t.Context(), spec.Project); err != nil {
				t.Fatal(err)
			}
			o = r.start(t, spec)
			if got := ask1(t, o.Address, "/has?file=README"); got != "false" {
				t.Error("it was filled again")
			}
		})
	}
}

func TestARepositoryThatCannotBeCloned(t *testing.T) {
	t.Parallel()
	base := gitServer(t, nil)
	r := newRig(t, ways()[0])
	spec := r.spec()
	spec.Source = compute.Source{GitURL: strings.Replace(base, "http://", "http://ada:hunter22@", 1) + "/missing.git"}
	if err := r.Ensure(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	o := r.await(t, spec.Project, lyceum.Failed)
	if !strings.Contains(o.Reason, "could not be cloned") || strings.Contains(o.Reason, "hunter22") {
		t.Errorf("reason: %q", o.Reason)
	}
	// Put right, it starts.
	spec.Source.GitURL = base + "/repo.git"
	o = r.start(t, spec)
	if got := ask1(t, o.Address, "/has?file=README"); got != "true" {
		t.Error("the second try did not fill it")
	}
}

// TestStopInTheMiddleOfAClone: the server of the repository does not answer.
func TestStopInTheMiddleOfAClone(t *testing.T) {
	t.Parallel()
	asked, release := make(chan struct{}, 100), make(chan struct{})
	url := gitServer(t, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked <- struct{}{}
			<-release
			h.ServeHTTP(w, r)
		})
	}) + "/repo.git"
	r := newRig(t, ways()[0])
	spec := r.spec()
	spec.Source = compute.Source{GitURL: url}
	if err := r.Ensure(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	<-asked
	if o, err := r.Observe(t.Context(), spec.Project); err != nil || o.Phase != lyceum.Starting || !strings.HasPrefix(o.Step, "cloning the repository") {
		t.Errorf("meanwhile: %+v, %v", o, err)
	}
	if err := r.Stop(t.Context(), spec.Project); err != nil {
		t.Fatal(err)
	}
	if o, err := r.Observe(t.Context(), spec.Project); err != nil || o.Phase != lyceum.Stopped || o.Reason != "" {
		t.Errorf("after Stop: %+v, %v", o, err)
	}
	close(release)
	o := r.start(t, spec)
	if got := ask1(t, o.Address, "/has?file=README"); got != "true" {
		t.Error("the next start did not fill the home")
	}
}

// TestAHubThatGoesInTheMiddleOfAClone: the next one begins anew.
func TestAHubThatGoesInTheMiddleOfAClone(t *testing.T) {
	t.Parallel()
	asked, release := make(chan struct{}, 100), make(chan struct{})
	url := gitServer(t, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked <- struct{}{}
			<-release
			h.ServeHTTP(w, r)
		})
	}) + "/repo.git"
	r := newRig(t, ways()[0])
	spec := r.spec()
	spec.Source = compute.Source{GitURL: url}
	if err := r.Ensure(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	<-asked
	r.reopen(t)
	close(release)
	computetest.Eventually(t, func() bool {
		o, err := r.Observe(t.Context(), spec.Project)
		return err == nil && o.Phase == lyceum.Stopped
	}, func() string { return "the project is not stopped" })
	o := r.start(t, spec)
	if got := sh(t, o.Address, "cat README; ls -A | wc -l"); got != "README2\n" {
		t.Errorf("the home holds %q", got)
	}
}
