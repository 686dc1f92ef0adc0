package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kataras/iris/v12"
	"github.com/kataras/iris/v12/auth"
	"github.com/kataras/iris/v12/middleware/jwt"
	"github.com/kataras/iris/v12/mvc"
	"github.com/kataras/iris/v12/websocket"
	"github.com/kataras/neffos"
)

// newIrisServer makes a server for an Iris route.
func newIrisServer(handler websocket.ConnHandler) *neffos.Server {
	server := websocket.New(websocket.DefaultGorillaUpgrader, handler)
	makeSure(server)
	return server
}

// build makes the handler of an application.
func build(app *iris.Application) http.Handler {
	app.Logger().SetLevel("disable")
	if err := app.Build(); err != nil {
		panic(err)
	}
	return app
}

// Tokens: a route that only a JSON Web Token opens, and a chat behind it.

const tokenSecret = "only the ports know this secret!"

func serveTokens() (http.Handler, commands) {
	events := websocket.Namespaces{"default": websocket.Events{
		websocket.OnNamespaceConnected: func(ns *websocket.NSConn, msg websocket.Message) error {
			msg.Body = []byte(websocket.GetContext(ns.Conn).RemoteAddr())
			return noted(ns, msg)
		},
		websocket.OnNamespaceDisconnect: noted,
		"chat": func(ns *websocket.NSConn, msg websocket.Message) error {
			note(ns, msg)
			ns.Conn.Server().Broadcast(ns, msg)
			return nil
		},
	}}
	idOf := func(ctx iris.Context) string {
		if user := ctx.GetHeader(userHeader); user != "" {
			return user
		}
		return websocket.DefaultIDGenerator(ctx)
	}
	app := iris.New()
	verifier := jwt.NewVerifier(jwt.HS256, tokenSecret)
	route := app.Get("/echo", websocket.Handler(newIrisServer(events), idOf))
	route.Use(verifier.Verify(func() any { return new(iris.Map) }))

	// What a page sends as parameters becomes headers with the upgrade.
	late := newIrisServer(events)
	onConnect(late, func(conn *neffos.Conn) error {
		ctx := websocket.GetContext(conn)
		if _, err := verifier.VerifyToken([]byte(verifier.RequestToken(ctx))); err != nil {
			return errors.New("the token is not valid")
		}
		say(conn, "connected", "")
		return nil
	})
	app.Get("/late", websocket.Handler(late, idOf))
	return build(app), nil
}

func dialTokens(url, user string) (commands, error) {
	ns, err := enter(url, user, "default", neffos.Namespaces{"default": neffos.Events{
		neffos.OnNamespaceConnected:  noted,
		neffos.OnNamespaceDisconnect: noted,
		"chat":                       noted,
	}})
	if err != nil {
		return nil, err
	}
	return commands{
		"say":   func(text string) { ns.Emit("chat", []byte(text)) },
		"leave": func(string) { within(ns, ns.Disconnect) },
		"exit":  func(string) { ns.Conn.Close() },
	}, nil
}

// Visits: a controller with a service, which tells all how many there are.

type logger interface{ log(text string) }

type prefixLogger struct{ prefix string }

func (l *prefixLogger) log(text string) { say(l.prefix, text, "") }

type visitController struct {
	*websocket.NSConn `stateless:"true"`
	Namespace         string
	Logger            logger
	Count             *atomic.Int64
}

func (c *visitController) tell(namespace string, count int64) {
	c.Conn.Server().Broadcast(nil, websocket.Message{
		Namespace: namespace,
		Event:     "OnVisit",
		Body:      fmt.Append(nil, count),
	})
}

func (c *visitController) OnNamespaceConnected(msg websocket.Message) error {
	c.Logger.log("connected")
	c.tell(msg.Namespace, c.Count.Add(1))
	return nil
}

func (c *visitController) OnNamespaceDisconnect(msg websocket.Message) error {
	c.Logger.log("left")
	c.tell(msg.Namespace, c.Count.Add(-1))
	return nil
}

func (c *visitController) OnChat(msg websocket.Message) error {
	ip := websocket.GetContext(c.Conn).RemoteAddr()
	say(c, "chat", fmt.Sprintf("%s from %s", msg.Body, ip))
	c.Conn.Server().Broadcast(c, msg)
	return nil
}

