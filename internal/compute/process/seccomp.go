package process

import (
	"bytes"
	"encoding/binary"
	"runtime"

	"golang.org/x/sys/unix"
)

// The system calls that a project may not make, although the kernel would let it:
// what reaches past its namespaces, and large parts of the kernel that programs do
// well without. What needs rights that a project never has is refused by those.
// ADR 17 says what was left open and why; TestFilter shows each refusal, and that
// the call succeeds without the filter.

// call names a system call of the list.
type call int

const (
	callAddKey call = iota
	callRequestKey
	callKeyctl
	callRingSetup
	callRingEnter
	callRingRegister
	callUserfaultfd
	callPerfEventOpen
	callBPF
	callIoctl
	callSocket
	callSocketcall
)

// refusal is one line of the list.
type refusal struct {
	call call
	arg  int // which argument is looked at; -1: none, the call is refused whatever it is asked
	is   uint32
	with unix.Errno
}

// refusals is the list. ENOSYS, "this kernel has no such call", has programs take
// another way; EPERM says that it is forbidden.
func refusals() []refusal {
	return []refusal{
		// Keys are not kept apart by all that keeps projects apart (keyrings(7)).
		{callAddKey, -1, 0, unix.EPERM}, {callRequestKey, -1, 0, unix.EPERM}, {callKeyctl, -1, 0, unix.EPERM},
		// A second way to make most system calls, which no filter sees.
		{callRingSetup, -1, 0, unix.ENOSYS}, {callRingEnter, -1, 0, unix.ENOSYS}, {callRingRegister, -1, 0, unix.ENOSYS},
		// What exploits of races in the kernel hold it up with.
		{callUserfaultfd, -1, 0, unix.EPERM},
		// Programs that run in the kernel, and its counters.
		{callPerfEventOpen, -1, 0, unix.EACCES}, {callBPF, -1, 0, unix.EPERM},
		// Typing on a terminal in the place of the one who sits there, and on a console.
		{callIoctl, 1, unix.TIOCSTI, unix.EPERM}, {callIoctl, 1, tioclinux, unix.EPERM},
		// Sockets to the machine below a virtual one, and to virtual ones on this:
		// no network namespace keeps them apart (vsock(7)).
		{callSocket, 0, unix.AF_VSOCK, unix.EAFNOSUPPORT},
		// The same by the call for all sockets of 32-bit programs: which family cannot
		// be seen. They make no sockets, where there are any of those.
		{callSocketcall, 0, socketcallSocket, unix.EAFNOSUPPORT},
	}
}

const (
	tioclinux        = 0x541c // ioctl_console(2); the same everywhere
	socketcallSocket = 1      // SYS_SOCKET of linux/net.h
)

// personality is one of the ways that programs of an architecture call the kernel.
type personality struct {
	arch  uint32 // AUDIT_ARCH_…
	calls map[call]uint32
	most  uint32 // calls from this number on belong to another way (x32) and are refused; 0: none do
}

// The numbers of the calls: arch/x86/entry/syscalls/*.tbl, arch/arm/tools/syscall.tbl,
// include/uapi/asm-generic/unistd.h. A machine of 64 bits also runs programs of 32.
var (
	amd64 = personality{arch: unix.AUDIT_ARCH_X86_64, most: 0x40000000, calls: map[call]uint32{
		callAddKey: 248, callRequestKey: 249, callKeyctl: 250, callRingSetup: 425, callRingEnter: 426, callRingRegister: 427,
		callUserfaultfd: 323, callPerfEventOpen: 298, callBPF: 321, callIoctl: 16, callSocket: 41}}
	i386 = personality{arch: unix.AUDIT_ARCH_I386, calls: map[call]uint32{
		callAddKey: 286, callRequestKey: 287, callKeyctl: 288, callRingSetup: 425, callRingEnter: 426, callRingRegister: 427,
		callUserfaultfd: 374, callPerfEventOpen: 336, callBPF: 357, callIoctl: 54, callSocket: 359, callSocketcall: 102}}
	arm64 = personality{arch: unix.AUDIT_ARCH_AARCH64, calls: map[call]uint32{
		callAddKey: 217, callRequestKey: 218, callKeyctl: 219, callRingSetup: 425, callRingEnter: 426, callRingRegister: 427,
		callUserfaultfd: 282, callPerfEventOpen: 241, callBPF: 280, callIoctl: 29, callSocket: 198}}
	arm = personality{arch: unix.AUDIT_ARCH_ARM, calls: map[call]uint32{
		callAddKey: 309, callRequestKey: 310, callKeyctl: 311, callRingSetup: 425, callRingEnter: 426, callRingRegister: 427,
		callUserfaultfd: 388, callPerfEventOpen: 364, callBPF: 386, callIoctl: 54, callSocket: 281}}
)

// personalities are those of a machine; none where we have no list.
func personalities(goarch string) []personality {
	switch goarch {
	case "amd64":
		return []personality{amd64, i386}
	case "arm64":
		return []personality{arm64, arm}
	}
	return nil
}

// Where the kernel shows a filter the call (struct seccomp_data, seccomp(2)). Of an
// argument the lower half is looked at: the kernel takes families and requests of
// ioctl as 32 bits.
const (
	dataCall = 0
	dataArch = 4
	dataArgs = 16
)

// filter is the list as a program of classic BPF. It is empty where there is none.
// vsock says that this machine has such sockets.
func filter(all []personality, vsock bool) []unix.SockFilter {
	if len(all) == 0 {
		return nil
	}
	load := func(at int) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: uint32(at)}
	}
	unless := func(is uint32, skip int) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: is, Jf: uint8(skip)}
	}
	answer := func(k uint32) unix.SockFilter { return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: k} }
	refuse := func(e unix.Errno) unix.SockFilter { return answer(unix.SECCOMP_RET_ERRNO | uint32(e)) }
	prog := []unix.SockFilter{load(dataArch)}
	for _, p := range all {
		part := []unix.SockFilter{load(dataCall)}
		if p.most > 0 {
			part = append(part, unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K, K: p.most, Jf: 1}, refuse(unix.ENOSYS))
		}
		for _, r := range refusals() {
			number, has := p.calls[r.call]
			switch {
			case !has, r.call == callSocketcall && !vsock:
			case r.arg < 0:
				part = append(part, unless(number, 1), refuse(r.with))
			default:
				part = append(part, unless(number, 4), load(dataArgs+8*r.arg), unless(r.is, 1), refuse(r.with), load(dataCall))
			}
		}
		part = append(part, answer(unix.SECCOMP_RET_ALLOW))
		prog = append(append(prog, unless(p.arch, len(part))), part...)
	}
	return append(prog, refuse(unix.ENOSYS)) // no other way is known
}

// filterBytes is the filter of this machine as bubblewrap reads it: struct
// sock_filter, one after the other.
func filterBytes() (string, error) {
	var b bytes.Buffer
	err := binary.Write(&b, binary.NativeEndian, filter(personalities(runtime.GOARCH), hasVsock()))
	return b.String(), err
}

func hasVsock() bool {
	fd, err := unix.Socket(unix.AF_VSOCK, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	return err == nil && unix.Close(fd) == nil
}
