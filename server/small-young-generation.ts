// Imported first by a process that becomes a server: it counts while everything else is loaded.
import { keepYoungGenerationSmall } from './young-generation.ts';

keepYoungGenerationSmall();
