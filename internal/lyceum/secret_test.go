package lyceum

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"text/template"
)

const plain = "correct horse battery staple"

func TestSecretIsNeverPrinted(t *testing.T) {
	t.Parallel()
	s := Secret(plain)
	holder := struct {
		Name  string
		Value Secret
		Ptr   *Secret
		List  []Secret
		Map   map[string]Secret
	}{"n", s, &s, []Secret{s}, map[string]Secret{"k": s}}
	seen := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%c", "%U", "%e", "%t", "%10.3s", "%-40v", "%!"} {
		seen["verb "+verb] = fmt.Sprintf(verb, s)
		seen["verb in a struct "+verb] = fmt.Sprintf(verb, holder)
		seen["verb in a list "+verb] = fmt.Sprintf(verb, []any{s, holder.List, EnvVar{"A", s}})
	}
	seen["Sprint"] = fmt.Sprint(s, &s, holder, &holder)
	format := "no verb"
	//lint:ignore SA5009 the mistake is what is tried
	seen["an argument too many"] = fmt.Sprintf(format, s)
	seen["error"] = fmt.Errorf("sign in with %v: %w", s, Errorf(Invalid, "password %s is wrong", s)).Error()
	seen["joined error"] = errors.Join(Wrap(Internal, fmt.Errorf("%v", s), "with %v", s)).Error()
	for name, v := range map[string]any{"value": s, "pointer": &s, "struct": holder, "env": EnvVar{"A", s}} {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		seen["JSON "+name] = string(b)
		var text, js bytes.Buffer
		slog.New(slog.NewTextHandler(&text, nil)).Info("m", "v", v, slog.Group("g", "v", v))
		slog.New(slog.NewJSONHandler(&js, nil)).Info("m", "v", v, slog.Group("g", "v", v))
		seen["slog text "+name], seen["slog JSON "+name] = text.String(), js.String()
	}
	var page bytes.Buffer
	if err := template.Must(template.New("").Parse("{{.}} {{printf \"%d\" .}}")).Execute(&page, s); err != nil {
		t.Fatal(err)
	}
	seen["template"] = page.String()
	for how, got := range seen {
		if strings.Contains(got, "horse") || strings.Contains(got, fmt.Sprintf("%x", plain[8:12])) || strings.Contains(got, fmt.Sprintf("%X", plain[8:12])) {
			t.Errorf("%s: got %s", how, got)
		}
	}
	if got := fmt.Sprintf("%v", s); got != "[secret]" {
		t.Errorf("got %q, want [secret]", got)
	}
	if s.Reveal() != plain {
		t.Errorf("Reveal: got %q", s.Reveal())
	}
}

func TestSecretIsReadFromJSON(t *testing.T) {
	t.Parallel()
	var in struct{ Password Secret }
	if err := json.Unmarshal([]byte(`{"Password":"`+plain+`"}`), &in); err != nil || in.Password.Reveal() != plain {
		t.Errorf("got %q, %v", in.Password.Reveal(), err)
	}
}

func TestNewSecretIsRandomAndLong(t *testing.T) {
	t.Parallel()
	seen := map[Secret]bool{}
	for range 100 {
		s := NewSecret()
		if len(s.Reveal()) != 43 || strings.ContainsAny(s.Reveal(), "+/= ") {
			t.Fatalf("got %q, want 43 characters of URL-safe base64", s.Reveal())
		}
		if seen[s] {
			t.Fatal("one came twice")
		}
		seen[s] = true
		if len(s.Hash()) != 32 || bytes.Equal(s.Hash(), NewSecret().Hash()) {
			t.Fatal("the hash is not one of SHA-256")
		}
	}
}
