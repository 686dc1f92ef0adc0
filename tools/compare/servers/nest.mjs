import { createRequire } from "node:module";

const require = createRequire(process.argv[2]);
require("reflect-metadata");
const { Injectable, Module } = require("@nestjs/common");
const { NestFactory } = require("@nestjs/core");
const { MessageBody, SubscribeMessage, WebSocketGateway } = require(
  "@nestjs/websockets",
);

// What decorators do, written as the calls that they stand for.
class Echo {
  say(text) {
    return text;
  }
}
Injectable()(Echo);

class EchoGateway {
  constructor(echo) {
    this.service = echo;
  }
  echo(text) {
    return this.service.say(text);
  }
}
const method = Object.getOwnPropertyDescriptor(EchoGateway.prototype, "echo");
SubscribeMessage("echo")(EchoGateway.prototype, "echo", method);
MessageBody()(EchoGateway.prototype, "echo", 0);
Reflect.defineMetadata("design:paramtypes", [Echo], EchoGateway);
WebSocketGateway()(EchoGateway);

class AppModule {}
Module({ providers: [Echo, EchoGateway] })(AppModule);

const app = await NestFactory.create(AppModule, { logger: false });
await app.listen(0, "127.0.0.1");
console.log(app.getHttpServer().address().port);
