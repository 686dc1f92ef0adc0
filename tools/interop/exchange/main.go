// Command neffosexchange is the Go side of the exchange's part of `deno task
// interop`: a server of the Go implementation of neffos, on a broker that it
// shares with servers of this module.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	gorillaws "github.com/gorilla/websocket"
	"github.com/kataras/neffos"
	"github.com/kataras/neffos/gorilla"
	"github.com/kataras/neffos/stackexchange/nats"
	"github.com/kataras/neffos/stackexchange/redis"
)

const deadline = 5 * time.Second

// A command is what a client wants the server to send.
type command struct {
	Do   string `json:"do"`
	Room string `json:"room"`
	To   string `json:"to"`
	Body string `json:"body"`
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run serves until standard input ends. The only line that it prints is its
// port.
func run(args []string) error {
	if len(args) != 3 {
		return errors.New("usage: neffosexchange redis|nats ADDRESS PREFIX")
	}
	exchange, err := open(args[0], args[1], args[2])
	if err != nil {
		return err
	}
	// Any page may connect: only the tests can reach it.
	upgrader := gorillaws.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	server := neffos.New(gorilla.Upgrader(upgrader), neffos.Namespaces{
		"chat": neffos.Events{
			"onSay": func(ns *neffos.NSConn, msg neffos.Message) error {
				ns.Conn.Server().Broadcast(ns, msg)
				return nil
			},
			"onCommand": func(ns *neffos.NSConn, msg neffos.Message) error {
				// An ask waits for a client, whose answer this handler would hold up.
				go obey(ns, msg.Body)
				return nil
			},
		},
	})
	server.IDGenerator = func(_ http.ResponseWriter, r *http.Request) string {
		return r.URL.Query().Get("id")
	}
	if err := server.UseStackExchange(exchange); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() {
		// The program that started this one holds the other end.
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	return http.Serve(listener, server)
}

func open(kind, address, prefix string) (neffos.StackExchange, error) {
	if kind == "redis" {
		return redis.NewStackExchange(redis.Config{Addr: address}, prefix)
	}
	exchange, err := nats.NewStackExchange("nats://" + address)
	if err != nil {
		return nil, err
	}
	exchange.SubjectPrefix = prefix
	return exchange, nil
}

func obey(ns *neffos.NSConn, body []byte) {
	var c command
	if err := json.Unmarshal(body, &c); err != nil {
		ns.Emit("onResult", []byte("error: "+err.Error()))
		return
	}
	msg := neffos.Message{Namespace: "chat", Room: c.Room, To: c.To, Event: "onSay", Body: []byte(c.Body)}
	server := ns.Conn.Server()
	if c.Do == "broadcast" {
		server.Broadcast(nil, msg)
		return
	}
	msg.Event = "onWho"
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	answer, err := server.Ask(ctx, msg)
	if err != nil {
		ns.Emit("onResult", []byte("error: "+err.Error()))
		return
	}
	ns.Emit("onResult", answer.Body)
}
