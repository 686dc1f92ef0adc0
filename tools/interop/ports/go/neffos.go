package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/kataras/neffos"
	"github.com/kataras/neffos/gobwas"
)

// patience is the time limit of all that waits.
const patience = 5 * time.Second

const userHeader = "X-Username"

// newServer makes a server that knows its users by a header.
func newServer(handler neffos.ConnHandler) *neffos.Server {
	server := neffos.New(gobwas.DefaultUpgrader, handler)
	makeSure(server)
	server.IDGenerator = func(w http.ResponseWriter, r *http.Request) string {
		if user := r.Header.Get(userHeader); user != "" {
			return user
		}
		return neffos.DefaultIDGenerator(w, r)
	}
	return server
}

// makeSure makes broadcasts reach whom they should, and notes who has left.
func makeSure(server *neffos.Server) {
	// Without it a broadcast may overtake the one before, which is then lost.
	server.SyncBroadcaster = true
	onConnect(server, func(*neffos.Conn) error { return nil })
	server.OnDisconnect = func(conn *neffos.Conn) { say(conn, "disconnected", "") }
}

// onConnect sets a server's OnConnect, which runs once broadcasts reach the
// connection: neffos lists it beside its first messages.
func onConnect(server *neffos.Server, then func(*neffos.Conn) error) {
	server.OnConnect = func(conn *neffos.Conn) error {
		for isListed := false; !isListed && !conn.IsClosed(); {
			server.Do(func(one *neffos.Conn) { isListed = isListed || one == conn }, false)
		}
		return then(conn)
	}
}

// A restful socket tells when its reader is at rest.
//
// While the reader handles a message, neffos takes every ask, from any
// goroutine, for one from inside that handler, and then reads the socket in two
// places at once. Commands that ask wait for the rest.
type restful struct {
	neffos.Socket
	lock    sync.Mutex
	changed *sync.Cond
	reading bool
}

func newRestful(socket neffos.Socket) neffos.Socket {
	s := &restful{Socket: socket}
	s.changed = sync.NewCond(&s.lock)
	return s
}

func (s *restful) ReadData(timeout time.Duration) ([]byte, neffos.MessageType, error) {
	s.set(true)
	defer s.set(false)
	return s.Socket.ReadData(timeout)
}

func (s *restful) set(reading bool) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.reading = reading
	s.changed.Broadcast()
}

// rest waits until the reader of a connection is at rest.
func rest(conn *neffos.Conn) {
	s := conn.Socket().(*restful)
	s.lock.Lock()
	defer s.lock.Unlock()
	for !s.reading {
		s.changed.Wait()
	}
}

// serveRestful is the server's ServeHTTP, with restful sockets.
func serveRestful(server *neffos.Server) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		server.Upgrade(w, r, newRestful, nil)
	})
}

// telling makes the command that broadcasts what the operator types.
func telling(server *neffos.Server, msg neffos.Message) func(text string) {
	return func(text string) {
		msg.Body = []byte(text)
		server.Broadcast(nil, msg)
	}
}

func dial(url, user string, handler neffos.ConnHandler) (*neffos.Client, error) {
	dialer := gobwas.Dialer(gobwas.Options{Header: gobwas.Header{userHeader: []string{user}}})
	return dialWith(dialer, url, handler)
}

func dialWith(dialer neffos.Dialer, url string, handler neffos.ConnHandler) (*neffos.Client, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return neffos.Dial(ctx, func(ctx context.Context, url string) (neffos.Socket, error) {
		socket, err := dialer(ctx, url)
		if err != nil {
			return nil, err
		}
		return newRestful(socket), nil
	}, url, handler)
}

// enter dials and connects a namespace.
func enter(url, user, namespace string, handler neffos.ConnHandler) (*neffos.NSConn, error) {
	client, err := dial(url, user, handler)
	if err != nil {
		return nil, err
	}
	return client.Connect(context.Background(), namespace)
}

// within gives an action a context with a time limit, once the reader rests.
func within(ns *neffos.NSConn, action func(context.Context) error) {
	rest(ns.Conn)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := action(ctx); err != nil {
		say(ns, "failed", err)
	}
}

