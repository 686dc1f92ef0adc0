package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"

	gorillaws "github.com/gorilla/websocket"
	"github.com/kataras/neffos"
	"github.com/kataras/neffos/gorilla"
	"github.com/vmihailenco/msgpack/v5"
)

// A serverScenario is the server's part of a scenario.
type serverScenario struct {
	// The namespace, "default" when it is empty.
	namespace string
	events    neffos.Events
	// Makes events that log lines themselves.
	makeEvents func(*journal) neffos.Events
	// Whether only the scenario's own lines count.
	isQuiet bool
	// Whether the events belong to the empty namespace.
	isNative  bool
	onConnect func(*neffos.Conn) error
	// The actions once the client has emitted "go", by its body.
	steps map[string]step
}

// A step is an action of the server at the client's command.
type step func(context.Context, *journal, *neffos.NSConn) error

// A serverLine is printed for each line of the server's log.
type serverLine struct {
	Name string `json:"name"`
	Line string `json:"line"`
}

// serve serves every scenario at the path of its name until standard input
// ends. The first line that it prints is its port.
func serve(address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	for name, scenario := range serverScenarios {
		mux.Handle("/"+name, handlerOf(name, scenario))
	}
	serveCommandLine(mux)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: deadline}
	go func() {
		// The program that started this one holds the other end.
		io.Copy(io.Discard, os.Stdin)
		ctx, cancel := context.WithTimeout(context.Background(), deadline)
		defer cancel()
		server.Shutdown(ctx)
	}()
	printLine(map[string]int{"port": listener.Addr().(*net.TCPAddr).Port})
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func handlerOf(name string, scenario serverScenario) http.Handler {
	j := newJournal(func(line string) { printLine(serverLine{name, line}) })
	events := scenario.events
	if scenario.makeEvents != nil {
		events = scenario.makeEvents(j)
	}
	if events == nil {
		events = neffos.Events{}
	}
	if scenario.steps != nil {
		events["go"] = func(ns *neffos.NSConn, msg neffos.Message) error {
			do, ok := scenario.steps[string(msg.Body)]
			if !ok {
				return fmt.Errorf("no step is called %q", msg.Body)
			}
			go play(j, ns, do)
			return nil
		}
	}
	namespaces := neffos.Namespaces{}
	switch {
	case scenario.isNative:
		namespaces[""] = events
	case scenario.isQuiet:
		namespaces[nameOr(scenario.namespace)] = events
	default:
		namespaces[nameOr(scenario.namespace)] = logged("server", j, events)
	}
	// Any page may connect: only the tests can reach it.
	upgrader := gorillaws.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	server := neffos.New(gorilla.Upgrader(upgrader), namespaces)
	server.IDGenerator = func(http.ResponseWriter, *http.Request) string { return "ID" }
	// Without it a broadcast may overtake the one before, which is then lost.
	server.SyncBroadcaster = true
	server.OnConnect = scenario.onConnect
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		server.Upgrade(w, r, func(socket neffos.Socket) neffos.Socket { return newGate(socket) }, nil)
	})
}

func play(j *journal, ns *neffos.NSConn, do step) {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	err := gateOf(ns.Conn).settle(ctx)
	if err == nil {
		err = do(ctx, j, ns)
	}
	if err != nil {
		j.add("step failed: %v", err)
	}
	ns.Emit("bye", nil)
}

func refusing(event, reason string) neffos.Events {
	return neffos.Events{event: func(_ *neffos.NSConn, msg neffos.Message) error {
		if msg.IsForced {
			return nil
		}
		return errors.New(reason)
	}}
}

func replying(event, body string) neffos.Events {
	return neffos.Events{event: func(*neffos.NSConn, neffos.Message) error {
		return neffos.Reply([]byte(body))
	}}
}

func toChat(msg neffos.Message) neffos.Message {
	msg.Namespace, msg.Event = "default", "chat"
	return msg
}

func replyHeaders(ns *neffos.NSConn, _ neffos.Message) error {
	header := ns.Conn.Socket().Request().Header
	body := fmt.Sprintf("%s forwarded=%s", header.Get(headerName), header.Get(forwardedName))
	return neffos.Reply([]byte(body))
}

var headers = serverScenario{isQuiet: true, events: neffos.Events{"header": replyHeaders}}

