/** Prints the schema to the file named, or to standard output. */
import { writeFileSync } from 'node:fs';
import { printedSchema } from '../http/sdl.ts';

const [file] = process.argv.slice(2);
if (file === undefined) process.stdout.write(printedSchema());
else writeFileSync(file, printedSchema());
