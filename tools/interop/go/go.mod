module neffosinterop

go 1.24

require (
	github.com/gorilla/websocket v1.5.3
	github.com/kataras/neffos v0.0.24
	github.com/vmihailenco/msgpack/v5 v5.4.1
)

require (
	github.com/google/uuid v1.6.0 // indirect
	github.com/vmihailenco/tagparser/v2 v2.0.0 // indirect
)
