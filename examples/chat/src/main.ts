// A chat whose answers come token by token: page -> gateway over WebSocket -> backend over TTHeader.
//
//   npm start [port]
import { startChat } from "./chat.ts";

const chat = await startChat(Number(process.argv[2] ?? 8080));
console.log(`open ${chat.url}`);
process.once("SIGINT", () => void chat[Symbol.asyncDispose]());
