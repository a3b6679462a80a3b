#!/usr/bin/env node
import { main } from "../build/main.mjs";

process.exitCode = await main(process.cwd(), process.argv.slice(2));
