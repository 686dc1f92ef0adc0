package main

import (
	"context"
	"time"

	"github.com/kataras/neffos"
)

// A gate is a socket that tells whether its reader is at rest.
//
// neffos takes an ask for one from inside a handler whenever the reader
// happens to handle something, whoever asks, and then reads the socket in two
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

// askAtOnce asks so often that all of the asks wait for an answer at the same
// time, and counts the right answers.
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
		// The tokens of neffos are the time: two asks at one time are one.
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
