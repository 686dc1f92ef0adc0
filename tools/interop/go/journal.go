package main

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/kataras/neffos"
)

// A monitor guards state that other goroutines wait for.
type monitor struct {
	mu      sync.Mutex
	changed chan struct{}
}

func newMonitor() *monitor {
	return &monitor{changed: make(chan struct{})}
}

func (m *monitor) update(change func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change()
	close(m.changed)
	m.changed = make(chan struct{})
}

func (m *monitor) await(ctx context.Context, isSo func() bool) error {
	for {
		m.mu.Lock()
		done, changed := isSo(), m.changed
		m.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// A journal is the log of one side in one scenario.
type journal struct {
	monitor *monitor
	lines   []string
	// onLine is called for each line; it may be nil.
	onLine func(line string)
}

func newJournal(onLine func(line string)) *journal {
	return &journal{monitor: newMonitor(), lines: []string{}, onLine: onLine}
}

func (j *journal) add(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	j.monitor.update(func() { j.lines = append(j.lines, line) })
	if j.onLine != nil {
		j.onLine(line)
	}
}

// await waits until count lines have this start.
func (j *journal) await(ctx context.Context, start string, count int) error {
	err := j.monitor.await(ctx, func() bool {
		found := 0
		for _, line := range j.lines {
			if strings.HasPrefix(line, start+" ") {
				found++
			}
		}
		return found >= count
	})
	if err != nil {
		return fmt.Errorf("%d of %q did not come: %w", count, start, err)
	}
	return nil
}

// logged wraps events so that each logs its message before it runs, in the
// format of the vectors.
func logged(side string, j *journal, events neffos.Events) neffos.Events {
	names := []string{
		neffos.OnNamespaceConnect,
		neffos.OnNamespaceConnected,
		neffos.OnNamespaceDisconnect,
		neffos.OnRoomJoin,
		neffos.OnRoomJoined,
		neffos.OnRoomLeave,
		neffos.OnRoomLeft,
		"chat",
		"ask",
	}
	all := neffos.Events{}
	for name, handler := range events {
		all[name] = handler
	}
	for _, name := range names {
		handler := events[name]
		if handler == nil && !neffos.IsSystemEvent(name) {
			continue
		}
		all[name] = func(ns *neffos.NSConn, msg neffos.Message) error {
			j.add("%s %s ns=%q room=%q body=%q err=%v local=%v forced=%v",
				side, msg.Event, msg.Namespace, msg.Room, msg.Body, msg.Err, msg.IsLocal, msg.IsForced)
			if handler == nil {
				return nil
			}
			return handler(ns, msg)
		}
	}
	return all
}
