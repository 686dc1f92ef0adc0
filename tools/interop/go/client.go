package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	gorillaws "github.com/gorilla/websocket"
	"github.com/kataras/neffos"
	"github.com/kataras/neffos/gorilla"
)

// A clientScenario is the client's part of a scenario.
type clientScenario struct {
	// The namespace of both sides, "default" when it is empty.
	namespace string
	// A namespace of the client only.
	other  string
	header http.Header
	query  url.Values
	events func(*clientStage) neffos.Events
	// Whether only the scenario's own lines count.
	isQuiet bool
	// Whether the events belong to the empty namespace.
	isNative bool
	run      func(*clientStage)
}

// A clientStage is one run of a scenario.
type clientStage struct {
	ctx     context.Context
	journal *journal
	client  *neffos.Client
	gate    *gate
	// Receives a value when the server is done.
	bye chan struct{}
}

// A clientResult is printed for each scenario.
type clientResult struct {
	Name  string   `json:"name"`
	Lines []string `json:"lines"`
	Error string   `json:"error,omitempty"`
}

func runClient(endpoint string, names []string) error {
	if len(names) == 0 {
		for name := range clientScenarios {
			names = append(names, name)
		}
		slices.Sort(names)
	}
	for _, name := range names {
		scenario, ok := clientScenarios[name]
		if !ok {
			return fmt.Errorf("no scenario is called %q", name)
		}
		printLine(playClient(endpoint, name, scenario))
	}
	return nil
}

func playClient(endpoint, name string, scenario clientScenario) (result clientResult) {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	s := &clientStage{ctx: ctx, journal: newJournal(nil), bye: make(chan struct{}, 2)}
	defer func() {
		result = clientResult{Name: name}
		if failure := recover(); failure != nil {
			result.Error = fmt.Sprint(failure)
		}
		s.client.Close()
		s.journal.monitor.update(func() { result.Lines = slices.Clone(s.journal.lines) })
	}()
	events := neffos.Events{}
	if scenario.events != nil {
		events = scenario.events(s)
	}
	namespaces := neffos.Namespaces{}
	switch {
	case scenario.isNative:
		namespaces[""] = events
	case scenario.isQuiet:
		namespaces[nameOr(scenario.namespace)] = events
	default:
		namespaces[nameOr(scenario.namespace)] = logged("client", s.journal, events)
	}
	if scenario.other != "" {
		namespaces[scenario.other] = neffos.Events{}
	}
	dial := gorilla.Dialer(gorillaws.DefaultDialer, scenario.header)
	gated := func(ctx context.Context, url string) (neffos.Socket, error) {
		socket, err := dial(ctx, url)
		if err != nil {
			return nil, err
		}
		s.gate = newGate(socket)
		return s.gate, nil
	}
	target := endpoint + "/" + name
	if scenario.query != nil {
		target += "?" + scenario.query.Encode()
	}
	client, err := neffos.Dial(ctx, gated, target, namespaces)
	s.client = client
	if err != nil || scenario.isNative && name == "native-only" {
		s.journal.add("dial err=%v", err)
	}
	if err == nil && scenario.run != nil {
		scenario.run(s)
	}
	return
}

// must returns the value, or ends the scenario.
func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func nameOr(namespace string) string {
	if namespace == "" {
		return "default"
	}
	return namespace
}

// await waits for lines of the journal and for the end of their handlers.
func (s *clientStage) await(start string, count int) {
	check(s.journal.await(s.ctx, start, count))
	s.settle()
}

func (s *clientStage) awaitBye() {
	select {
	case <-s.bye:
	case <-s.ctx.Done():
		panic("the server has not said that it is done")
	}
}

func (s *clientStage) settle() {
	check(s.gate.settle(s.ctx))
}

func (s *clientStage) connect() *neffos.NSConn {
	return must(s.tryConnect("default"))
}

func (s *clientStage) tryConnect(namespace string) (*neffos.NSConn, error) {
	s.settle()
	ns, err := s.client.Connect(s.ctx, namespace)
	// The reader handles a refusal as well.
	s.settle()
	return ns, err
}

func (s *clientStage) join(ns *neffos.NSConn, name string) *neffos.Room {
	s.settle()
	return must(ns.JoinRoom(s.ctx, name))
}

func (s *clientStage) leave(room *neffos.Room) error {
	s.settle()
	return room.Leave(s.ctx)
}

func (s *clientStage) disconnect(ns *neffos.NSConn) error {
	s.settle()
	return ns.Disconnect(s.ctx)
}

