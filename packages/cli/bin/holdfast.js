#!/usr/bin/env node
import { main } from "../dist/main.js";

// What a person would type to call it again.
const program = process.env.npm_command === "exec" ? "npx holdfast" : "holdfast";
await main(process.argv.slice(2), program);
