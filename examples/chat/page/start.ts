import { startChat } from "./chat.ts";

startChat();
