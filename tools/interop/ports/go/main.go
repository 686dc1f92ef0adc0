// Command neffosports has the originals of the ports: small servers on neffos
// and Iris that do what the examples of those projects do, and their clients.
//
// A program prints one line for each thing that it sees, and takes one command
// a line, until standard input ends.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/kataras/neffos"
)

// commands are what the person at the terminal may type: a word, and the rest
// of the line.
type commands map[string]func(rest string)

// An original is one example.
type original struct {
	// serve makes the server; the commands are its operator's.
	serve func() (http.Handler, commands)
	// dial connects the client of a user. It is nil where the client is a page.
	dial func(url, user string) (commands, error)
}

var originals = map[string]original{
	"iris-jwt":      {serveTokens, dialTokens},
	"iris-mvc":      {serveVisits, nil},
	"iris-auth":     {serveMembers, nil},
	"iris-visitors": {servePages, nil},
	"iris-native":   {serveShouts, nil},
	"rooms":         {serveRooms, dialRooms},
	"force-connect": {serveForced, dialForced},
	"struct":        {serveStruct, dialStruct},
	"cronjob":       {serveNotices, dialNotices},
	"users":         {serveUsers, dialUsers},
	"protobuf":      {serveProto, dialProto},
	"native":        {servePong, dialPing},
	"quick-view":    {serveWorkdays, dialWorkdays},
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 2 {
		return errors.New("usage: neffosports server NAME | client NAME URL USER")
	}
	one, ok := originals[args[1]]
	switch {
	case ok && len(args) == 2 && args[0] == "server":
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		handler, do := one.serve()
		fmt.Println("listening", listener.Addr().(*net.TCPAddr).Port)
		go http.Serve(listener, handler)
		return follow(do)
	case ok && len(args) == 4 && args[0] == "client" && one.dial != nil:
		do, err := one.dial(args[2], args[3])
		if err != nil {
			say(args[3], "refused", err)
			return nil
		}
		return follow(do)
	}
	return fmt.Errorf("no example fits %q", args)
}

// follow obeys the commands of standard input.
func follow(do commands) error {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		word, rest, _ := strings.Cut(lines.Text(), " ")
		command, ok := do[word]
		if !ok {
			return fmt.Errorf("no command is called %q", word)
		}
		command(rest)
	}
	return lines.Err()
}

// note prints what somebody got.
func note(who any, msg neffos.Message) {
	fmt.Printf("%v %s ns=%q room=%q body=%q\n", who, msg.Event, msg.Namespace, msg.Room, msg.Body)
}

// say prints something else than a message.
func say(who any, event string, body any) {
	note(who, neffos.Message{Event: event, Body: []byte(fmt.Sprint(body))})
}

// noted is a handler that prints, and nothing else.
func noted(ns *neffos.NSConn, msg neffos.Message) error {
	note(ns, msg)
	return nil
}

// notedBy makes such a handler for a client: its user is not its ID everywhere.
func notedBy(user string) neffos.MessageHandlerFunc {
	return func(_ *neffos.NSConn, msg neffos.Message) error {
		note(user, msg)
		return nil
	}
}

// asked prints the outcome of an ask.
func asked(user, event string, msg neffos.Message, err error) {
	if err != nil {
		say(user, event+" failed", err)
		return
	}
	say(user, event+" answered", string(msg.Body))
}
