package main

import (
	"context"
	"errors"
	"net/http"
	"time"

	gorillaws "github.com/gorilla/websocket"
	"github.com/kataras/neffos"
	"github.com/kataras/neffos/gorilla"
)

// serveCommandLine serves what mvc/CLI.md talks to; tools/cli/demo_server.ts is
// the same in TypeScript.
func serveCommandLine(mux *http.ServeMux) {
	server := neffos.New(gorilla.Upgrader(gorillaws.Upgrader{}), neffos.Namespaces{
		"chat": neffos.Events{
			"onSay": func(ns *neffos.NSConn, msg neffos.Message) error {
				if len(msg.Body) == 0 {
					return errors.New("say something")
				}
				ns.Conn.Server().Broadcast(nil, neffos.Message{
					Namespace: "chat", Room: msg.Room, Event: "onChat", Body: msg.Body,
				})
				return nil
			},
			"onEcho": func(_ *neffos.NSConn, msg neffos.Message) error {
				return neffos.Reply(msg.Body)
			},
			"onSlow": func(*neffos.NSConn, neffos.Message) error {
				time.Sleep(time.Second)
				return nil
			},
			"onQuiz": func(ns *neffos.NSConn, _ neffos.Message) error {
				ctx, cancel := context.WithTimeout(context.Background(), deadline)
				defer cancel()
				answer, err := ns.Ask(ctx, "onQuestion", []byte("6 × 7?"))
				if err != nil {
					return err
				}
				return neffos.Reply(append([]byte("you said "), answer.Body...))
			},
		},
		"staff": neffos.Events{
			"onHi": func(*neffos.NSConn, neffos.Message) error { return neffos.Reply([]byte("hi")) },
			neffos.OnNamespaceConnect: func(_ *neffos.NSConn, msg neffos.Message) error {
				if string(msg.Body) != "secret" {
					return errors.New("a token is required")
				}
				return nil
			},
		},
	})
	server.SyncBroadcaster = true
	mux.Handle("/chat", server)
	mux.HandleFunc("/private", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer secret" {
			http.Error(w, "sign in", http.StatusUnauthorized)
			return
		}
		server.ServeHTTP(w, r)
	})
}
