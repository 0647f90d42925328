package process

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"lyceum/internal/lyceum"
)

// closed are the networks that are nobody's business outside of where they are:
// IANA's registry of special addresses (RFC 6890), without those for
// documentation. 169.254.169.254 tells a cloud's machine its secrets.
var closed = prefixes("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4")

func prefixes(all ...string) []netip.Prefix {
	var list []netip.Prefix
	for _, s := range all {
		list = append(list, netip.MustParsePrefix(s))
	}
	return list
}

// parseAllowed reads "192.168.7.5:27000-27010", "10.1.0.0/16", "10.1.2.3:22".
func parseAllowed(list []string) ([]allowed, error) {
	var all []allowed
	for _, s := range list {
		a, err := parseOneAllowed(strings.TrimSpace(s))
		if err != nil {
			return nil, lyceum.Errorf(lyceum.Invalid, "%q is no place that projects may reach: write an IPv4 address or network, and perhaps :PORT or :FIRST-LAST (%v)", s, err)
		}
		all = append(all, a)
	}
	return all, nil
}

func parseOneAllowed(s string) (allowed, error) {
	host, ports, withPorts := strings.Cut(s, ":")
	a := allowed{}
	var err error
	if !strings.Contains(host, "/") {
		host += "/32"
	}
	if a.to, err = netip.ParsePrefix(host); err != nil {
		return a, err
	}
	if !a.to.Addr().Is4() {
		return a, fmt.Errorf("only IPv4 is passed on")
	}
	if a.to = a.to.Masked(); a.to.Overlaps(netip.MustParsePrefix("127.0.0.0/8")) {
		return a, fmt.Errorf("a project's loopback is its own")
	}
	if !withPorts {
		return a, nil
	}
	first, last, isRange := strings.Cut(ports, "-")
	if !isRange {
		last = first
	}
	from, err := strconv.ParseUint(first, 10, 16)
	if err != nil {
		return a, err
	}
	to, err := strconv.ParseUint(last, 10, 16)
	if err != nil {
		return a, err
	}
	if from == 0 || from > to {
		return a, fmt.Errorf("the ports are wrong")
	}
	a.first, a.end = uint16(from), uint16(to)
	return a, nil
}

func (a allowed) String() string {
	if a.first == 0 {
		return "ip daddr " + a.to.String() + " accept"
	}
	return fmt.Sprintf("ip daddr %s meta l4proto { tcp, udp } th dport %d-%d accept", a.to, a.first, a.end)
}

// rules is the table that a project's namespace gets, in the language of nft(8).
// It replaces one that is there in one step. own are the machine's addresses.
func (n network) rules(own []netip.Addr) string {
	var b strings.Builder
	b.WriteString("table inet lyceum {}\ndelete table inet lyceum\ntable inet lyceum {\n\tchain out {\n\t\ttype filter hook output priority 0; policy drop;\n\t\toifname \"lo\" accept\n")
	fmt.Fprintf(&b, "\t\tip daddr %s meta l4proto { tcp, udp } th dport 53 accept\n", tapDNS)
	for _, a := range n.allow {
		fmt.Fprintf(&b, "\t\t%s\n", a)
	}
	var no []string
	for _, p := range closed {
		no = append(no, p.String())
	}
	for _, a := range own {
		if a.Is4() && !slices.ContainsFunc(closed, func(p netip.Prefix) bool { return p.Contains(a) }) {
			no = append(no, a.String())
		}
	}
	fmt.Fprintf(&b, "\t\tip daddr { %s } reject with icmpx admin-prohibited\n", strings.Join(no, ", "))
	b.WriteString("\t\tmeta nfproto ipv4 accept\n\t\treject with icmpx admin-prohibited\n\t}\n}\n")
	return b.String()
}

// rule puts the rules into a project's namespace.
func (n network) rule(s spaces) error {
	rules := n.rules(ownAddresses()) // the machine's: not asked for in there
	var said bytes.Buffer
	run := func(args ...string) error {
		c := exec.Command(args[0], args[1:]...)
		s.pass(c)
		c.Stdin = strings.NewReader(rules)
		c.Stdout, c.Stderr = &said, &said
		return c.Run()
	}
	nft := []string{n.nft, "-f", "-"}
	var err error
	if os.Geteuid() == 0 {
		err = s.within(func() error { return run(nft...) })
	} else {
		err = run(append([]string{n.nsenter, "--net=/proc/self/fd/3", "--user=/proc/self/fd/4", "--preserve-credentials", "--"}, nft...)...)
	}
	if err != nil {
		return fmt.Errorf("nftables: %w: %s", err, oneLine(said.String()))
	}
	return nil
}

// ownAddresses returns the machine's addresses, sorted.
func ownAddresses() []netip.Addr {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var own []netip.Addr
	for _, a := range all {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			own = append(own, p.Addr())
		}
	}
	slices.SortFunc(own, netip.Addr.Compare)
	return slices.Compact(own)
}

// resolvConf is the machine's resolv.conf(5) with slirp4netns's resolver in the
// place of the machine's, which may listen on its loopback.
func resolvConf(machine string) string {
	var b strings.Builder
	b.WriteString("nameserver " + tapDNS + "\n")
	for line := range strings.Lines(machine) {
		if f := strings.Fields(line); len(f) > 1 && (f[0] == "search" || f[0] == "domain" || f[0] == "options") && b.Len() < 4096 {
			b.WriteString(strings.Join(f, " ") + "\n")
		}
	}
	return b.String()
}
