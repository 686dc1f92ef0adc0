package main

import (
	"context"
	"time"

	"github.com/kataras/neffos"
)

// A gate is a socket that tells whether its reader is at rest.
//
// While the reader handles a message, neffos takes every ask, from any
// goroutine, for one from inside that handler, and then reads the socket in two
// places at once. Asks from outside a handler therefore wait until the reader
// is at rest, and many asks at once keep it there.
type gate struct {
	neffos.Socket
	monitor   *monitor
	isReading bool
	isHeld    bool
	writes    int
}

func newGate(socket neffos.Socket) *gate {
	return &gate{Socket: socket, monitor: newMonitor()}
}

func gateOf(conn *neffos.Conn) *gate {
	// Every connection of this program is made with one.
	return conn.Socket().(*gate)
}

func (g *gate) ReadData(timeout time.Duration) ([]byte, neffos.MessageType, error) {
	g.monitor.update(func() { g.isReading = true })
	data, kind, err := g.Socket.ReadData(timeout)
	if err != nil {
		return nil, 0, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	if err := g.monitor.await(ctx, func() bool { return !g.isHeld }); err != nil {
		return nil, 0, err
	}
	g.monitor.update(func() { g.isReading = false })
	return data, kind, nil
}

func (g *gate) WriteText(body []byte, timeout time.Duration) error {
	err := g.Socket.WriteText(body, timeout)
	g.monitor.update(func() { g.writes++ })
	return err
}

// settle waits until the reader is at rest.
func (g *gate) settle(ctx context.Context) error {
	return g.monitor.await(ctx, func() bool { return g.isReading })
}

// askAtOnce sends many asks that wait for their answers at the same time, and
// counts the right answers.
func askAtOnce(ctx context.Context, ns *neffos.NSConn, count int) (right int, err error) {
	g := gateOf(ns.Conn)
	if err := g.settle(ctx); err != nil {
		return 0, err
	}
	g.monitor.update(func() { g.isHeld = true })
	answers := make(chan bool, count)
	for i := range count {
		before := 0
		g.monitor.update(func() { before = g.writes })
		question := numbered("question; ", i)
		go func() {
			msg, err := ns.Ask(ctx, "ask", question)
			answers <- err == nil && string(msg.Body) == "re: "+string(question)
		}()
		// neffos makes its tokens of the time: two asks at one time share a token.
		err = g.monitor.await(ctx, func() bool { return g.writes > before })
		if err != nil {
			break
		}
	}
	g.monitor.update(func() { g.isHeld = false })
	if err != nil {
		return 0, err
	}
	for range count {
		if <-answers {
			right++
		}
	}
	return right, nil
}