// The rooms chat: who joins and leaves is told to the others of the room.

func serveRooms() (http.Handler, commands) {
	tell := func(format string) neffos.MessageHandlerFunc {
		return func(ns *neffos.NSConn, msg neffos.Message) error {
			note(ns, msg)
			ns.Conn.Server().Broadcast(ns, neffos.Message{
				Namespace: msg.Namespace,
				Room:      msg.Room,
				Event:     "notify",
				Body:      fmt.Appendf(nil, format, ns, msg.Room),
			})
			return nil
		}
	}
	server := newServer(neffos.Namespaces{"default": neffos.Events{
		neffos.OnNamespaceConnected:  noted,
		neffos.OnNamespaceDisconnect: noted,
		neffos.OnRoomJoined:          tell("%s has come into %s"),
		neffos.OnRoomLeft:            tell("%s has gone from %s"),
		"chat": func(ns *neffos.NSConn, msg neffos.Message) error {
			note(ns, msg)
			ns.Conn.Server().Broadcast(ns, msg)
			return nil
		},
	}})
	onConnect(server, func(conn *neffos.Conn) error {
		say(conn, "connected", fmt.Sprintf("again=%v tries=%d", conn.WasReconnected(), conn.ReconnectTries))
		return nil
	})
	return server, nil
}

// A saying is what is said in a room.
type saying struct {
	From string `json:"from"`
	Text string `json:"text"`
}

func dialRooms(url, user string) (commands, error) {
	ns, err := enter(url, user, "default", neffos.Namespaces{"default": neffos.Events{
		neffos.OnNamespaceConnected:  noted,
		neffos.OnNamespaceDisconnect: noted,
		neffos.OnRoomJoined:          noted,
		neffos.OnRoomLeft:            noted,
		"notify":                     noted,
		"chat": func(ns *neffos.NSConn, msg neffos.Message) error {
			var said saying
			if err := msg.Unmarshal(&said); err != nil {
				return err
			}
			msg.Body = []byte(said.From + ": " + said.Text)
			return noted(ns, msg)
		},
	}})
	if err != nil {
		return nil, err
	}
	var room *neffos.Room
	return commands{
		"join": func(name string) {
			within(ns, func(ctx context.Context) (err error) {
				room, err = ns.JoinRoom(ctx, name)
				return err
			})
		},
		"say":   func(text string) { room.Emit("chat", neffos.Marshal(saying{user, text})) },
		"leave": func(string) { within(ns, func(ctx context.Context) error { return room.Leave(ctx) }) },
		"exit":  func(string) { ns.Conn.Close() },
	}, nil
}

// Force connect: the server connects its clients to the namespace itself.

func serveForced() (http.Handler, commands) {
	server := newServer(neffos.Namespaces{"default": neffos.Events{
		neffos.OnNamespaceConnect: noted,
		neffos.OnNamespaceConnected: func(ns *neffos.NSConn, msg neffos.Message) error {
			note(ns, msg)
			ns.Emit("chat", []byte("welcome"))
			return nil
		},
		neffos.OnNamespaceDisconnect: noted,
		"chat": func(ns *neffos.NSConn, msg neffos.Message) error {
			note(ns, msg)
			ns.Conn.Server().Broadcast(ns, msg)
			return nil
		},
	}})
	onConnect(server, func(conn *neffos.Conn) error {
		say(conn, "connected", "")
		ns, err := conn.Connect(context.Background(), "default")
		if err != nil {
			return err
		}
		ns.Emit("chat", []byte("the server has let you in"))
		server.Broadcast(conn, neffos.Message{
			Namespace: "default",
			Event:     "chat",
			Body:      fmt.Appendf(nil, "%s has come too", conn),
		})
		return nil
	})
	return serveRestful(server), commands{
		"tell": telling(server, neffos.Message{Namespace: "default", Event: "chat"}),
		"expel": func(string) {
			server.Do(func(conn *neffos.Conn) {
				rest(conn)
				ctx, cancel := context.WithTimeout(context.Background(), patience)
				defer cancel()
				if err := conn.DisconnectAll(ctx); err != nil {
					say(conn, "failed", err)
				}
			}, false)
		},
	}
}

