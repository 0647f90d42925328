package ticket

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lyceum/internal/lyceum"
)

const (
	here  lyceum.ProjectID = "33333333-3333-4333-8333-333333333333"
	there lyceum.ProjectID = "44444444-4444-4444-8444-444444444444"
	ada   lyceum.AccountID = "11111111-1111-4111-8111-111111111111"
)

// The keys of these tests are fixed, so that the corpus of the fuzz target holds
// tickets that are valid.
var (
	site  = NewSigner(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, ed25519.SeedSize)))
	thief = NewSigner(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{2}, ed25519.SeedSize)))
	noon  = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
)

func verifier(t testing.TB, key ed25519.PublicKey, project lyceum.ProjectID) *Verifier {
	t.Helper()
	v, err := NewVerifier(key, project)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestATicketArrivesAsItWasSigned(t *testing.T) {
	t.Parallel()
	v := verifier(t, site.Public(), here)
	for name, want := range map[string]Ticket{
		"editor":    {Project: here, Account: ada, Name: `Ada "the first" Ž. 李`, Colour: 11, Role: lyceum.Editor, Session: "s"},
		"read-only": {Project: here, Account: ada, Role: lyceum.Owner, ReadOnly: true},
		"the hub":   {Project: here, System: true},
		"nothing":   {Project: here},
	} {
		header := site.Sign(want, noon)
		if strings.ContainsAny(header, " \r\n,;\"") {
			t.Errorf("%s: %q cannot be a header", name, header)
		}
		got, err := v.Verify(header, noon)
		want.Expires = noon.Add(Life).Unix()
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v, want -, got +:\n%s", name, err, diff)
		}
	}
}

func TestRefusedTickets(t *testing.T) {
	t.Parallel()
	v := verifier(t, site.Public(), here)
	good := site.Sign(Ticket{Project: here, Account: ada, Role: lyceum.Viewer}, noon)
	body, sig, _ := strings.Cut(good, ".")
	sign := func(text string) string {
		b := base64.RawURLEncoding.EncodeToString([]byte(text))
		return b + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(site.key, []byte(b)))
	}
	// Ada makes herself an owner, and keeps the signature.
	raised, _ := json.Marshal(Ticket{Project: here, Account: ada, Role: lyceum.Owner, Expires: noon.Add(Life).Unix()})
	for name, header := range map[string]string{
		"none":                     "",
		"no signature":             body,
		"empty signature":          body + ".",
		"empty body":               "." + sig,
		"a dot":                    ".",
		"signature of another":     body + "." + base64.RawURLEncoding.EncodeToString(bytes.Repeat([]byte{0}, ed25519.SignatureSize)),
		"signature cut short":      good[:len(good)-4],
		"signature with more":      good + "AAAA",
		"two signatures":           good + "." + sig,
		"padded base64":            good + "==",
		"body of another":          base64.RawURLEncoding.EncodeToString(raised) + "." + sig,
		"a bit of the body":        "f" + good[1:],
		"signed by somebody else":  thief.Sign(Ticket{Project: here, Account: ada, Role: lyceum.Owner}, noon),
		"another project":          site.Sign(Ticket{Project: there, Account: ada, Role: lyceum.Owner}, noon),
		"no project":               site.Sign(Ticket{Account: ada, Role: lyceum.Owner}, noon),
		"expired a second ago":     site.Sign(Ticket{Project: here}, noon.Add(-Life-time.Second)),
		"expired long ago":         site.Sign(Ticket{Project: here}, noon.AddDate(-1, 0, 0)),
		"from the future":          site.Sign(Ticket{Project: here}, noon.Add(Life+time.Second)),
		"for ever":                 sign(`{"p":"` + string(here) + `","e":9223372036854775807}`),
		"long before":              sign(`{"p":"` + string(here) + `","e":-9223372036854775808}`),
		"without an end":           sign(`{"p":"` + string(here) + `"}`),
		"signed, but no JSON":      sign("hello"),
		"signed, but a list":       sign("[]"),
		"signed, but odd types":    sign(`{"p":["x"],"e":"soon"}`),
		"signed, but two of them":  sign(`{"p":"` + string(here) + `","e":1780315200}{}`),
		"longer than any":          site.Sign(Ticket{Project: here, Name: strings.Repeat("x", maxLength)}, noon),
		"a megabyte":               strings.Repeat("A", 1<<20) + "." + sig,
		"signed, but no base64url": "not base64!." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(site.key, []byte("not base64!"))),
	} {
		got, err := v.Verify(header, noon)
		if !lyceum.IsKind(err, lyceum.Unauthenticated) {
			t.Errorf("%s: got %+v, %v, want kind unauthenticated", name, got, err)
		}
		if diff := cmp.Diff(Ticket{}, got); diff != "" {
			t.Errorf("%s: a refused ticket is returned: %s", name, diff)
		}
	}
	if _, err := v.Verify(good, noon); err != nil {
		t.Errorf("the good one: %v", err)
	}
}

func TestATicketLivesAMinuteForClocksThatDiffer(t *testing.T) {
	t.Parallel()
	v := verifier(t, site.Public(), here)
	header := site.Sign(Ticket{Project: here}, noon)
	for _, c := range []struct {
		ahead time.Duration // of the project's clock before the hub's
		good  bool
	}{
		{0, true}, {Life, true}, {Life + time.Second, false}, {-Life, true}, {-Life - time.Second, false}, {24 * time.Hour, false},
	} {
		_, err := v.Verify(header, noon.Add(c.ahead))
		if got := err == nil; got != c.good {
			t.Errorf("with a clock that is %v ahead: got %v, want accepted: %v", c.ahead, err, c.good)
		}
	}
}

