// A gateway of NestJS over ws. The calls are what its decorators do: Node has none.
import { createRequire } from "node:module";
import { announce } from "./announce.mjs";
import { BURST } from "./frames.mjs";

const require = createRequire(import.meta.url);
require("reflect-metadata");
const { Injectable, Module } = require("@nestjs/common");
const { NestFactory } = require("@nestjs/core");
const { WsAdapter } = require("@nestjs/platform-ws");
const {
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  WebSocketServer,
} = require("@nestjs/websockets");

class Words {
  repeat(text) {
    return text;
  }
}
Injectable()(Words);

class BenchGateway {
  constructor(words) {
    this.words = words;
  }

  echo(text) {
    return { event: "echo", data: this.words.repeat(text) };
  }

  shout(text) {
    this.broadcast({ event: "shout", data: text });
  }

  burst(text) {
    for (let i = 0; i < BURST; i++) {
      this.broadcast({ event: "burst", data: text });
    }
  }

  broadcast(message) {
    const frame = JSON.stringify(message);
    for (const client of this.server.clients) client.send(frame);
  }
}

function decorateHandler(name) {
  const { prototype } = BenchGateway;
  const method = Object.getOwnPropertyDescriptor(prototype, name);
  SubscribeMessage(name)(prototype, name, method);
  MessageBody()(prototype, name, 0);
}
for (const name of ["echo", "shout", "burst"]) decorateHandler(name);
WebSocketServer()(BenchGateway.prototype, "server");
Reflect.defineMetadata("design:paramtypes", [Words], BenchGateway);
WebSocketGateway()(BenchGateway);

class AppModule {}
Module({ providers: [Words, BenchGateway] })(AppModule);

const app = await NestFactory.create(AppModule, { logger: false });
app.useWebSocketAdapter(new WsAdapter(app));
await app.listen(0, "127.0.0.1");
announce(app.getHttpServer().address().port);
