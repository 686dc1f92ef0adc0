package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kataras/neffos"
)

// The cron job: a job looks for new notices now and then, and sends each to the
// connection of its user. They come in by HTTP.

// pushEvery is how often the job runs.
const pushEvery = 20 * time.Millisecond

type notice struct {
	ID     string `json:"id"`
	UserID string `json:"userID"`
	Text   string `json:"text"`
}

// A noticeBoard has the notices that nobody has seen, and who is there.
type noticeBoard struct {
	lock    sync.Mutex
	notices []notice
	total   int
	conns   map[string]*neffos.Conn
}

func (b *noticeBoard) add(n notice) {
	b.lock.Lock()
	defer b.lock.Unlock()
	b.total++
	n.ID = fmt.Sprintf("notice-%d", b.total)
	b.notices = append(b.notices, n)
}

func (b *noticeBoard) setConn(conn *neffos.Conn, isThere bool) {
	b.lock.Lock()
	defer b.lock.Unlock()
	if isThere {
		b.conns[conn.ID()] = conn
	} else {
		delete(b.conns, conn.ID())
	}
}

// push sends what is new; what was sent is not kept.
func (b *noticeBoard) push() {
	b.lock.Lock()
	defer b.lock.Unlock()
	b.notices = slices.DeleteFunc(b.notices, func(n notice) bool {
		conn, ok := b.conns[n.UserID]
		return ok && conn.Write(neffos.Message{
			Namespace: "agent",
			Event:     "OnNotice",
			Body:      neffos.Marshal(n),
		})
	})
}

func (b *noticeBoard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var n notice
	if err := json.NewDecoder(r.Body).Decode(&n); err != nil {
		http.Error(w, "no notice", http.StatusBadRequest)
		return
	}
	var missing []string
	if n.UserID == "" {
		missing = append(missing, "userID")
	}
	if n.Text == "" {
		missing = append(missing, "text")
	}
	if len(missing) > 0 {
		http.Error(w, "missing: "+strings.Join(missing, ", "), http.StatusBadRequest)
		return
	}
	b.add(n)
}

func serveNotices() (http.Handler, commands) {
	board := &noticeBoard{conns: map[string]*neffos.Conn{}}
	server := newServer(neffos.Namespaces{"agent": neffos.Events{
		neffos.OnNamespaceConnected:  noted,
		neffos.OnNamespaceDisconnect: noted,
	}})
	onConnect(server, func(conn *neffos.Conn) error {
		board.setConn(conn, true)
		say(conn, "connected", "")
		return nil
	})
	server.OnDisconnect = func(conn *neffos.Conn) {
		board.setConn(conn, false)
		say(conn, "disconnected", "")
	}
	go func() {
		for range time.Tick(pushEvery) {
			board.push()
		}
	}()
	mux := http.NewServeMux()
	mux.Handle("/", board)
	mux.Handle("/live", server)
	return mux, nil
}

func dialNotices(url, user string) (commands, error) {
	server := neffos.Namespaces{"agent": neffos.Events{
		neffos.OnNamespaceConnected:  noted,
		neffos.OnNamespaceDisconnect: noted,
	}}
	client := neffos.Namespaces{"agent": neffos.Events{
		"OnNotice": func(ns *neffos.NSConn, msg neffos.Message) error {
			var n notice
			if err := msg.Unmarshal(&n); err != nil {
				return err
			}
			msg.Body = []byte(n.ID + " for " + n.UserID + ": " + n.Text)
			return noted(ns, msg)
		},
	}}
	ns, err := enter(url, user, "agent", neffos.JoinConnHandlers(server, client))
	if err != nil {
		return nil, err
	}
	return commands{"exit": func(string) { ns.Conn.Close() }}, nil
}