func (s *clientStage) ask(event string, body []byte) (neffos.Message, error) {
	ns := s.connect()
	s.settle()
	return ns.Ask(s.ctx, event, body)
}

func (s *clientStage) logAsk() {
	ns := s.connect()
	s.settle()
	ctx, cancel := context.WithTimeout(s.ctx, askDeadline)
	defer cancel()
	msg, err := ns.Ask(ctx, "ask", []byte("question"))
	if errors.Is(err, context.DeadlineExceeded) {
		s.journal.add("ask err=%v", err)
		return
	}
	s.journal.add("ask -> event=%q body=%q err=%v", msg.Event, msg.Body, err)
}

func numbered(start string, i int) []byte {
	return []byte(start + strconv.Itoa(i))
}

func ignore(*neffos.NSConn, neffos.Message) error { return nil }

func chat(*clientStage) neffos.Events {
	return neffos.Events{"chat": ignore}
}

func answering(start string) func(*clientStage) neffos.Events {
	return func(*clientStage) neffos.Events {
		return neffos.Events{"ask": func(_ *neffos.NSConn, msg neffos.Message) error {
			return neffos.Reply(append([]byte(start), msg.Body...))
		}}
	}
}

func logHeader(s *clientStage) {
	msg := must(s.ask("header", nil))
	s.journal.add("header=%s", msg.Body)
}