func serveVisits() (http.Handler, commands) {
	app := iris.New()
	api := app.Party("/websocket")
	m := mvc.New(api)
	m.Register(&prefixLogger{"DEV"}, new(atomic.Int64))
	m.HandleWebsocket(&visitController{Namespace: "default"})
	api.Get("/", websocket.Handler(newIrisServer(m)))
	return build(app), nil
}

// Members: sign in over HTTP, then chat under the name of the account.

type member struct {
	ID    string `json:"id"`
	Email string `json:"email"`
}

func (m member) GetID() string { return m.ID }

// A memberBook knows the accounts, and the tokens of those who signed out.
type memberBook struct {
	lock sync.Mutex
	out  map[string]bool
}

func (*memberBook) Signin(_ context.Context, username, _ string) (member, error) {
	if username == "ann@example.com" || username == "bob@example.com" {
		return member{username[:3], username}, nil
	}
	return member{}, errors.New("nobody has this name")
}

func (b *memberBook) ValidateToken(_ context.Context, claims auth.StandardClaims, _ member) error {
	b.lock.Lock()
	defer b.lock.Unlock()
	if b.out[claims.ID] {
		return errors.New("the token was given back")
	}
	return nil
}

func (b *memberBook) InvalidateToken(_ context.Context, claims auth.StandardClaims, _ member) error {
	b.lock.Lock()
	defer b.lock.Unlock()
	b.out[claims.ID] = true
	return nil
}

func (b *memberBook) InvalidateTokens(context.Context, member) error { return nil }

type memberController struct {
	*websocket.NSConn `stateless:"true"`
}

func (*memberController) Namespace() string { return "default" }

func (c *memberController) OnChat(msg websocket.Message) error {
	user := auth.GetUser[member](websocket.GetContext(c.Conn))
	msg.Body = fmt.Appendf(nil, "%s: %s", user.Email, msg.Body)
	note(c, msg)
	c.Conn.Server().Broadcast(c, msg)
	return nil
}

func serveMembers() (http.Handler, commands) {
	var config auth.Configuration
	if err := config.BindRandom(); err != nil {
		panic(err)
	}
	members := auth.Must(auth.New[member](config))
	members.AddProvider(&memberBook{out: map[string]bool{}})
	app := iris.New()
	app.Post("/signin", members.SigninHandler)
	app.Get("/signout", members.SignoutHandler)
	api := app.Party("/protected")
	api.Use(members.VerifyHandler())
	m := mvc.New(api)
	m.HandleWebsocket(new(memberController))
	api.Get("/ws", websocket.Handler(newIrisServer(m)))
	return build(app), nil
}

// Pages: each page is a room, and its visitors know how many they are.

func servePages() (http.Handler, commands) {
	var lock sync.Mutex
	views := map[string]int{}
	count := func(by int) websocket.MessageHandlerFunc {
		return func(ns *websocket.NSConn, msg websocket.Message) error {
			note(ns, msg)
			lock.Lock()
			views[msg.Room] += by
			now := views[msg.Room]
			lock.Unlock()
			tell := func() {
				ns.Conn.Server().Broadcast(nil, websocket.Message{
					Namespace: msg.Namespace,
					Room:      msg.Room,
					Event:     "onNewVisit",
					Body:      fmt.Append(nil, now),
				})
			}
			if by < 0 {
				tell()
			} else {
				// neffos answers the join while it broadcasts: either may
				// come first, and the page knows its room from the answer.
				time.AfterFunc(20*time.Millisecond, tell)
			}
			return nil
		}
	}
	app := iris.New()
	app.Get("/my_endpoint", websocket.Handler(newIrisServer(websocket.Namespaces{
		"default": websocket.Events{
			websocket.OnRoomJoined: count(1),
			websocket.OnRoomLeft:   count(-1),
		},
	})))
	return build(app), nil
}

// Shouts: native messages, which go to all others.

func serveShouts() (http.Handler, commands) {
	server := newIrisServer(websocket.Events{
		websocket.OnNativeMessage: func(ns *websocket.NSConn, msg websocket.Message) error {
			note(ns, msg)
			ns.Conn.Server().Broadcast(ns, msg)
			return nil
		},
	})
	onConnect(server, func(conn *neffos.Conn) error {
		say(conn, "connected", "")
		return nil
	})
	app := iris.New()
	app.Get("/my_endpoint", websocket.Handler(server))
	return build(app), nil
}
