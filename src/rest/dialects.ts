/** Every dialect there is. A new one is a file of its own and a line here. */
import { bird } from './bird.ts';
import type { Dialect, Imitation } from './dialect.ts';
import { katapult } from './katapult.ts';
import { sweatstack } from './sweatstack.ts';
import { usergraph } from './usergraph.ts';
import { zenml } from './zenml.ts';

/** Those that are like a vendor's API, as far as the fidelity report tells. */
export const imitations: readonly Imitation[] = [zenml, sweatstack, katapult, bird];

/** All, with this server's own. */
export const dialects: readonly Dialect[] = [...imitations, usergraph];