func TestBadKeysAreRefused(t *testing.T) {
	t.Parallel()
	for _, key := range []ed25519.PublicKey{nil, make([]byte, 31), make([]byte, 33)} {
		if _, err := NewVerifier(key, here); !lyceum.IsKind(err, lyceum.Invalid) {
			t.Errorf("a key of %d bytes: got %v, want kind invalid", len(key), err)
		}
	}
}

func TestWhatATicketAllows(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		ticket Ticket
		may    []lyceum.Verb
		not    []lyceum.Verb
	}{
		{"viewer", Ticket{Project: here, Account: ada, Role: lyceum.Viewer},
			[]lyceum.Verb{lyceum.ReadFiles}, []lyceum.Verb{lyceum.ReadHidden, lyceum.WriteFiles, lyceum.UseTerminals}},
		{"editor", Ticket{Project: here, Account: ada, Role: lyceum.Editor},
			[]lyceum.Verb{lyceum.ReadFiles, lyceum.ReadHidden, lyceum.WriteFiles, lyceum.UseTerminals}, []lyceum.Verb{lyceum.WriteEnv}},
		{"owner by a token that reads", Ticket{Project: here, Account: ada, Role: lyceum.Owner, ReadOnly: true},
			[]lyceum.Verb{lyceum.ReadFiles, lyceum.ReadHidden}, []lyceum.Verb{lyceum.WriteFiles, lyceum.UseTerminals}},
		{"the hub", Ticket{Project: here, System: true}, nil, []lyceum.Verb{lyceum.ReadFiles, lyceum.WriteFiles, lyceum.UseTerminals}},
		{"a role without an account", Ticket{Project: here, Role: lyceum.Owner}, nil, []lyceum.Verb{lyceum.ReadFiles, lyceum.WriteFiles}},
		{"an account without a role", Ticket{Project: here, Account: ada}, nil, []lyceum.Verb{lyceum.SeeProject, lyceum.ReadFiles}},
		{"a made-up role", Ticket{Project: here, Account: ada, Role: "root"}, nil, []lyceum.Verb{lyceum.SeeProject, lyceum.ReadFiles}},
		{"the zero ticket", Ticket{}, nil, lyceum.Verbs()[1:]},
	} {
		for _, v := range c.may {
			if !c.ticket.Can(v) {
				t.Errorf("%s may not do %s", c.name, v)
			}
		}
		for _, v := range c.not {
			if c.ticket.Can(v) {
				t.Errorf("%s may do %s", c.name, v)
			}
		}
	}
}

// FuzzVerify throws anything at Verify. Whatever it accepts was signed by the
// site, for this project and for now.
func FuzzVerify(f *testing.F) {
	v := verifier(f, site.Public(), here)
	f.Add(site.Sign(Ticket{Project: here, Account: ada, Name: "Ada", Role: lyceum.Owner, Session: "s"}, noon))
	f.Add(thief.Sign(Ticket{Project: here}, noon))
	f.Fuzz(func(t *testing.T, header string) {
		got, err := v.Verify(header, noon)
		if err != nil {
			if !lyceum.IsKind(err, lyceum.Unauthenticated) {
				t.Errorf("got %v, want kind unauthenticated", err)
			}
			return
		}
		body, sig, _ := strings.Cut(header, ".")
		raw, err := base64.RawURLEncoding.DecodeString(sig)
		if err != nil || !ed25519.Verify(site.Public(), []byte(body), raw) {
			t.Errorf("accepted %q, which the site did not sign", header)
		}
		if got.Project != here || got.Expires < noon.Unix() || got.Expires > noon.Add(2*Life).Unix() {
			t.Errorf("accepted %+v", got)
		}
	})
}

// TestATicketServesForAMoment: requests that follow each other share a ticket,
// which is refused when its time is over although it was accepted before.
func TestATicketServesForAMoment(t *testing.T) {
	t.Parallel()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	s := NewSigner(private)
	const id = lyceum.ProjectID("7f3a0c1e-5f0b-4c59-9b8e-0d5a3f6f2f11")
	v, err := NewVerifier(public, id)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1_800_000_000, 0)
	who := Ticket{Project: id, Account: "a", Role: lyceum.Viewer}
	first := s.Sign(who, now)
	if again := s.Sign(who, now.Add(9*time.Second)); again != first {
		t.Error("a ticket was made anew within 10 s")
	}
	if s.Sign(who, now.Add(10*time.Second)) == first || s.Sign(who, now.Add(-time.Second)) == first {
		t.Error("a ticket was used for longer than 10 s, or before it was made")
	}
	other := who
	other.Role = lyceum.Editor
	if s.Sign(other, now) == first {
		t.Error("another role got the same ticket")
	}
	for range 2 {
		if got, err := v.Verify(first, now.Add(50*time.Second)); err != nil || got.Role != lyceum.Viewer {
			t.Fatalf("got %+v, %v", got, err)
		}
	}
	if _, err := v.Verify(first, now.Add(Life+2*time.Second)); !lyceum.IsKind(err, lyceum.Unauthenticated) {
		t.Errorf("a remembered ticket outlived its time: %v", err)
	}
}