func dialForced(url, user string) (commands, error) {
	client, err := dial(url, user, neffos.Namespaces{"default": neffos.Events{
		neffos.OnNamespaceConnect:    noted,
		neffos.OnNamespaceConnected:  noted,
		neffos.OnNamespaceDisconnect: noted,
		"chat":                       noted,
	}})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ns, err := client.WaitServerConnect(ctx, "default")
	if err != nil {
		return nil, err
	}
	return commands{
		"say":  func(text string) { ns.Emit("chat", []byte(text)) },
		"exit": func(string) { client.Close() },
	}, nil
}

// The struct handler: a type whose methods are events, on both sides.

type echoController struct {
	Conn *neffos.NSConn
	// A static field, which each instance gets a copy of.
	Ending string
}

func (*echoController) Namespace() string { return "default" }

func (c *echoController) OnChat(msg neffos.Message) error {
	note(c.Conn, msg)
	c.Conn.Emit("Echo", append(msg.Body, c.Ending...))
	return nil
}

func (c *echoController) OnNamespaceConnect(msg neffos.Message) error {
	if c.Conn.Conn.ID() == "mallory" {
		return fmt.Errorf("%s may not come in", c.Conn)
	}
	return nil
}

func (c *echoController) OnNamespaceConnected(msg neffos.Message) error { return noted(c.Conn, msg) }

func (c *echoController) OnNamespaceDisconnect(msg neffos.Message) error { return noted(c.Conn, msg) }

func serveStruct() (http.Handler, commands) {
	return newServer(neffos.NewStruct(&echoController{Ending: ", and more"}).
		SetTimeouts(20*time.Second, 20*time.Second).
		SetEventMatcher(neffos.EventTrimPrefixMatcher("On"))), nil
}

type echoClient struct{ Conn *neffos.NSConn }

func (c *echoClient) Echo(msg neffos.Message) error { return noted(c.Conn, msg) }

func dialStruct(url, user string) (commands, error) {
	handler := neffos.NewStruct(new(echoClient)).SetNamespace("default")
	ns, err := enter(url, user, "default", handler)
	if err != nil {
		return nil, err
	}
	return commands{
		"say":  func(text string) { ns.Emit("Chat", []byte(text)) },
		"exit": func(string) { ns.Conn.Close() },
	}, nil
}

// Users: the connections of one address are one user.

type userBook struct {
	lock  sync.Mutex
	conns map[string]map[*neffos.NSConn]bool
}

// add adds a connection, and reports whether it is its user's first.
func (b *userBook) add(ns *neffos.NSConn) bool {
	b.lock.Lock()
	defer b.lock.Unlock()
	user := ns.Conn.ID()
	if b.conns[user] == nil {
		b.conns[user] = map[*neffos.NSConn]bool{}
	}
	b.conns[user][ns] = true
	return len(b.conns[user]) == 1
}

// remove removes a connection, and reports whether it was its user's last.
func (b *userBook) remove(ns *neffos.NSConn) bool {
	b.lock.Lock()
	defer b.lock.Unlock()
	user := ns.Conn.ID()
	delete(b.conns[user], ns)
	if len(b.conns[user]) > 0 {
		return false
	}
	delete(b.conns, user)
	return true
}

// emit sends to all connections of a connection's user.
func (b *userBook) emit(ns *neffos.NSConn, event string, body []byte) {
	b.lock.Lock()
	defer b.lock.Unlock()
	for one := range b.conns[ns.Conn.ID()] {
		one.Emit(event, body)
	}
}

