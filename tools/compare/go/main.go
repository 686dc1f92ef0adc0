// An echo server of neffos, for tools/compare.ts.
package main

import (
	"fmt"
	"net"
	"net/http"

	"github.com/kataras/neffos"
	"github.com/kataras/neffos/gorilla"
)

func main() {
	server := neffos.New(gorilla.DefaultUpgrader, neffos.Namespaces{
		"echo": neffos.Events{
			"onEcho": func(_ *neffos.NSConn, msg neffos.Message) error {
				return neffos.Reply(msg.Body)
			},
		},
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	panic(http.Serve(listener, server))
}