var clientScenarios = map[string]clientScenario{
	"ack": {run: func(s *clientStage) {
		s.journal.add("id=%s", s.client.ID)
	}},
	"ack-rejected": {},
	"connect": {run: func(s *clientStage) {
		_, err := s.tryConnect("default")
		s.journal.add("connect err=%v", err)
	}},
	"connect-bad-namespace": {other: "unknown", run: func(s *clientStage) {
		_, err := s.tryConnect("unknown")
		s.journal.add("connect err=%v", err)
	}},
	"connect-rejected": {run: func(s *clientStage) {
		_, err := s.tryConnect("default")
		s.journal.add("connect err=%v", err)
	}},
	"connect-twice": {run: func(s *clientStage) {
		ns := s.connect()
		if s.connect() != ns {
			panic("the second connect gave another connection")
		}
		s.journal.add("disconnect err=%v", s.disconnect(ns))
		_, err := s.tryConnect("default")
		s.journal.add("connect err=%v", err)
	}},
	"emit": {events: chat, run: func(s *clientStage) {
		ns := s.connect()
		for _, body := range []string{"hello", "semi;colons;;in;body", "unicode ✓ \u2028 €", ""} {
			ns.Emit("chat", []byte(body))
		}
		s.await("client chat", 4)
	}},
	"emit-reply": {events: chat, run: func(s *clientStage) {
		s.connect().Emit("chat", []byte("hello"))
		s.await("client chat", 1)
	}},
	"emit-error": {events: chat, run: func(s *clientStage) {
		s.connect().Emit("chat", []byte("hello"))
		s.await("client chat", 1)
	}},
	"escape": {namespace: "semi;colon", run: func(s *clientStage) {
		ns := must(s.tryConnect("semi;colon"))
		s.journal.add("connect err=<nil>")
		room := s.join(ns, "room;1")
		s.journal.add("join err=<nil>")
		room.Emit("ev;ent", []byte("x;y"))
	}},
	"ask":          {run: (*clientStage).logAsk},
	"ask-error":    {run: (*clientStage).logAsk},
	"ask-no-reply": {run: (*clientStage).logAsk},
	"server-asks-client": {
		events: byeAnd(func(*clientStage) neffos.Events {
			return neffos.Events{"ask": func(*neffos.NSConn, neffos.Message) error {
				return neffos.Reply([]byte("client answer"))
			}}
		}),
		run: waitForBye,
	},
	"binary": {events: chat, run: func(s *clientStage) {
		s.connect().EmitBinary("chat", []byte{0, 1, 2, ';', 0xff, 0xfe})
		s.await("client chat", 1)
	}},
	"room": {events: chat, run: func(s *clientStage) {
		ns := s.connect()
		room := s.join(ns, "room1")
		s.journal.add("join err=<nil>")
		room.Emit("chat", []byte("to room"))
		s.await("client chat", 1)
		s.journal.add("leave err=%v", s.leave(room))
		s.journal.add("emit after leave=%v", room.Emit("chat", []byte("gone")))
		s.journal.add("leave again err=%v", s.leave(room))
	}},
	"room-join-rejected": {run: func(s *clientStage) {
		ns := s.connect()
		_, err := ns.JoinRoom(s.ctx, "room1")
		s.journal.add("join err=%v", err)
	}},
	"room-leave-rejected": {run: func(s *clientStage) {
		room := s.join(s.connect(), "room1")
		s.journal.add("leave err=%v", s.leave(room))
	}},
	"leave-all": {
		events: func(*clientStage) neffos.Events {
			// The handler asks twice; see gate.
			return neffos.Events{neffos.OnRoomLeft: func(ns *neffos.NSConn, msg neffos.Message) error {
				ctx, cancel := context.WithTimeout(context.Background(), deadline)
				defer cancel()
				return gateOf(ns.Conn).settle(ctx)
			}}
		},
		run: func(s *clientStage) {
			ns := s.connect()
			s.join(ns, "room1")
			s.join(ns, "room2")
			s.settle()
			s.journal.add("leaveAll err=%v", ns.LeaveAll(s.ctx))
		},
	},
	"disconnect": {run: func(s *clientStage) {
		ns := s.connect()
		s.join(ns, "room1")
		s.journal.add("disconnect err=%v", s.disconnect(ns))
		s.journal.add("emit after=%v", ns.Emit("chat", []byte("gone")))
		s.journal.add("disconnect again err=%v", s.disconnect(ns))
	}},
	"disconnect-rejected": {run: func(s *clientStage) {
		ns := s.connect()
		s.journal.add("disconnect err=%v", s.disconnect(ns))
		s.journal.add("emit after=%v", ns.Emit("chat", []byte("still here")))
	}},
	"server-force-connect": {run: func(s *clientStage) {
		_, err := s.client.WaitServerConnect(s.ctx, "default")
		s.journal.add("wait err=%v", err)
		s.await("client _OnNamespaceConnected", 1)
	}},
	"server-room-and-disconnect": {run: func(s *clientStage) {
		s.connect().Emit("go", []byte("1"))
		s.await("client _OnNamespaceDisconnect", 1)
	}},
	"forced-close": {run: func(s *clientStage) {
		s.join(s.connect(), "room1")
	}},
	"broadcast": {
		events: byeAnd(chat),
		run: func(s *clientStage) {
			ns := s.connect()
			ns.Emit("go", []byte("1"))
			s.await("client chat", 1)
			s.awaitBye()
			s.join(ns, "room1")
			ns.Emit("go", []byte("2"))
			s.await("client chat", 5)
			s.awaitBye()
		},
	},
	"native-only": {isNative: true, events: nativeEvents, run: func(s *clientStage) {
		ns := must(s.client.Connect(s.ctx, ""))
		ns.Conn.Write(neffos.Message{Body: []byte("raw;;;;;;text"), IsNative: true})
		s.await("client native", 1)
	}},
	"native-mixed": {
		isNative: true,
		events: func(s *clientStage) neffos.Events {
			return neffos.Events{neffos.OnNativeMessage: nativeEvents(s)[neffos.OnNativeMessage], "chat": ignore}
		},
		run: func(s *clientStage) {
			ns, err := s.tryConnect("")
			s.journal.add("connect err=%v", err)
			ns.Conn.Write(neffos.Message{Body: []byte("raw text"), IsNative: true})
			ns.Emit("chat", []byte("framed"))
			s.await("client native", 1)
		},
	},

	"order": {
		isQuiet: true,
		events: func(s *clientStage) neffos.Events {
			next := 0
			return neffos.Events{"chat": func(_ *neffos.NSConn, msg neffos.Message) error {
				if string(msg.Body) != strconv.Itoa(next) {
					s.journal.add("client got %s for %d", msg.Body, next)
				}
				if next++; next == manyMessages {
					s.journal.add("client got %d in order", next)
				}
				return nil
			}}
		},
		run: func(s *clientStage) {
			ns := s.connect()
			for i := range manyMessages {
				ns.Emit("chat", numbered("", i))
			}
			s.await("client got 1000", 1)
		},
	},
	"unicode": {
		namespace: oddNamespace,
		isQuiet:   true,
		events: func(s *clientStage) neffos.Events {
			return neffos.Events{oddEvent: func(_ *neffos.NSConn, msg neffos.Message) error {
				same := msg.Namespace == oddNamespace && msg.Room == oddRoom && string(msg.Body) == text
				s.journal.add("client got it: %v", same)
				return nil
			}}
		},
		run: func(s *clientStage) {
			ns := must(s.tryConnect(oddNamespace))
			s.join(ns, oddRoom).Emit(oddEvent, []byte(text))
			s.await("client got", 1)
			_, err := ns.Ask(s.ctx, "as;k", []byte(text))
			s.journal.add("ask err=%v", err)
		},
	},
	"bytes": {
		isQuiet: true,
		events: func(s *clientStage) neffos.Events {
			return neffos.Events{"chat": func(_ *neffos.NSConn, msg neffos.Message) error {
				s.journal.add("client got all bytes: %v", bytes.Equal(msg.Body, allBytes()))
				return nil
			}}
		},
		run: func(s *clientStage) {
			ns := s.connect()
			ns.EmitBinary("chat", allBytes())
			s.await("client got", 1)
			msg := must(ns.Conn.Ask(s.ctx, neffos.Message{
				Namespace: "default", Event: "ask", Body: allBytes(), SetBinary: true,
			}))
			s.journal.add("answer has all bytes: %v", bytes.Equal(msg.Body, allBytes()))
		},
	},
	"entry-body": {isQuiet: true, run: func(s *clientStage) {
		ns := s.connect()
		ask := func(msg neffos.Message) error {
			s.settle()
			msg.Namespace = "default"
			_, err := ns.Conn.Ask(s.ctx, msg)
			return err
		}
		check(ask(neffos.Message{Room: "room1", Event: neffos.OnRoomJoin, Body: []byte(`{"pass":1}`)}))
		err := ask(neffos.Message{Room: "room2", Event: neffos.OnRoomJoin, Body: []byte("no")})
		s.journal.add("join err=%v", err)
		check(s.disconnect(ns))
		check(ask(neffos.Message{Event: neffos.OnNamespaceConnect, Body: []byte("a; b")}))
	}},
	"msgpack": {
		isQuiet: true,
		events: func(s *clientStage) neffos.Events {
			return neffos.Events{"chat": func(_ *neffos.NSConn, msg neffos.Message) error {
				s.journal.add("client got %v", readNote(msg))
				return nil
			}}
		},
		run: func(s *clientStage) {
			sent := note{From: "Ann ☃", Tags: []string{"a", "b"}, Count: 300, Data: []byte{0, 255}}
			ns := s.connect()
			ns.EmitBinary("chat", neffos.Marshal(sent))
			s.await("client got", 1)
			msg := must(ns.Conn.Ask(s.ctx, neffos.Message{
				Namespace: "default", Event: "ask", Body: neffos.Marshal(sent), SetBinary: true,
			}))
			s.journal.add("answer %v", readNote(msg))
		},
	},
	"asks": {isQuiet: true, run: func(s *clientStage) {
		s.journal.add("right answers: %d", must(askAtOnce(s.ctx, s.connect(), manyAsks)))
	}},
	"server-asks-at-once": {isQuiet: true, events: byeAnd(answering("re: ")), run: waitForBye},
	"ask-inside-a-handler": {isQuiet: true, events: answering("client says "), run: func(s *clientStage) {
		msg, err := s.ask("back", []byte("hi"))
		s.journal.add("ask -> body=%q err=%v", msg.Body, err)
	}},
	"ask-in-a-room": {isQuiet: true, run: func(s *clientStage) {
		ns := s.connect()
		s.join(ns, "room1")
		s.settle()
		msg, err := ns.Conn.Ask(s.ctx, neffos.Message{
			Namespace: "default", Room: "room1", Event: "ask", Body: []byte("hi"),
		})
		s.journal.add("ask -> room=%q body=%q err=%v", msg.Room, msg.Body, err)
	}},
	"header": {isQuiet: true, header: http.Header{headerName: {headerValue}}, run: logHeader},
	"parameter-header": {
		isQuiet: true,
		query: url.Values{
			neffos.URLParamAsHeaderPrefix + headerName:    {headerValue},
			neffos.URLParamAsHeaderPrefix + forwardedName: {"1.2.3.4"},
		},
		run: logHeader,
	},
}

func nativeEvents(s *clientStage) neffos.Events {
	return neffos.Events{neffos.OnNativeMessage: func(_ *neffos.NSConn, msg neffos.Message) error {
		s.journal.add("client native event=%q body=%q isNative=%v", msg.Event, msg.Body, msg.IsNative)
		return nil
	}}
}

// byeAnd adds the event by which the server reports that it is done.
func byeAnd(events func(*clientStage) neffos.Events) func(*clientStage) neffos.Events {
	return func(s *clientStage) neffos.Events {
		all := events(s)
		all["bye"] = func(*neffos.NSConn, neffos.Message) error {
			s.bye <- struct{}{}
			return nil
		}
		return all
	}
}

func waitForBye(s *clientStage) {
	s.connect().Emit("go", []byte("1"))
	s.awaitBye()
}