func serveUsers() (http.Handler, commands) {
	book := &userBook{conns: map[string]map[*neffos.NSConn]bool{}}
	server := newServer(neffos.WithTimeout{
		ReadTimeout:  20 * time.Second,
		WriteTimeout: 20 * time.Second,
		Namespaces: neffos.Namespaces{"default": neffos.Events{
			neffos.OnNamespaceConnected: func(ns *neffos.NSConn, msg neffos.Message) error {
				note(ns, msg)
				if book.add(ns) {
					say(ns, "new", "")
				}
				ns.Emit("chat", []byte("welcome"))
				return nil
			},
			neffos.OnNamespaceDisconnect: func(ns *neffos.NSConn, msg neffos.Message) error {
				note(ns, msg)
				if book.remove(ns) {
					say(ns, "gone", "")
				}
				return nil
			},
			"chat": func(ns *neffos.NSConn, msg neffos.Message) error {
				note(ns, msg)
				book.emit(ns, msg.Event, msg.Body)
				return nil
			},
		}},
	})
	server.IDGenerator = func(_ http.ResponseWriter, r *http.Request) string {
		host, _, _ := net.SplitHostPort(r.RemoteAddr)
		return host
	}
	return serveRestful(server), commands{
		"tell": telling(server, neffos.Message{Namespace: "default", Event: "chat"}),
		"expel": func(string) {
			server.Do(func(conn *neffos.Conn) {
				rest(conn)
				conn.Namespace("default").Disconnect(context.Background())
			}, false)
		},
	}
}

func dialUsers(url, user string) (commands, error) {
	ns, err := enter(url, user, "default", neffos.WithTimeout{
		ReadTimeout:  20 * time.Second,
		WriteTimeout: 20 * time.Second,
		Namespaces: neffos.Namespaces{"default": neffos.Events{
			neffos.OnNamespaceConnected:  notedBy(user),
			neffos.OnNamespaceDisconnect: notedBy(user),
			"chat":                       notedBy(user),
		}},
	})
	if err != nil {
		return nil, err
	}
	return commands{
		"say":   func(text string) { ns.Emit("chat", []byte(text)) },
		"leave": func(string) { within(ns, ns.Disconnect) },
	}, nil
}

// Native: messages that are no events, for clients that know no neffos.

func servePong() (http.Handler, commands) {
	return newServer(neffos.Events{
		neffos.OnNativeMessage: func(ns *neffos.NSConn, msg neffos.Message) error {
			say(ns, msg.Event, string(msg.Body))
			return ns.Conn.Socket().WriteText([]byte("pong"), 0)
		},
	}), nil
}

func dialPing(url, user string) (commands, error) {
	ns, err := enter(url, user, "", neffos.Events{
		neffos.OnNativeMessage: func(_ *neffos.NSConn, msg neffos.Message) error {
			say(user, msg.Event, string(msg.Body))
			return nil
		},
	})
	if err != nil {
		return nil, err
	}
	return commands{
		"say":  func(text string) { ns.Conn.Socket().WriteText([]byte(text), 0) },
		"exit": func(string) { ns.Conn.Close() },
	}, nil
}

// The quick view: asks about dates.

func serveWorkdays() (http.Handler, commands) {
	events := neffos.Namespaces{}
	events.On("/v1", "workday", func(ns *neffos.NSConn, msg neffos.Message) error {
		note(ns, msg)
		date, err := time.Parse("01-02-2006", string(msg.Body))
		if err != nil {
			n := ns.Conn.Increment("tries")
			if n >= 3 && n%3 == 0 {
				return fmt.Errorf("try 06-24-2019")
			}
			if n >= 6 && n%2 == 0 {
				ns.Emit("notify", []byte("do you know what you are doing?"))
			}
			return fmt.Errorf("%q is no date", msg.Body)
		}
		day := date.Weekday()
		if day == time.Saturday || day == time.Sunday {
			return neffos.Reply([]byte("stay at home"))
		}
		return neffos.Reply(fmt.Appendf(nil, "a %s; go to work", day))
	})
	server := newServer(events)
	return server, commands{"tell": telling(server, neffos.Message{Namespace: "/v1", Event: "notify"})}
}

func dialWorkdays(url, user string) (commands, error) {
	events := neffos.Namespaces{}
	events.On("/v1", "notify", noted)
	ns, err := enter(url, user, "/v1", events)
	if err != nil {
		return nil, err
	}
	return commands{
		"ask": func(date string) {
			within(ns, func(ctx context.Context) error {
				msg, err := ns.Ask(ctx, "workday", []byte(date))
				asked(user, "workday", msg, err)
				return nil
			})
		},
		"exit": func(string) { ns.Conn.Close() },
	}, nil
}
