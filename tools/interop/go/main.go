// Command neffosinterop is the Go side of `deno task interop`: a server and a
// client, built on the Go implementation of neffos, that play the same
// scenarios as this module and log what they see.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// The time limits of a scenario, and of an ask that may get no answer.
const (
	deadline    = 5 * time.Second
	askDeadline = time.Second
)

// The bodies of the extra scenarios; scenarios.ts has the same.
const (
	text          = "a;b;;c;;;;;;; \"quotes\" \\ \n žluť 日本語 👩‍👩‍👧 @%!semi"
	oddNamespace  = "na;me ☃"
	oddRoom       = "ro;om žluť 🚪"
	oddEvent      = "ev;ent 日本語"
	headerName    = "X-Name"
	headerValue   = "Ann; Bob"
	manyMessages  = 1000
	manyAsks      = 100
	forwardedName = "X-Forwarded-For"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 2 && args[0] == "server":
		return serve(args[1])
	case len(args) >= 2 && args[0] == "client":
		return runClient(args[1], args[2:])
	}
	return errors.New("usage: neffosinterop server ADDRESS | client URL [SCENARIO]...")
}

var printing sync.Mutex

// printLine prints a value as one line of JSON.
func printLine(value any) {
	printing.Lock()
	defer printing.Unlock()
	if err := json.NewEncoder(os.Stdout).Encode(value); err != nil {
		panic(err)
	}
}

// allBytes has every byte value, many times.
func allBytes() []byte {
	bytes := make([]byte, 65536)
	for i := range bytes {
		bytes[i] = byte(i)
	}
	return bytes
}
