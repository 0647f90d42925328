package process

import (
	"errors"
	"fmt"
	"os/exec"
	"runtime"

	"golang.org/x/sys/unix"
)

// startApart starts a command in a session keyring of its own (session-keyring(7)).
// It would inherit ours, and with it whatever keys the server was started with:
// who has a keyring may use what is in it, whatever the user id.
func startApart(cmd *exec.Cmd) error {
	done := make(chan error, 1)
	go func() {
		// Keyrings are a thread's. This one ends with the goroutine, so that nobody
		// else starts from it.
		runtime.LockOSThread()
		_, _, e := unix.Syscall(unix.SYS_KEYCTL, unix.KEYCTL_JOIN_SESSION_KEYRING, 0, 0)
		// Containers often forbid keys altogether: then projects have none either.
		if e != 0 && !errors.Is(e, unix.ENOSYS) && !errors.Is(e, unix.EPERM) && !errors.Is(e, unix.EACCES) {
			done <- fmt.Errorf("a keyring of its own: %w", keysGone(e))
			return
		}
		done <- cmd.Start()
	}()
	return <-done
}

// keysGone says that the kernel has no room for more keys of our user (sysctl
// kernel.keys.maxkeys) in a way that nobody takes for a full disk.
func keysGone(e unix.Errno) error {
	if e == unix.EDQUOT {
		return unix.EAGAIN
	}
	return e
}
