import { createServer } from "node:http";
import { announce } from "./announce.mjs";
import { makeServer } from "./socket_io.mjs";

const http = createServer();
makeServer().attach(http);
http.listen(0, "127.0.0.1", () => announce(http.address().port));
