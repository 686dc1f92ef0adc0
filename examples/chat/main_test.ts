import { Example } from "../_shared/example.ts";
import { testChat } from "./behaviours.ts";

const MAIN = new URL("main.ts", import.meta.url);

testChat("the chat", (options) => Example.start(MAIN, options));