var serverScenarios = map[string]serverScenario{
	"ack":                   {},
	"ack-rejected":          {onConnect: func(*neffos.Conn) error { return errors.New("go away") }},
	"connect":               {},
	"connect-bad-namespace": {},
	"connect-rejected":      {events: refusing(neffos.OnNamespaceConnect, "not allowed; sorry")},
	"connect-twice":         {},
	"emit": {events: neffos.Events{"chat": func(ns *neffos.NSConn, msg neffos.Message) error {
		ns.Emit("chat", append([]byte("echo: "), msg.Body...))
		return nil
	}}},
	"emit-reply":   {events: replying("chat", "replied")},
	"emit-error":   {events: refusing("chat", "bad; chat")},
	"escape":       {namespace: "semi;colon"},
	"ask":          {events: replying("ask", "answer;42")},
	"ask-error":    {events: refusing("ask", "no answer")},
	"ask-no-reply": {events: neffos.Events{"ask": ignore}},
	"server-asks-client": {steps: map[string]step{
		"1": func(ctx context.Context, j *journal, ns *neffos.NSConn) error {
			msg, err := ns.Ask(ctx, "ask", []byte("q"))
			j.add("server ask -> body=%q err=%v", msg.Body, err)
			return nil
		},
	}},
	"binary": {events: neffos.Events{"chat": func(ns *neffos.NSConn, msg neffos.Message) error {
		ns.EmitBinary("chat", msg.Body)
		return nil
	}}},
	"room": {events: neffos.Events{"chat": func(ns *neffos.NSConn, msg neffos.Message) error {
		ns.Room(msg.Room).Emit("chat", msg.Body)
		return nil
	}}},
	"room-join-rejected":  {events: refusing(neffos.OnRoomJoin, "room is full")},
	"room-leave-rejected": {events: refusing(neffos.OnRoomLeave, "stay")},
	"leave-all":           {},
	"disconnect":          {},
	"disconnect-rejected": {events: func() neffos.Events {
		events := refusing(neffos.OnNamespaceDisconnect, "stay")
		events["chat"] = ignore
		return events
	}()},
	"server-force-connect": {onConnect: func(conn *neffos.Conn) error {
		ctx, cancel := context.WithTimeout(context.Background(), deadline)
		defer cancel()
		_, err := conn.Connect(ctx, "default")
		return err
	}},
	"server-room-and-disconnect": {steps: map[string]step{
		"1": func(ctx context.Context, j *journal, ns *neffos.NSConn) error {
			room, err := ns.JoinRoom(ctx, "vip")
			j.add("server join err=%v", err)
			if err != nil {
				return err
			}
			if err := gateOf(ns.Conn).settle(ctx); err != nil {
				return err
			}
			j.add("server leave err=%v", room.Leave(ctx))
			if err := gateOf(ns.Conn).settle(ctx); err != nil {
				return err
			}
			j.add("server disconnect err=%v", ns.Disconnect(ctx))
			return nil
		},
	}},
	"forced-close": {},
	"broadcast": {steps: map[string]step{
		"1": func(_ context.Context, _ *journal, ns *neffos.NSConn) error {
			ns.Conn.Server().Broadcast(nil, toChat(neffos.Message{Body: []byte("to all")}))
			return nil
		},
		"2": func(_ context.Context, _ *journal, ns *neffos.NSConn) error {
			server := ns.Conn.Server()
			server.Broadcast(nil, toChat(neffos.Message{Room: "room1", Body: []byte("to room")}))
			server.Broadcast(nil, toChat(neffos.Message{To: "ID", Body: []byte("to ID")}))
			server.Broadcast(neffos.Exclude("ID"), toChat(neffos.Message{Body: []byte("excluded")}))
			server.Broadcast(ns, toChat(neffos.Message{Body: []byte("to others")}))
			server.Broadcast(nil, toChat(neffos.Message{Err: errors.New("broadcast error")}))
			server.Broadcast(nil, toChat(neffos.Message{Body: []byte("binary"), SetBinary: true}))
			server.Broadcast(nil, neffos.Message{Namespace: "default", Event: "a", Body: []byte("1")},
				neffos.Message{Namespace: "default", Event: "b", Body: []byte("2")})
			return nil
		},
	}},
	"native-only": {isNative: true, makeEvents: nativeEcho},
	"native-mixed": {isNative: true, makeEvents: func(j *journal) neffos.Events {
		events := nativeEcho(j)
		events["chat"] = func(_ *neffos.NSConn, msg neffos.Message) error {
			j.add("server chat %q", msg.Body)
			return nil
		}
		return events
	}},

	"order": {isQuiet: true, makeEvents: func(j *journal) neffos.Events {
		next := 0
		return neffos.Events{"chat": func(ns *neffos.NSConn, msg neffos.Message) error {
			if string(msg.Body) != strconv.Itoa(next) {
				j.add("server got %s for %d", msg.Body, next)
			}
			if next++; next == manyMessages {
				j.add("server got %d in order", next)
			}
			ns.Emit("chat", msg.Body)
			return nil
		}}
	}},
	"unicode": {namespace: oddNamespace, isQuiet: true, makeEvents: func(j *journal) neffos.Events {
		return neffos.Events{
			oddEvent: func(ns *neffos.NSConn, msg neffos.Message) error {
				same := msg.Namespace == oddNamespace && msg.Room == oddRoom && string(msg.Body) == text
				j.add("server got it: %v", same)
				ns.Room(msg.Room).Emit(oddEvent, msg.Body)
				return nil
			},
			"as;k": func(_ *neffos.NSConn, msg neffos.Message) error {
				return fmt.Errorf("refused; %s", msg.Body)
			},
		}
	}},
	"bytes": {isQuiet: true, makeEvents: func(j *journal) neffos.Events {
		return neffos.Events{
			"chat": func(ns *neffos.NSConn, msg neffos.Message) error {
				j.add("server got all bytes: %v", bytes.Equal(msg.Body, allBytes()))
				ns.EmitBinary("chat", msg.Body)
				return nil
			},
			"ask": func(_ *neffos.NSConn, msg neffos.Message) error { return neffos.Reply(msg.Body) },
		}
	}},
	"asks": {isQuiet: true, events: neffos.Events{"ask": func(_ *neffos.NSConn, msg neffos.Message) error {
		return neffos.Reply(append([]byte("re: "), msg.Body...))
	}}},
	"server-asks-at-once": {isQuiet: true, steps: map[string]step{
		"1": func(ctx context.Context, j *journal, ns *neffos.NSConn) error {
			right, err := askAtOnce(ctx, ns, manyAsks)
			j.add("server right answers: %d", right)
			return err
		},
	}},
	"ask-inside-a-handler": {isQuiet: true, events: neffos.Events{
		"back": func(ns *neffos.NSConn, msg neffos.Message) error {
			ctx, cancel := context.WithTimeout(context.Background(), deadline)
			defer cancel()
			answer, err := ns.Ask(ctx, "ask", msg.Body)
			if err != nil {
				return err
			}
			return neffos.Reply(answer.Body)
		},
	}},
	"ask-in-a-room": {isQuiet: true, events: neffos.Events{
		"ask": func(_ *neffos.NSConn, msg neffos.Message) error {
			return neffos.Reply(append([]byte("in "+msg.Room+": "), msg.Body...))
		},
	}},
	"entry-body": {isQuiet: true, makeEvents: func(j *journal) neffos.Events {
		hook := func(name string) neffos.MessageHandlerFunc {
			return func(_ *neffos.NSConn, msg neffos.Message) error {
				if len(msg.Body) > 0 {
					j.add("server %s %s", name, msg.Body)
				}
				if string(msg.Body) == "no" {
					return errors.New("not with no")
				}
				return nil
			}
		}
		return neffos.Events{
			neffos.OnNamespaceConnect:   hook("connect"),
			neffos.OnNamespaceConnected: hook("connected"),
			neffos.OnRoomJoin:           hook("join"),
		}
	}},
	"msgpack": {isQuiet: true, makeEvents: func(j *journal) neffos.Events {
		return neffos.Events{
			"chat": func(ns *neffos.NSConn, msg neffos.Message) error {
				n := readNote(msg)
				j.add("server got %v", n)
				ns.EmitBinary("chat", neffos.Marshal(n))
				return nil
			},
			"ask": func(_ *neffos.NSConn, msg neffos.Message) error {
				return neffos.Reply(neffos.Marshal(readNote(msg)))
			},
		}
	}},
	"header":           headers,
	"parameter-header": headers,
}

// A note is a body in msgpack.
type note struct {
	From  string   `msgpack:"from"`
	Tags  []string `msgpack:"tags"`
	Count int      `msgpack:"count"`
	Data  []byte   `msgpack:"data"`
}

// Marshal makes it the body of a message, in place of JSON.
func (n note) Marshal() ([]byte, error) { return msgpack.Marshal(n) }

// Unmarshal reads it from the body of a message.
func (n *note) Unmarshal(body []byte) error { return msgpack.Unmarshal(body, n) }

func (n note) String() string {
	return fmt.Sprintf("%s %s %d %d,%d", n.From, strings.Join(n.Tags, ","), n.Count, n.Data[0], n.Data[1])
}

func readNote(msg neffos.Message) note {
	var n note
	check(msg.Unmarshal(&n))
	return n
}

func nativeEcho(j *journal) neffos.Events {
	return neffos.Events{neffos.OnNativeMessage: func(ns *neffos.NSConn, msg neffos.Message) error {
		j.add("server native event=%q body=%q isNative=%v", msg.Event, msg.Body, msg.IsNative)
		ns.Conn.Write(neffos.Message{Body: append([]byte("native: "), msg.Body...), IsNative: true})
		return nil
	}}
}
