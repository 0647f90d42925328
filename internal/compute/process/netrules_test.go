package process

import (
	"net/netip"
	"strings"
	"testing"
)

func TestParseAllowed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{"192.168.7.5", "ip daddr 192.168.7.5/32 accept"},
		{"10.1.2.3/16", "ip daddr 10.1.0.0/16 accept"},
		{" 10.1.2.3:22 ", "ip daddr 10.1.2.3/32 meta l4proto { tcp, udp } th dport 22-22 accept"},
		{"10.1.2.3:27000-27010", "ip daddr 10.1.2.3/32 meta l4proto { tcp, udp } th dport 27000-27010 accept"},
		{"", ""}, {"127.0.0.1", ""}, {"0.0.0.0/0", ""}, {"license.example.org", ""}, {"fd00::1", ""},
		{"10.0.0.1:0", ""}, {"10.0.0.1:9-1", ""}, {"10.0.0.1:70000", ""}, {"10.0.0.1:1; flush ruleset", ""},
	} {
		got, err := parseAllowed([]string{c.in})
		if (err == nil) != (c.want != "") {
			t.Errorf("%q: %v, %v", c.in, got, err)
		}
		if err == nil && got[0].String() != c.want {
			t.Errorf("%q: got %q, want %q", c.in, got[0], c.want)
		}
	}
}

func TestRulesCloseTheMachinesAddresses(t *testing.T) {
	t.Parallel()
	got := network{}.rules([]netip.Addr{netip.MustParseAddr("203.0.113.2"), netip.MustParseAddr("10.0.0.9"), netip.MustParseAddr("fe80::1%eth0")})
	if !strings.Contains(got, ", 203.0.113.2 } reject") || strings.Contains(got, "10.0.0.9") || strings.Contains(got, "fe80") {
		t.Errorf("rules: %s", got)
	}
}

func TestResolvConf(t *testing.T) {
	t.Parallel()
	got := resolvConf("# x\nnameserver 127.0.0.53\nsearch a.example.org\t b.example.org\noptions edns0\nsortlist 1\n")
	if want := "nameserver 100.127.255.3\nsearch a.example.org b.example.org\noptions edns0\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
