#!/usr/bin/env node
import { createProgram } from './program.ts';

const program = createProgram();
if (process.argv.length <= 2) program.help();
await program.parseAsync();
