/** Every dialect there is. A new one is a file of its own and a line here. */
import { bird } from './bird.ts';
import type { Dialect } from './dialect.ts';
import { katapult } from './katapult.ts';
import { sweatstack } from './sweatstack.ts';
import { zenml } from './zenml.ts';

export const dialects: readonly Dialect[] = [zenml, sweatstack, katapult, bird];
