// A server of Go's neffos: `main gorilla|gobwas`.
package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime"

	"github.com/kataras/neffos"
	"github.com/kataras/neffos/gobwas"
	"github.com/kataras/neffos/gorilla"
)

const burst = 10

var events = neffos.Namespaces{
	"default": neffos.Events{
		"onEcho": func(c *neffos.NSConn, msg neffos.Message) error {
			c.Emit("onEcho", msg.Body)
			return nil
		},
		"onShout": func(c *neffos.NSConn, msg neffos.Message) error {
			c.Conn.Server().Broadcast(nil, msg)
			return nil
		},
		"onBurst": func(c *neffos.NSConn, msg neffos.Message) error {
			for i := 0; i < burst; i++ {
				c.Conn.Server().Broadcast(nil, msg)
			}
			return nil
		},
	},
}

// tellHeap answers each line with the bytes on the heap, and ends with the input.
func tellHeap() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		runtime.GC()
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		fmt.Println(stats.HeapAlloc)
	}
	os.Exit(0)
}

func main() {
	upgrader := gorilla.DefaultUpgrader
	if os.Args[1] == "gobwas" {
		upgrader = gobwas.DefaultUpgrader
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go tellHeap()
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	server := neffos.New(upgrader, events)
	// Else broadcasts that follow one another closely are lost.
	server.SyncBroadcaster = true
	panic(http.Serve(listener, server))
}
