import { Example } from "../_shared/example.ts";
import { testPage } from "./page_behaviours.ts";

const MAIN = new URL("main.ts", import.meta.url);

testPage("the chat", (options) => Example.start(MAIN, options));
