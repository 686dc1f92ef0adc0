package main

import (
	"encoding/hex"
	"fmt"
	"net/http"

	gorillaws "github.com/gorilla/websocket"
	"github.com/kataras/neffos"
	"github.com/kataras/neffos/gorilla"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

// Protocol Buffers: the server passes on bytes that the clients understand.

// said is `message Said { string name = 1; string text = 2; }`.
var said = func() protoreflect.MessageDescriptor {
	field := func(name string, number int32) *descriptorpb.FieldDescriptorProto {
		return &descriptorpb.FieldDescriptorProto{
			Name:     proto.String(name),
			JsonName: proto.String(name),
			Number:   proto.Int32(number),
			Label:    descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum(),
			Type:     descriptorpb.FieldDescriptorProto_TYPE_STRING.Enum(),
		}
	}
	file, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name:   proto.String("said.proto"),
		Syntax: proto.String("proto3"),
		MessageType: []*descriptorpb.DescriptorProto{{
			Name:  proto.String("Said"),
			Field: []*descriptorpb.FieldDescriptorProto{field("name", 1), field("text", 2)},
		}},
	}, nil)
	if err != nil {
		panic(err)
	}
	return file.Messages().Get(0)
}()

func asHex(msg neffos.Message) neffos.Message {
	msg.Body = fmt.Appendf(nil, "binary=%v %x", msg.SetBinary, msg.Body)
	return msg
}

func serveProto() (http.Handler, commands) {
	pass := func(ns *neffos.NSConn, msg neffos.Message) error {
		note(ns, asHex(msg))
		ns.Conn.Server().Broadcast(ns, msg)
		return nil
	}
	server := newServer(neffos.Namespaces{"default": neffos.Events{
		neffos.OnNamespaceConnected:  noted,
		neffos.OnNamespaceDisconnect: noted,
		"chat":                       pass,
		"raw":                        pass,
	}})
	onConnect(server, func(conn *neffos.Conn) error {
		say(conn, "connected", "")
		return nil
	})
	return server, nil
}

func dialProto(url, user string) (commands, error) {
	fields := said.Fields()
	header := http.Header{userHeader: []string{user}}
	client, err := dialWith(gorilla.Dialer(gorillaws.DefaultDialer, header), url, neffos.Namespaces{
		"default": neffos.Events{
			neffos.OnNamespaceConnected:  noted,
			neffos.OnNamespaceDisconnect: noted,
			"chat": func(ns *neffos.NSConn, msg neffos.Message) error {
				got := dynamicpb.NewMessage(said)
				if err := proto.Unmarshal(msg.Body, got); err != nil {
					return err
				}
				msg.Body = []byte(got.Get(fields.ByName("name")).String() + ": " + got.Get(fields.ByName("text")).String())
				return noted(ns, msg)
			},
			"raw": func(ns *neffos.NSConn, msg neffos.Message) error {
				return noted(ns, asHex(msg))
			},
		},
	})
	if err != nil {
		return nil, err
	}
	ns, err := client.Connect(nil, "default")
	if err != nil {
		return nil, err
	}
	return commands{
		"say": func(text string) {
			msg := dynamicpb.NewMessage(said)
			msg.Set(fields.ByName("name"), protoreflect.ValueOfString(user))
			msg.Set(fields.ByName("text"), protoreflect.ValueOfString(text))
			body, err := proto.MarshalOptions{Deterministic: true}.Marshal(msg)
			if err != nil {
				panic(err)
			}
			ns.EmitBinary("chat", body)
		},
		"raw": func(digits string) {
			body, err := hex.DecodeString(digits)
			if err != nil {
				panic(err)
			}
			ns.EmitBinary("raw", body)
		},
		"exit": func(string) { client.Close() },
	}, nil
}
