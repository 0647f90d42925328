package ydoc

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// yjs is a node process that runs scripts on documents of npm yjs; the
// commands are described in testdata/yjs/driver.mjs. One serves all tests.
type yjs struct {
	mu  sync.Mutex // one request at a time
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

var theYjs = sync.OnceValues(startYjs)

// reference returns the running yjs, or fails the test with how to install it.
func reference(t testing.TB) *yjs {
	t.Helper()
	y, err := theYjs()
	if err != nil {
		t.Fatal(err)
	}
	return y
}

// TestMain makes the parts of documents small, so that tests come by all their
// borders, except for benchmarks.
func TestMain(m *testing.M) {
	flag.Parse()
	if flag.Lookup("test.bench").Value.String() == "" {
		maxBlock, maxLeaf, maxKids = 4, 3, 4
		bulkAbove, bulkStep, manyBlocks = 5, 3, 3
	}
	code := m.Run()
	if y, err := theYjs(); err == nil {
		y.in.Close()
		if err := y.cmd.Wait(); err != nil && code == 0 {
			fmt.Fprintln(os.Stderr, "yjs driver:", err)
			code = 1
		}
	}
	os.Exit(code)
}

// modules finds a node_modules folder that holds yjs.
func modules() (string, error) {
	web, err := filepath.Abs("../../web/node_modules")
	if err != nil {
		return "", err
	}
	for _, dir := range []string{os.Getenv("LYCEUM_YJS"), web} {
		if dir == "" {
			continue
		}
		about, err := os.ReadFile(filepath.Join(dir, "yjs", "package.json"))
		if err == nil && bytes.Contains(about, []byte(`"version": "13.6.`)) {
			return dir, nil
		}
	}
	return "", fmt.Errorf("npm yjs 13.6 is missing: run `make web-deps`, or set LYCEUM_YJS to a node_modules folder that has yjs 13.6")
}

func startYjs() (*yjs, error) {
	dir, err := modules()
	if err != nil {
		return nil, err
	}
	// The process lives until TestMain closes its input.
	cmd := exec.Command("node", "testdata/yjs/driver.mjs", dir) //nolint:noctx
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start node: %w", err)
	}
	return &yjs{cmd: cmd, in: in, out: bufio.NewReaderSize(out, 1<<16)}, nil
}

// run sends a script and returns the results of its commands.
func (y *yjs) run(script []byte) (*decoder, error) {
	y.mu.Lock()
	defer y.mu.Unlock()
	frame := binary.LittleEndian.AppendUint32(nil, uint32(len(script)))
	if _, err := y.in.Write(append(frame, script...)); err != nil {
		return nil, fmt.Errorf("write to yjs: %w", err)
	}
	var head [4]byte
	if _, err := io.ReadFull(y.out, head[:]); err != nil {
		return nil, fmt.Errorf("read from yjs: %w", err)
	}
	answer := make([]byte, binary.LittleEndian.Uint32(head[:]))
	if _, err := io.ReadFull(y.out, answer); err != nil {
		return nil, fmt.Errorf("read from yjs: %w", err)
	}
	d := &decoder{b: answer}
	if d.uint() != 0 {
		return nil, fmt.Errorf("yjs: %s", d.text())
	}
	return d, nil
}

// script is a list of commands for yjs.
type script []byte

const (
	cmdWorld = iota
	cmdOpen
	cmdEdit
	cmdDeliver
	cmdSync
	cmdState
	cmdApply
	cmdRich
	cmdDescribe
	cmdDrain
	cmdTime
	cmdState2
	cmdMerge
	cmdDiff
	cmdConvert
	cmdVector
	cmdApply2
	cmdAwareness
	cmdTold
	cmdTake
	cmdContent
	cmdRoots
)

// add appends numbers, byte strings and text.
func (s *script) add(parts ...any) {
	b := []byte(*s)
	for _, p := range parts {
		switch p := p.(type) {
		case int:
			b = putUint(b, uint64(p))
		case uint64:
			b = putUint(b, p)
		case bool:
			n := byte(0)
			if p {
				n = 1
			}
			b = append(b, n)
		case []byte:
			b = putText(b, p)
		case string:
			b = putText(b, []byte(p))
		case map[string]any:
			b = append(b, value{p}.encode()...)
		case value:
			b = append(b, p.encode()...)
		default:
			panic(fmt.Sprintf("script: %T", p))
		}
	}
	*s = b
}
